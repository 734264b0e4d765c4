import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { appendHookEvent, openHookEvents } from '../../../src/drivers/agent-hooks/event-file.ts'
import type { HookEvent } from '../../../src/drivers/agent-hooks/events.ts'
import { hookSettings, relayHook } from '../../../src/drivers/agent-hooks/relay.ts'

let runDir = ''
beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'postern-hook-events-'))
})
afterEach(() => rmSync(runDir, { recursive: true }))

const first = { id: 'build', generation: 'one' }
const eventOf = (is: HookEvent['is'], more: Partial<HookEvent> = {}): HookEvent => ({
  is,
  conversation: 'a',
  ...more,
})

describe('appendHookEvent', () => {
  it('writes nothing where there is no event file', () => {
    assert.throws(() => appendHookEvent(runDir, 'build', eventOf('here')), /ENOENT/)
    assert.deepEqual(readdirSync(runDir), [])
  })

  it('stops at a file that nobody has read for long', async () => {
    await openHookEvents(runDir, first).begin()
    const path = join(runDir, 'build.hooks')
    writeFileSync(path, 'x'.repeat(1_048_576))
    appendHookEvent(runDir, 'build', eventOf('here'))
    assert.equal(statSync(path).size, 1_048_576)
  })
})

describe('openHookEvents', () => {
  it('reads the events since the message began, from a file of its own', async () => {
    const reader = openHookEvents(runDir, first)
    assert.deepEqual(await reader.events(), [])
    await reader.begin()
    assert.equal(statSync(join(runDir, 'build.hooks')).mode & 0o777, 0o600)
    appendHookEvent(runDir, 'build', eventOf('accepted'))
    appendFileSync(join(runDir, 'build.hooks'), '{"is":"comp\n')
    appendHookEvent(runDir, 'build', eventOf('completed'))
    assert.deepEqual(
      (await reader.events()).map(({ is }) => is),
      ['accepted', 'completed'],
    )
    await reader.begin()
    assert.deepEqual(await reader.events(), [])
  })

  it('remembers which events come, until the agent leaves', async () => {
    const reader = openHookEvents(runDir, first)
    assert.equal(await reader.habit(), 'silent')
    await reader.begin()
    for (const [is, habit] of [
      ['completed', 'ends'],
      ['here', 'turns'],
      ['completed', 'turns'],
      ['gone', 'silent'],
    ] as const) {
      appendHookEvent(runDir, 'build', eventOf(is))
      assert.equal(await reader.habit(), habit)
      await reader.begin()
      assert.equal(await openHookEvents(runDir, first).habit(), habit, 'also over restarts')
    }
  })

  it('knows its own opening and its own pane', async () => {
    const reader = openHookEvents(runDir, first, '%5')
    await reader.begin()
    appendHookEvent(runDir, 'build', eventOf('here', { pane: '%6' }))
    appendHookEvent(runDir, 'build', eventOf('asks', { pane: '%5' }))
    assert.deepEqual(
      (await reader.events()).map(({ is }) => is),
      ['asks'],
    )
    const later = openHookEvents(runDir, { id: 'build', generation: 'two' })
    assert.deepEqual([await later.events(), await later.habit()], [[], 'silent'])
    await later.forget()
    assert.equal(readdirSync(runDir).length, 1, 'what is not its own stays')
    await reader.forget()
    assert.deepEqual(readdirSync(runDir), [])
  })
})

describe('an event file', () => {
  it('of 0.1.0 is read, and written as it was then: its holders and hooks outlive the binary', async () => {
    const path = join(runDir, 'build.hooks')
    const heading = '{"generation":"one","habit":"turns"}\n'
    const line = '{"is":"accepted","prompt":"hello","conversation":"a","pane":"%5"}\n'
    writeFileSync(path, heading + line)
    const reader = openHookEvents(runDir, first)
    const event = { is: 'accepted', prompt: 'hello', conversation: 'a', pane: '%5' } as const
    assert.deepEqual([await reader.habit(), await reader.events()], ['turns', [event]])
    await reader.begin()
    appendHookEvent(runDir, 'build', event)
    assert.equal(readFileSync(path, 'utf8'), heading + line)
  })
})

describe('relayHook', () => {
  const payload = JSON.stringify({
    hook_event_name: 'Stop',
    session_id: 'abc',
    last_assistant_message: 'done',
  })
  const call = {
    runDir: '',
    agent: 'claude',
    env: { POSTERN_SESSION: 'build', TMUX_PANE: '%5' },
    payload,
  }

  it('finds the session by its flag, else by the environment', async () => {
    const readers = ['build', 'other'].map((id) => openHookEvents(runDir, { id, generation: 'one' }))
    for (const reader of readers) await reader.begin()
    relayHook({ ...call, runDir })
    relayHook({ ...call, runDir, session: 'other' })
    const event = { is: 'completed', answer: 'done', conversation: 'abc', pane: '%5' }
    for (const reader of readers) assert.deepEqual(await reader.events(), [event])
  })

  it('knows no pane of codex, whose daemon runs the hooks of every terminal', async () => {
    await openHookEvents(runDir, first).begin()
    relayHook({ ...call, runDir, agent: 'codex' })
    assert.deepEqual(await openHookEvents(runDir, first, '%6').events(), [
      { is: 'completed', answer: 'done', conversation: 'abc' },
    ])
  })

  const wrong: readonly (readonly [title: string, change: object])[] = [
    ['no session', { env: {} }],
    ['a session that is a path', { session: '../build' }],
    ['an unknown agent', { agent: 'toString' }],
    ['no JSON', { payload: 'hello' }],
    ['null', { payload: 'null' }],
  ]
  for (const [title, change] of wrong)
    it(`throws on ${title}`, async () => {
      await openHookEvents(runDir, first).begin()
      assert.throws(() => relayHook({ ...call, runDir, ...change }))
      assert.deepEqual(await openHookEvents(runDir, first).events(), [])
    })
})

describe('hookSettings', () => {
  const query = { program: ['/opt/my postern/postern'], home: '/home/k/.postern' }

  it('are for the agent that runs there, else for all', async () => {
    const agents = async (more: object) =>
      (await hookSettings({ ...query, ...more })).map(({ agent }) => agent)
    assert.deepEqual(await agents({ command: ['node', '/opt/gemini.js'] }), ['gemini'])
    assert.deepEqual(await agents({ settings: { agent: 'codex' } }), ['codex'])
    assert.deepEqual(await agents({ command: ['bash'] }), ['claude', 'gemini', 'codex'])
    assert.deepEqual(await agents({}), ['claude', 'gemini', 'codex'])
  })

  it('quote for the shell that runs them', async () => {
    const printed = await hookSettings({ ...query, session: 'build' })
    const events = printed.map(({ agent, text }) => {
      const { hooks } = JSON.parse(text)
      for (const [hook] of Object.values<{ hooks: { command: string }[] }[]>(hooks))
        assert.equal(
          hook?.hooks[0]?.command,
          `'/opt/my postern/postern' hook-relay ${agent} --home /home/k/.postern --session build`,
        )
      return [agent, Object.keys(hooks).sort()]
    })
    assert.deepEqual(Object.fromEntries(events), {
      claude: ['PermissionRequest', 'SessionEnd', 'SessionStart', 'Stop', 'StopFailure', 'UserPromptSubmit'],
      codex: ['PermissionRequest', 'SessionStart', 'Stop', 'UserPromptSubmit'],
      gemini: ['AfterAgent', 'BeforeAgent', 'Notification', 'SessionEnd', 'SessionStart'],
    })
  })
})
