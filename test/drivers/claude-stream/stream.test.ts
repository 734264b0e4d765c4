import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import type { DeliveryEvent, DeliveryId } from '../../../src/domain/delivery.ts'
import type { Connection, TurnEvents } from '../../../src/domain/driver.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { DriverSettings } from '../../../src/domain/session.ts'
import { eventually } from '../../suites/driver.ts'
import { type Bench, fakeClaude, openBench } from './harness.ts'

const deliveryId = 'whd_000000000000000000000001' as DeliveryId
const quiet: TurnEvents = { accepted: async () => {}, progress: () => {} }
const patience = () => AbortSignal.timeout(20_000)

const inject = (connection: Connection, text: string, signal = patience()) =>
  connection.inject({ deliveryId, text }, signal)

const turn = (connection: Connection, text: string, signal = patience(), on = quiet) =>
  connection.turn({ deliveryId, text }, signal, on)

const on = (title: string, body: (bench: Bench) => Promise<void>, settings: DriverSettings = {}) =>
  test(title, async () => {
    const bench = await openBench(settings)
    try {
      await body(bench)
    } finally {
      await bench.remove()
    }
    assert.equal(await bench.anyRuns(), false)
  })

const failed = (why: 'agent_error' | 'empty' | 'max_tokens' | 'exited', detail: string): Outcome => ({
  kind: 'turn_failed',
  why,
  detail,
})
const ends: readonly (readonly [string, string, Outcome])[] = [
  ['an answer', 'hello', { kind: 'completed', answer: 'ECHO[1]: hello', toolCalls: 0 }],
  ['noise between its lines', 'NOISE', { kind: 'completed', answer: 'ECHO[1]: NOISE', toolCalls: 0 }],
  ['the end of a turn of its own', 'STRAY', { kind: 'completed', answer: 'ECHO[1]: STRAY', toolCalls: 0 }],
  ['no word', 'EMPTY', failed('empty', 'it ended its turn without a word or a tool call')],
  ['a failed model call', 'ERR', failed('agent_error', 'API Error: 400 fake failure')],
  [
    'no tokens left',
    'MAXTOK',
    { ...failed('max_tokens', 'it stopped: max_tokens'), answer: 'half' } as Outcome,
  ],
  ['a crash', 'CRASH', failed('exited', 'the agent exited with code 70: out of luck')],
]
for (const [title, text, outcome] of ends)
  on(`claude-stream turn: ${title}`, async ({ connection, prompts }) => {
    assert.deepEqual(await turn(connection, text), outcome)
    assert.deepEqual(await prompts(), [text])
    const next = await turn(connection, 'and now')
    assert.equal(next.kind, 'completed', JSON.stringify(next))
  })

on('claude-stream answer is the first 64 KiB, no character cut', async ({ connection }) => {
  const outcome = await turn(connection, 'BIG:50000')
  assert.ok(outcome.kind === 'completed')
  assert.equal(outcome.answer, 'ä'.repeat(32_768))
})

for (const permissions of [['Bash'], ['Bash(touch x)']])
  on(
    `claude-stream allows what is configured: ${permissions}`,
    async ({ connection, notes }) => {
      const events: DeliveryEvent[] = []
      const progress = (event: DeliveryEvent) => void events.push(event)
      const outcome = await turn(connection, 'TOOL', patience(), { ...quiet, progress })
      assert.deepEqual(outcome, { kind: 'completed', answer: 'ECHO[1]: TOOL', toolCalls: 1 })
      assert.deepEqual(await notes('answers.jsonl'), [
        { behavior: 'allow', updatedInput: { command: 'touch x' } },
      ])
      assert.deepEqual(
        events.map(({ kind, detail }) => `${kind}: ${detail}`),
        ['turn_started: the agent reacts', 'turn_started: tool call: Bash'],
      )
    },
    { permissions },
  )

on(
  'claude-stream holds any other permission until the turn is cancelled',
  async ({ connection, notes, starts }) => {
    const late = new AbortController()
    const running = turn(connection, 'TOOL', late.signal)
    await eventually(async () => (await connection.state(patience())).kind === 'blocked', 'it is blocked')
    const why = 'it waits for permission: Bash(touch x)'
    assert.deepEqual(await connection.state(patience()), { kind: 'blocked', why })
    assert.deepEqual(await inject(connection, 'meanwhile'), { kind: 'busy', why })
    assert.deepEqual(await notes('answers.jsonl'), [])
    late.abort(new DOMException('too long', 'TimeoutError'))
    assert.equal((await running).kind, 'turn_failed')
    const message = 'Its turn was cancelled.'
    await eventually(async () => (await notes('answers.jsonl')).length === 1, 'it was answered')
    assert.deepEqual(await notes('answers.jsonl'), [{ behavior: 'deny', message, interrupt: true }])
    await eventually(async () => (await turn(connection, 'next')).kind === 'completed', 'it goes on')
    assert.equal((await starts()).length, 1)
  },
  { permissions: ['Edit', 'Bash(touch y)'] },
)

on('claude-stream inject is taken at once, and busy until its turn ends', async ({ connection, prompts }) => {
  assert.deepEqual(await inject(connection, 'SLOW:600'), { kind: 'taken', evidence: 'ack' })
  assert.deepEqual(await connection.state(patience()), { kind: 'busy', why: 'a turn runs' })
  assert.deepEqual(await inject(connection, 'next'), { kind: 'busy', why: 'a turn runs' })
  assert.deepEqual(await prompts(), ['SLOW:600'])
})

