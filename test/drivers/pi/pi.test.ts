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
import { type Bench, fakePi, openBench } from './harness.ts'

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

const silent = 'it ended its turn without a word or a tool call'
const ends: readonly (readonly [string, string, Outcome])[] = [
  ['stop with text', 'hello', { kind: 'completed', answer: 'ECHO[1]: hello', toolCalls: 0 }],
  ['a tool call', 'TOOL', { kind: 'completed', answer: 'ECHO[1]: TOOL', toolCalls: 1 }],
  ['noise between its lines', 'NOISE', { kind: 'completed', answer: 'ECHO[1]: NOISE', toolCalls: 0 }],
  ['stop without a word', 'EMPTY', { kind: 'turn_failed', why: 'empty', detail: silent }],
  ['a failed model call', 'ERR', { kind: 'turn_failed', why: 'agent_error', detail: '400: fake failure' }],
  ['a retry of its own', 'RETRY', { kind: 'completed', answer: 'ECHO[1]: RETRY', toolCalls: 0 }],
  [
    'a retry that fails',
    'RETRY ERR',
    { kind: 'turn_failed', why: 'agent_error', detail: '400: fake failure' },
  ],
  [
    'no tokens left',
    'MAXTOK',
    { kind: 'turn_failed', why: 'max_tokens', detail: 'it ran out of tokens', answer: 'half' },
  ],
  [
    'an input that an extension swallows',
    'SWALLOW',
    { kind: 'turn_failed', why: 'empty', detail: 'it ended its turn without asking its model' },
  ],
  [
    'a refused input',
    'REFUSE',
    { kind: 'failed', why: 'the agent refused it: No API key found', retry: true },
  ],
  [
    'a crash',
    'CHATTY CRASH',
    {
      kind: 'turn_failed',
      why: 'exited',
      detail: 'the agent exited with code 70: out of luck',
      answer: 'on it.',
    },
  ],
]
for (const [title, text, outcome] of ends)
  on(`pi turn: ${title}`, async ({ connection, prompts }) => {
    assert.deepEqual(await turn(connection, text), outcome)
    assert.deepEqual(await prompts(), [text])
    const next = await turn(connection, 'and now')
    assert.equal(next.kind, 'completed', JSON.stringify(next))
  })

on('pi answer is the first 64 KiB, no character cut', async ({ connection }) => {
  const outcome = await turn(connection, 'BIG:50000')
  assert.ok(outcome.kind === 'completed')
  assert.equal(outcome.answer, 'ä'.repeat(32_768))
})

on('pi tells of its tool calls', async ({ connection }) => {
  const events: DeliveryEvent[] = []
  await turn(connection, 'TOOL', patience(), { ...quiet, progress: (event) => void events.push(event) })
  assert.deepEqual(
    events.map(({ kind, detail }) => `${kind}: ${detail}`),
    ['turn_started: the agent reacts', 'turn_started: tool call: bash'],
  )
})

on('pi inject is taken at once, and busy until its turn ends', async ({ connection, prompts }) => {
  assert.deepEqual(await inject(connection, 'SLOW:600'), { kind: 'taken', evidence: 'ack' })
  assert.deepEqual(await connection.state(patience()), { kind: 'busy', why: 'a turn runs' })
  assert.deepEqual(await inject(connection, 'next'), { kind: 'busy', why: 'a turn runs' })
  assert.deepEqual(await prompts(), ['SLOW:600'])
})

for (const text of ['CHATTY SLOW:600', 'TOOL SLOW:600'])
  on(`pi aborts a turn that takes longer than it may: ${text}`, async ({ connection, starts, prompts }) => {
    const late = new AbortController()
    const running = turn(connection, text, late.signal)
    await eventually(async () => (await prompts()).length === 1, 'it got the prompt')
    late.abort(new DOMException('too long', 'TimeoutError'))
    const outcome = await running
    assert.ok(outcome.kind === 'turn_failed' && outcome.why === 'timeout', JSON.stringify(outcome))
    assert.equal((await turn(connection, 'next')).kind, 'completed')
    assert.equal((await starts()).length, 1)
  })

on('pi that cannot be aborted is ended, and goes on with another', async (bench) => {
  const { connection, prompts, starts, anyRuns } = bench
  const stop = new AbortController()
  const running = turn(connection, 'SLOW:600 DEAF', stop.signal)
  await eventually(async () => (await prompts()).length === 1, 'it got the prompt')
  stop.abort()
  assert.equal((await running).kind, 'unknown')
  await eventually(async () => !(await anyRuns()), 'it was ended')
  await eventually(async () => (await inject(connection, 'next')).kind === 'taken', 'another one takes it')
  assert.equal((await starts()).length, 2)
})

