import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openPane, type Pane } from '../support/agents/pane.ts'
import { type AgentBench, openAgent, without } from '../support/agents.ts'
import type { Served } from '../support/binary.ts'
import { configure, hooks, post, until } from '../support/hooks.ts'

const timeout = 150_000
const daemonMs = 100_000
const skip = without('codex')
const texts = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix} ${index + 1}`)

describe('codex, driven through the built binary', () => {
  let bench: AgentBench
  let server: Served
  let pane: Pane

  /** Postern's own turns only: codex asks its model for titles as well. */
  const messages = () => bench.userMessages()
  const count = (text: string) => messages().filter((message) => message === text).length
  const ask = async (session: string, message: string, more: Readonly<Record<string, unknown>> = {}) => {
    const { body } = await post(
      `${server.url}/api/hooks/agent`,
      { session, message, ...more },
      { prefer: 'wait=0' },
    )
    return body.deliveryId
  }
  const turn = async (session: string, message: string, more: Readonly<Record<string, unknown>> = {}) =>
    bench.settled(server, await ask(session, message, more))
  const add = async (id: string, ...args: readonly string[]) => {
    const { code, stderr } = await bench.postern('session', 'add', id, '--driver', 'codex', ...args)
    assert.equal(code, 0, stderr)
  }

  before(async () => {
    if (skip) return
    bench = await openAgent('codex')
    configure(bench.home, { ...hooks(), sessions: { allow: ['*'] } })
    server = await bench.serve()
    pane = await openPane(bench, ['codex'])
    await daemonUp()
  })

  /** Codex copies itself for its daemon first, which is not on its screen. */
  const daemonUp = async () => {
    for (const end = Date.now() + daemonMs; ; ) {
      const { code, stderr } = await bench.postern('session', 'add', 'open', '--driver', 'codex')
      if (code === 0) return
      if (Date.now() > end) throw new Error(stderr)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  after(async () => {
    await server?.stop()
    await pane?.close()
    await bench?.close()
  })

  it('daemon: a message appears before the person, once, and its answer comes back', {
    skip,
    timeout,
  }, async () => {
    const delivery = await turn('open', 'TOOL:echo through-$((40+2))')
    assert.equal(delivery.state, 'DELIVERED', JSON.stringify(delivery))
    assert.match(delivery.answer ?? '', /through-42/)
    await pane.shows(/through-42/)
    assert.equal(count('TOOL:echo through-$((40+2))'), 1)
  })

  it('daemon: a failed model is never delivered', { skip, timeout }, async () => {
    const { state, detail } = await turn('open', 'FAIL:400')
    assert.equal(state, 'FAILED', detail ?? '')
    assert.equal((await turn('open', 'and again')).state, 'DELIVERED')
  })

  it('daemon: a half-typed draft is neither sent nor lost', { skip, timeout }, async () => {
    await pane.write('half a thought')
    await pane.shows(/half a thought/)
    assert.equal((await turn('open', 'beside the draft')).state, 'DELIVERED')
    await pane.shows(/beside the draft[\s\S]*half a thought/)
    assert.equal(count('half a thought'), 0)
    for (const _ of 'half a thought') await pane.press('BSpace')
  })

  it('daemon: an approval outlives 20 messages, which come after it in order', {
    skip,
    timeout,
  }, async () => {
    const touched = join(bench.place.cwd, '..', 'touched')
    const asked = await ask('open', `ESC:touch ${touched}`)
    await pane.shows(/Would you like to run/)
    const numbered = texts('number', 20)
    const ids: unknown[] = []
    for (const text of numbered) ids.push(await ask('open', text))
    await pane.shows(/Would you like to run/)
    assert.equal(existsSync(touched), false)
    await pane.press('y')
    assert.equal((await bench.settled(server, asked)).state, 'DELIVERED')
    for (const id of ids) assert.equal((await bench.settled(server, id)).state, 'DELIVERED')
    assert.equal(existsSync(touched), true)
    assert.deepEqual(messages().slice(-20), numbered)
  })

  it('daemon: a turn outlives kill -9 of the server, and is found again', { skip, timeout }, async () => {
    const id = await ask('open', 'SLOW:6 through it all')
    await pane.shows(/through it all/)
    await server.kill9()
    server = await bench.serve()
    const { state, answer } = await bench.settled(server, id)
    assert.deepEqual([state, answer], ['DELIVERED', 'slow done'])
    assert.equal(count('SLOW:6 through it all'), 1)
  })

  it('stdio: a codex of its own answers, keeps its conversation, is killed cleanly', {
    skip,
    timeout,
  }, async () => {
    await add('own', '--', 'codex', 'app-server')
    assert.equal((await turn('own', 'TOOL:echo own-$((40+2))')).state, 'DELIVERED')
    const long = texts('a line with "quotes", Grüße and 🎉,', 1200).join('\n')
    assert.equal((await turn('own', long)).state, 'DELIVERED')
    assert.equal(count(long), 1)
    const id = await ask('own', 'SLOW:20 cut off')
    await until('it arrived', () => (count('SLOW:20 cut off') === 1 ? true : undefined))
    await server.kill9()
    server = await bench.serve()
    assert.equal((await bench.settled(server, id)).state, 'FAILED')
    assert.equal(count('SLOW:20 cut off'), 1)
    const { answer } = await turn('own', 'SAY:still here')
    assert.equal(answer, 'still here')
    await bench.postern('session', 'end', 'own')
    const left = (await bench.processes()).filter(({ command }) => /app-server$/.test(command))
    assert.deepEqual(left, [])
  })
})