on(
  'claude-stream interrupts a turn that takes longer than it may',
  async ({ connection, starts, prompts }) => {
    const late = new AbortController()
    const running = turn(connection, 'SLOW:600', late.signal)
    await eventually(async () => (await prompts()).length === 1, 'it got the message')
    late.abort(new DOMException('too long', 'TimeoutError'))
    const outcome = await running
    assert.ok(outcome.kind === 'turn_failed' && outcome.why === 'timeout', JSON.stringify(outcome))
    assert.equal((await turn(connection, 'next')).kind, 'completed')
    assert.equal((await starts()).length, 1)
  },
)

on('claude-stream that cannot be interrupted is ended, and goes on with another', async (bench) => {
  const { connection, prompts, starts, anyRuns } = bench
  const stop = new AbortController()
  const running = turn(connection, 'SLOW:600 DEAF', stop.signal)
  await eventually(async () => (await prompts()).length === 1, 'it got the message')
  stop.abort()
  assert.equal((await running).kind, 'unknown')
  await eventually(async () => !(await anyRuns()), 'it was ended')
  await eventually(async () => (await inject(connection, 'next')).kind === 'taken', 'another one takes it')
  assert.equal((await starts()).length, 2)
})

on('claude-stream resumes the conversation after its agent was killed', async (bench) => {
  const { connection, starts, remembered } = bench
  assert.equal((await turn(connection, 'one')).kind, 'completed')
  for (const { pid } of await starts()) process.kill(pid, 'SIGKILL')
  await eventually(async () => (await turn(connection, 'is it there')).kind === 'completed', 'it is back')
  const outcome = await turn(connection, 'three')
  assert.deepEqual(outcome, { kind: 'completed', answer: 'ECHO[3]: three', toolCalls: 0 })
  assert.equal(remembered.length, 1)
})

on('claude-stream resumes the conversation in the next server', async (bench) => {
  assert.equal((await turn(bench.connection, 'one')).kind, 'completed')
  await bench.connection.close()
  assert.equal(await bench.anyRuns(), false)
  assert.deepEqual(await readdir(join(bench.folder, 'run')), [])
  const next = bench.connect(bench.remembered.at(-1))
  assert.deepEqual(await turn(next, 'two'), { kind: 'completed', answer: 'ECHO[2]: two', toolCalls: 0 })
})

on(
  'claude-stream says that a conversation is lost',
  async ({ connection, logged }) => {
    assert.equal((await turn(connection, 'one')).kind, 'completed')
    assert.ok(logged.includes('claude-stream.conversation_lost'))
  },
  { sessionId: '00000000-0000-4000-8000-000000000000' },
)

on(
  'claude-stream recall tells what a killed server had under way, and nothing of it is left',
  async (bench) => {
    for (const how of ['inject', 'turn'] as const) {
      await bench.killedServer(how, deliveryId, 'CHATTY SLOW:600')
      assert.equal(await bench.anyRuns(), true)
      const next = bench.connect()
      const expected: Outcome =
        how === 'inject'
          ? { kind: 'taken', evidence: 'ack' }
          : { kind: 'unknown', why: 'the server was stopped while its turn ran', accepted: true }
      assert.deepEqual(await next.recall(deliveryId), expected)
      assert.equal(await bench.anyRuns(), false)
      assert.equal((await turn(next, 'next')).kind, 'completed')
      await next.close()
    }
  },
)

on('claude-stream calls a skill that the agent told of, and one from a folder by its text', async (bench) => {
  const { connection, prompts, folder, starts } = bench
  await mkdir(join(folder, 'extra/triage'), { recursive: true })
  await writeFile(join(folder, 'extra/triage/SKILL.md'), '---\nname: triage\n---\nLook twice.\n')
  assert.deepEqual(await connection.skills(patience()), ['code-review'])
  const say = (skill: string) => connection.turn({ deliveryId, text: '[ci] hi', skill }, patience(), quiet)
  assert.equal((await say('code-review')).kind, 'completed')
  assert.deepEqual(await connection.skills(patience()), ['code-review', 'dataviz'])
  assert.equal((await say('triage')).kind, 'completed')
  const none = await say('clear')
  assert.ok(none.kind === 'failed' && none.skill, JSON.stringify(none))
  assert.deepEqual(await prompts(), ['/code-review [ci] hi', 'Look twice.\n\n[ci] hi'])
  const [first] = await starts()
  assert.equal(first?.secret, undefined)
  assert.deepEqual(await bench.notes('starts.jsonl'), [{ ...first, mentions: '1' }])
})

test('claude-stream prepare completes settings and names what is wrong', async () => {
  const { driver, remove } = await openBench()
  const prepare = (settings: DriverSettings) => driver.prepare(settings, { cwd: '/srv' })
  const sessionId = '00000000-0000-4000-8000-000000000000'
  assert.deepEqual(await prepare({ command: ['claude'] }), {
    command: ['claude'],
    cwd: '/srv',
    permissions: [],
  })
  assert.deepEqual(await prepare({ command: ['claude', '--model', 'x'], sessionId, permissions: ['Bash'] }), {
    command: ['claude', '--model', 'x'],
    cwd: '/srv',
    permissions: ['Bash'],
    sessionId,
  })
  const wrong: readonly (readonly [DriverSettings, RegExp])[] = [
    [{}, /needs a command/],
    [{ command: ['claude', '-p'] }, /says -p itself/],
    [{ command: ['claude', '--resume', 'x'] }, /says --resume itself/],
    [{ command: fakeClaude, sessionId: 'x' }, /sessionId/],
    [{ command: fakeClaude, permissions: 'Bash' }, /permissions/],
    [{ command: fakeClaude, env: { A: 1 } }, /env/],
    [{ command: fakeClaude, cwd: 7 }, /cwd/],
    [{ command: fakeClaude, agent: 'claude' }, /no setting "agent"/],
  ]
  for (const [settings, why] of wrong) await assert.rejects(prepare(settings), why)
  await remove()
})
