import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type OpencodeServer, startOpencode, untilSoon } from '../support/agents/opencode-server.ts'
import { type AgentBench, openAgent, without } from '../support/agents.ts'
import type { Served } from '../support/binary.ts'
import { freePort } from '../support/free-port.ts'
import { configure, hooks, post } from '../support/hooks.ts'

/** Every command runs but one, which a person is asked for. */
const permission = { bash: { '*': 'allow', 'rm *': 'ask' } }

describe('an opencode server, spoken to by the built binary', () => {
  let bench: AgentBench
  let opencode: OpencodeServer
  let port: number
  let server: Served
  let hook: string
  const skip = without('opencode')
  const options = { skip, timeout: 150_000 }

  const agent = (message: string) => post(`${server.url}/api/hooks/agent`, { message })
  const knock = (message: string, wait = 60) =>
    post(server.url + hook, { message }, { authorization: '', prefer: `wait=${wait}` })
  const turn = async (message: string) => bench.settled(server, (await agent(message)).body.deliveryId)
  const got = (text: string) => bench.userMessages().filter((message) => message === text).length
  const begun = (text: string) => untilSoon(`it got ${text}`, () => got(text) === 1 || undefined)
  const asked = () =>
    untilSoon('a person is asked', async () => {
      const [request] = (await opencode.ask('/permission')) as { id: string }[]
      return request
    })

  before(async () => {
    if (skip) return
    bench = await openAgent('opencode', { OPENCODE_CONFIG_CONTENT: JSON.stringify({ permission }) })
    configure(bench.home, hooks())
    port = await freePort()
    opencode = await startOpencode(bench, port)
    const added = await bench.postern(
      ...['session', 'add', 'webhook-agent', '--driver', 'opencode', '--url', opencode.url],
    )
    assert.equal(added.code, 0, added.stderr)
    server = await bench.serve()
    const exposed = await bench.postern('expose', '--session', 'webhook-agent', '--quiet')
    hook = new URL(exposed.stdout.trim()).pathname
  })

  after(async () => {
    await server?.stop()
    await bench?.close()
  })

  it('begins a conversation, and answers a turn with a tool call, once', options, async () => {
    const message = 'TOOL:echo through-$((40+2))'
    const delivery = await turn(message)
    assert.equal(delivery.state, 'DELIVERED', JSON.stringify(delivery))
    assert.match(delivery.answer ?? '', /TOOL-RESULT: through-42/)
    assert.ok(delivery.events.some(({ detail }) => detail === 'tool call: bash'))
    assert.equal(got(message), 1)
  })

  it('is found by doctor, unless it is a session already', options, async () => {
    const found = async () => (await bench.postern('doctor', '--json')).stdout.includes(opencode.url)
    assert.equal(await found(), false)
    await opencode.ask('/session', {})
    assert.equal(await found(), true)
  })

  it('fails a turn whose model failed', options, async () => {
    const delivery = await turn('FAIL:400')
    assert.deepEqual([delivery.state, delivery.failedStep], ['FAILED', 'turn'], JSON.stringify(delivery))
  })

  it('brings what would be a command as text', options, async () => {
    const bait = ['!touch pwned', '/exit', '@/etc/passwd', '/compact']
    for (const message of bait) assert.equal((await knock(message)).body.status, 'delivered')
    for (const message of bait) assert.equal(got(`[webhook] ${message}`), 1, message)
    assert.equal(existsSync(join(bench.place.cwd, 'pwned')), false)
  })

  it('brings 60 KB as one message, whole', options, async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code that somebody sends.
    const line = 'const a = `${b}` // Grüße aus 東京 🎉 👩‍💻 "quoted" \\n'
    const long = Array.from({ length: 850 }, (_, index) => `${index} ${line}`).join('\n')
    assert.equal((await knock(long)).body.status, 'delivered')
    assert.equal(got(long), 1)
  })

  it('leaves a permission to its person, and brings what waited in order', options, async () => {
    assert.equal((await knock('TOOL:rm -f nothing')).body.status, 'delivered')
    const { id } = await asked()
    const texts = Array.from({ length: 5 }, (_, index) => `SAY:waited ${index}`)
    const held: unknown[] = []
    for (const text of texts) held.push((await knock(text, 0)).body.deliveryId)
    const [, ...rest] = await Promise.all([untilHeld(held[0]), asked()])
    assert.deepEqual(rest, [{ ...rest[0], id }])
    assert.equal(got(texts[0] ?? ''), 0)
    await opencode.ask(`/permission/${id}/reply`, { reply: 'once' })
    for (const one of held) assert.equal((await bench.settled(server, one)).state, 'DELIVERED')
    assert.deepEqual(bench.userMessages().slice(-5), texts)
  })

  const accepted = (id: unknown) =>
    untilSoon('it is accepted', async () => {
      const { stdout } = await bench.postern('deliveries', 'show', String(id), '--json')
      return /"kind":\s*"submitted"/.test(stdout) || undefined
    })

  const untilHeld = (id: unknown) =>
    untilSoon('it is held', async () => {
      const { stdout } = await bench.postern('deliveries', 'show', String(id), '--json')
      return /it waits for permission: bash rm/.test(stdout) || undefined
    })

  it('finds out how a turn ended that outlived a killed server', options, async () => {
    const { body } = await agent('SLOW:4')
    await begun('SLOW:4')
    await server.kill9()
    server = await bench.serve()
    const delivery = await bench.settled(server, body.deliveryId)
    assert.deepEqual([delivery.state, delivery.answer], ['DELIVERED', 'slow done'], JSON.stringify(delivery))
    assert.equal(got('SLOW:4'), 1)
  })

  it(
    'fails the turn of a server that is killed, and holds what comes until it is back',
    options,
    async () => {
      const { body } = await agent('SLOW:60')
      await accepted(body.deliveryId)
      await opencode.kill()
      const delivery = await bench.settled(server, body.deliveryId)
      assert.deepEqual([delivery.state, delivery.failedStep], ['FAILED', 'turn'], JSON.stringify(delivery))
      const held = await knock('SAY:later', 1)
      assert.deepEqual([held.status, held.body.reason], [202, 'offline'])
      opencode = await startOpencode(bench, port)
      assert.equal((await bench.settled(server, held.body.deliveryId)).state, 'DELIVERED')
      assert.equal(got('SAY:later'), 1)
    },
  )
})
