import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { untilSoon } from '../support/agents/opencode-server.ts'
import { type AgentBench, openAgent, without } from '../support/agents.ts'
import type { Served } from '../support/binary.ts'
import { configure, hooks, post } from '../support/hooks.ts'

describe('pi in RPC mode, driven by the built binary', () => {
  let bench: AgentBench
  let server: Served
  let hook: string
  const skip = without('pi')
  const options = { skip, timeout: 150_000 }

  const agent = (message: string, more = {}) => post(`${server.url}/api/hooks/agent`, { message, ...more })
  const turn = async (message: string) => bench.settled(server, (await agent(message)).body.deliveryId)
  const knock = (message: string) =>
    post(server.url + hook, { message }, { authorization: '', prefer: 'wait=60' })
  const got = (text: string) => bench.userMessages().filter((message) => message === text).length
  const agents = async () => (await bench.processes()).filter(({ command }) => command.includes('--mode rpc'))

  before(async () => {
    if (skip) return
    bench = await openAgent('pi')
    configure(bench.home, hooks())
    const skill = join(bench.place.cwd, '.agents/skills/code-review')
    await mkdir(skill, { recursive: true })
    await writeFile(
      join(skill, 'SKILL.md'),
      '---\nname: code-review\ndescription: reviews\n---\nLook twice.\n',
    )
    const added = await bench.postern('session', 'add', 'webhook-agent', '--driver', 'pi', '--', 'pi')
    assert.equal(added.code, 0, added.stderr)
    server = await bench.serve()
    const exposed = await bench.postern('expose', '--session', 'webhook-agent', '--quiet')
    hook = new URL(exposed.stdout.trim()).pathname
  })

  after(async () => {
    await server?.stop()
    await bench?.close()
  })

  it('answers a turn with a tool call, once', options, async () => {
    const message = 'TOOL:echo through-$((40+2))'
    const delivery = await turn(message)
    assert.equal(delivery.state, 'DELIVERED', JSON.stringify(delivery))
    assert.match(delivery.answer ?? '', /TOOL-RESULT: through-42/)
    assert.equal(got(message), 1)
  })

  it('fails a turn whose model failed', options, async () => {
    const delivery = await turn('FAIL:400')
    assert.deepEqual([delivery.state, delivery.failedStep], ['FAILED', 'turn'], JSON.stringify(delivery))
  })

  it('brings what would be a command as text', options, async () => {
    const bait = ['!touch pwned', '/exit', '@/etc/passwd', '/compact']
    for (const message of bait) assert.equal((await knock(message)).body.status, 'delivered')
    await untilSoon('its transcript has them', () => got('[webhook] /compact') || undefined)
    for (const message of bait) assert.equal(got(`[webhook] ${message}`), 1, message)
    assert.equal(existsSync(join(bench.place.cwd, 'pwned')), false)
  })

  it('uses a skill that lies in its project', options, async () => {
    const { body } = await agent('[x] look', { skill: 'code-review' })
    const delivery = await bench.settled(server, body.deliveryId)
    assert.equal(delivery.state, 'DELIVERED', JSON.stringify(delivery))
    assert.ok(bench.model.requests().some(({ turns }) => turns.some(({ text }) => /Look twice/.test(text))))
  })

  it('leaves no agent behind a killed server, and has no turn twice', options, async () => {
    const { body } = await agent('SLOW:60')
    await untilSoon('its model is asked', () =>
      bench.model.requests().some(({ decided }) => decided.slow === 60) ? true : undefined,
    )
    await server.kill9()
    server = await bench.serve()
    const delivery = await bench.settled(server, body.deliveryId)
    assert.equal(delivery.state, 'FAILED')
    assert.match(delivery.detail ?? '', /^unknown/)
    assert.deepEqual(await agents(), [])
    assert.equal(bench.model.requests().filter(({ decided }) => decided.slow === 60).length, 1)
  })

  it('goes on with the same conversation', options, async () => {
    const delivery = await turn('and now')
    assert.match(delivery.answer ?? '', /^ECHO\[([89]|\d\d)\]: and now/)
  })
})