on('pi holds a question for a person until the turn is cancelled', async (bench) => {
  const { connection, notes } = bench
  const late = new AbortController()
  const running = turn(connection, 'DIALOG', late.signal)
  await eventually(async () => (await connection.state(patience())).kind === 'blocked', 'it is blocked')
  const why = 'it asks: Delete all?'
  assert.deepEqual(await connection.state(patience()), { kind: 'blocked', why })
  assert.deepEqual(await inject(connection, 'meanwhile'), { kind: 'busy', why })
  assert.deepEqual(await notes('answers.jsonl'), [])
  late.abort(new DOMException('too long', 'TimeoutError'))
  assert.equal((await running).kind, 'turn_failed')
  assert.deepEqual(await notes('answers.jsonl'), [{ cancelled: true }])
})

on('pi goes on with the same conversation after its agent was killed', async (bench) => {
  const { connection, starts, remembered } = bench
  assert.equal((await turn(connection, 'one')).kind, 'completed')
  for (const { pid } of await starts()) process.kill(pid, 'SIGKILL')
  await eventually(async () => (await turn(connection, 'is it there')).kind === 'completed', 'it is back')
  const outcome = await turn(connection, 'three')
  assert.deepEqual(outcome, { kind: 'completed', answer: 'ECHO[3]: three', toolCalls: 0 })
  assert.equal(remembered.length, 1)
})

on('pi goes on with the same conversation in the next server', async (bench) => {
  assert.equal((await turn(bench.connection, 'one')).kind, 'completed')
  await bench.connection.close()
  assert.equal(await bench.anyRuns(), false)
  assert.deepEqual(await readdir(join(bench.folder, 'run')), [])
  const next = bench.connect(bench.remembered.at(-1))
  assert.deepEqual(await turn(next, 'two'), { kind: 'completed', answer: 'ECHO[2]: two', toolCalls: 0 })
})

on(
  'pi says that a conversation is lost',
  async ({ connection, logged }) => {
    assert.equal((await turn(connection, 'one')).kind, 'completed')
    assert.ok(logged.includes('pi.conversation_lost'))
  },
  { sessionId: 'of-yesterday' },
)

on('pi recall tells what a killed server had under way, and nothing of it is left', async (bench) => {
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
})

on('pi calls a skill that the agent told of, and one from a folder by its text', async (bench) => {
  const { connection, prompts, folder } = bench
  await mkdir(join(folder, 'extra/triage'), { recursive: true })
  await writeFile(join(folder, 'extra/triage/SKILL.md'), '---\nname: triage\n---\nLook twice.\n')
  assert.deepEqual(await connection.skills(patience()), ['code-review'])
  const say = (skill: string) => connection.turn({ deliveryId, text: '[ci] hi', skill }, patience(), quiet)
  assert.equal((await say('code-review')).kind, 'completed')
  assert.equal((await say('triage')).kind, 'completed')
  const none = await say('llama')
  assert.ok(none.kind === 'failed' && none.skill, JSON.stringify(none))
  assert.deepEqual(await prompts(), ['/skill:code-review [ci] hi', 'Look twice.\n\n[ci] hi'])
})

test('pi prepare completes settings and names what is wrong', async () => {
  const { driver, remove } = await openBench()
  const prepare = (settings: DriverSettings) => driver.prepare(settings, { cwd: '/srv' })
  assert.deepEqual(await prepare({ command: ['pi'] }), { command: ['pi'], cwd: '/srv' })
  assert.deepEqual(await prepare({ command: ['pi', '--mode', 'rpc', '--model', 'x'], sessionId: 'a-1' }), {
    command: ['pi', '--model', 'x'],
    cwd: '/srv',
    sessionId: 'a-1',
  })
  const wrong: readonly (readonly [DriverSettings, RegExp])[] = [
    [{}, /needs a command/],
    [{ command: ['pi', '--mode', 'json'] }, /--mode rpc/],
    [{ command: ['pi', '--continue'] }, /leave out --continue/],
    [{ command: ['pi', '--no-session'] }, /leave out --no-session/],
    [{ command: fakePi, sessionId: '-x' }, /sessionId/],
    [{ command: fakePi, env: { A: 1 } }, /env/],
    [{ command: fakePi, cwd: 7 }, /cwd/],
    [{ command: fakePi, agent: 'pi' }, /no setting "agent"/],
  ]
  for (const [settings, why] of wrong) await assert.rejects(prepare(settings), why)
  await remove()
})
