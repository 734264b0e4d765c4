import { Database } from 'bun:sqlite'
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ownedHazards } from '../suites/agents/owned.ts'
import { openStage, type Stage } from '../suites/agents/stage.ts'
import { openTypedStage, type TypedStage, typedHazards } from '../suites/agents/typed.ts'
import { openPane, type Pane } from '../support/agents/pane.ts'
import { type AgentBench, openAgent, without } from '../support/agents.ts'
import type { Served } from '../support/binary.ts'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/hooks.ts'

const skip = without('opencode')

const listens = (port: number): Promise<true | undefined> =>
  fetch(`http://127.0.0.1:${port}/session`, { signal: AbortSignal.timeout(1500) }).then(
    ({ ok }) => ok || undefined,
    () => undefined,
  )

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const timeout = 240_000
/** Longer than it takes until another program is given a second Enter, and the text is taken back. */
const slowMs = 4000
const add = ['--driver', 'command', '--preset', 'opencode', '--', 'opencode']

describe('opencode by its command preset, through the built binary', () => {
  let stage: Stage

  before(async () => {
    if (!skip) stage = await openStage(await openAgent('opencode'), add)
  })
  after(() => stage?.close())

  for (const title of [
    'a turn with a tool call answers, once',
    'a model failure is never delivered',
  ] as const)
    it(title, { skip, timeout }, () => ownedHazards[title](stage))
})

describe('opencode in a tmux pane, through the built binary', () => {
  let stage: TypedStage
  const ready = /Ask anything/
  const asks = { OPENCODE_CONFIG_CONTENT: JSON.stringify({ permission: { bash: 'ask' } }) }
  const agent = { ready, dialog: /Permission required/, allow: ['Enter'] }

  before(async () => {
    if (!skip) stage = await openTypedStage(await openAgent('opencode', asks), 'tmux', agent)
  })
  after(() => stage?.close())

  for (const title of [
    'a knock becomes one user message',
    'a model failure is not a delivered turn',
    'commands in messages are texts',
    'one word does not end the agent',
  ] as const)
    it(title, { skip, timeout }, () => typedHazards[title](stage))
})

describe('opencode whose own database is slow, in a tmux pane', () => {
  let stage: TypedStage

  before(async () => {
    if (!skip) stage = await openTypedStage(await openAgent('opencode'), 'tmux', { ready: /Ask anything/ })
  })
  after(() => stage?.close())

  // It stores a new conversation before its box lets go of the text.
  it('a first knock becomes one user message, by one Enter', { skip, timeout }, async () => {
    const database = new Database(join(stage.bench.place.home, '.local/share/opencode/opencode.db'))
    database.run('BEGIN IMMEDIATE')
    const { id } = await stage.knock('SAY:hello from the test')
    await stage.pane.shows(/SAY:hello from the test/)
    await new Promise((resolve) => setTimeout(resolve, slowMs))
    database.run('ROLLBACK')
    database.close()
    const [shown] = await stage.settled(id)
    assert.deepEqual([shown?.state, shown?.attempts], ['DELIVERED', 1], JSON.stringify(shown))
    await stage.pane.shows(/hello from the test\s+▣/)
    assert.deepEqual(stage.bench.userMessages(), ['SAY:hello from the test'])
  })
})

describe('opencode in a terminal with a port, through the built binary', () => {
  let bench: AgentBench
  let server: Served
  let pane: Pane
  let port: number

  const open = async () => {
    pane = await openPane(bench, ['opencode', '--port', String(port)])
    await shows(/Ask anything/)
  }
  const shows = (what: RegExp) =>
    until(`the screen shows ${what}`, async () => what.test(await pane.screen()) || undefined, 90_000)
  const send = async (text: string) => {
    const { code, stderr } = await bench.postern('send', '--session', 'pair', '--timeout', '60', text)
    assert.equal(code, 0, stderr)
  }

  before(async () => {
    if (skip) return
    bench = await openAgent('opencode')
    server = await bench.serve()
    port = await freePort()
  })
  after(async () => {
    await server?.stop()
    await pane?.close()
    await bench?.close()
  })

  it('a start page is no conversation: what comes is seen on the screen', { skip, timeout }, async () => {
    const url = `http://127.0.0.1:${port}`
    await open()
    // Stored, newest, and not on the screen.
    const stored = await (await fetch(`${url}/session`, { method: 'POST', body: '{}' })).json()
    await pane.close()
    await open()
    const doctor = (await bench.postern('doctor')).stdout
    assert.match(doctor, new RegExp(`opencode at ${url}, on its start page`))
    assert.doesNotMatch(doctor, new RegExp((stored as { id: string }).id))
    const added = await bench.postern('session', 'add', 'pair', '--driver', 'opencode', '--url', url)
    assert.equal(added.code, 0, added.stderr)
    await send('SAY:first word')
    await shows(/SAY:first word/)
    await send('SAY:second word')
    await shows(/SAY:second word/)
    assert.deepEqual(bench.userMessages(), ['SAY:first word', 'SAY:second word'])
  })

  it('a terminal started anew shows what came while it started', { skip, timeout }, async () => {
    await pane.close()
    await until('it is gone', () => !isRunning(pane.panePid) || undefined)
    pane = await openPane(bench, ['opencode', '--port', String(port)])
    await until('it listens', () => listens(port), 90_000)
    await send('SAY:third word')
    await shows(/SAY:third word/)
  })
})
