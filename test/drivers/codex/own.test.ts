import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import type { DeliveryEvent } from '../../../src/domain/delivery.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import { eventually } from '../../suites/driver.ts'
import { deliveryId, inject, killedServer, own, patience, quiet, turn, untilFree } from './steps.ts'

const failed = { kind: 'turn_failed' } as const
const ends: readonly (readonly [string, string, Outcome])[] = [
  ['an answer', 'hello', { kind: 'completed', answer: 'ECHO[1]: hello', toolCalls: 0 }],
  ['a list that is behind', 'FLICKER', { kind: 'completed', answer: 'ECHO[1]: FLICKER', toolCalls: 0 }],
  ['noise around it', 'NOISE', { kind: 'completed', answer: 'ECHO[1]: NOISE', toolCalls: 0 }],
  ['a word in between', 'CHATTY ASIDE', { kind: 'completed', answer: 'ECHO[1]: CHATTY ASIDE', toolCalls: 0 }],
  ['two answers', 'CHATTY', { kind: 'completed', answer: 'on it.\nECHO[1]: CHATTY', toolCalls: 0 }],
  [
    'no word',
    'EMPTY',
    { ...failed, why: 'empty', detail: 'it ended its turn without a word or a tool call' },
  ],
  ['a failed model', 'FAIL', { ...failed, why: 'agent_error', detail: '{"error":"fake failure"}' }],
  ['no room left', 'FAIL TOKENS', { ...failed, why: 'max_tokens', detail: '{"error":"fake failure"}' }],
  ['an interruption', 'STOPPED', { ...failed, why: 'cancelled', detail: 'its turn was interrupted' }],
  [
    'a hook that lets nothing in',
    'HOOKED',
    { ...failed, why: 'not_accepted', detail: 'its turn ended without having taken the message' },
  ],
  ['a crash', 'CRASH', { ...failed, why: 'exited', detail: 'codex ended while its turn ran' }],
  ['a refusal', 'REFUSED', { kind: 'failed', why: 'codex refused it: not in the mood', retry: true }],
  ['too much to do', 'FULL', { kind: 'busy', why: 'Server overloaded; retry later.' }],
]
for (const [title, text, outcome] of ends)
  own(`turn: ${title}`, async ({ connection, prompts }) => {
    assert.deepEqual(await turn(connection, text), outcome)
    assert.deepEqual(await prompts(), [text])
    const next = await turn(connection, 'and now')
    assert.equal(next.kind, 'completed', JSON.stringify(next))
  })

for (const text of ['FAIL', 'EMPTY', 'HOOKED', 'CRASH'])
  own(`inject of ${text} is not taken`, async ({ connection }) => {
    const outcome = await inject(connection, text)
    assert.equal(outcome.kind, 'turn_failed', JSON.stringify(outcome))
  })

own('inject is taken though its model is slow, and busy until its turn ends', async ({ connection }) => {
  assert.deepEqual(await inject(connection, 'SLOW:600'), { kind: 'taken', evidence: 'ack' })
  assert.deepEqual(await connection.state(patience()), { kind: 'busy', why: 'a turn runs' })
  assert.deepEqual(await inject(connection, 'next'), { kind: 'busy', why: 'a turn runs' })
})

own('answers what it does not know with -32601', async ({ connection, notes }) => {
  await turn(connection, 'NOISE')
  const [answer] = await notes('noise')
  assert.match(JSON.stringify(answer), /-32601/)
})

own('answer is the first 64 KiB, no character cut', async ({ connection }) => {
  const outcome = await turn(connection, 'WEIGHT:50000')
  assert.ok(outcome.kind === 'completed')
  assert.equal(outcome.answer, 'ä'.repeat(32_768))
})

own('runs in its directory and inherits no secret', async ({ connection, starts, folder }) => {
  await turn(connection, 'hello')
  const [start] = await starts()
  const { pid: _pid, ...rest } = start ?? { pid: 0 }
  assert.deepEqual(rest, { cwd: folder, pwd: folder })
})

own('brings ten messages in order, each as a turn of its own', async ({ connection, prompts, starts }) => {
  const ten = Array.from({ length: 10 }, (_, index) => `SLOW:0.05 number ${index + 1}`)
  for (const text of ten) assert.equal((await untilFree(connection, text)).kind, 'taken')
  assert.deepEqual(await prompts(), ten)
  assert.equal((await starts()).length, 1)
  await eventually(async () => (await connection.state(patience())).kind === 'idle', 'the last one is over')
  const last = await turn(connection, 'how many')
  assert.ok(last.kind === 'completed' && last.answer === 'ECHO[11]: how many', JSON.stringify(last))
})

const timeout = () => new DOMException('too long', 'TimeoutError')

own('interrupts a turn over its time', async ({ connection }) => {
  const stop = new AbortController()
  const events: DeliveryEvent[] = []
  const running = turn(connection, 'CHATTY SLOW:600', stop.signal, {
    accepted: async () => stop.abort(timeout()),
    progress: (event) => void events.push(event),
  })
  const outcome: Outcome = {
    ...{ ...failed, why: 'timeout', detail: 'its turn took longer than it may' },
    answer: 'on it.',
  }
  assert.deepEqual(await running, outcome)
  assert.equal(events[0]?.kind, 'turn_started')
  const next = await turn(connection, 'next')
  assert.ok(next.kind === 'completed' && next.answer === 'ECHO[2]: next', JSON.stringify(next))
})

own('is ended when it cannot be interrupted, and started again', async (bench) => {
  const { connection, starts } = bench
  const stop = new AbortController()
  const accepted = async () => stop.abort(timeout())
  const running = turn(connection, 'CHATTY SLOW:600 DEAF', stop.signal, { ...quiet, accepted })
  const outcome = await running
  assert.ok(outcome.kind === 'turn_failed' && outcome.why === 'timeout', JSON.stringify(outcome))
  assert.equal((await untilFree(connection, 'next')).kind, 'taken')
  assert.equal((await starts()).length, 2)
})

own('holds an approval for a person until the turn is over its time', async (bench) => {
  const { connection, notes } = bench
  const events: DeliveryEvent[] = []
  const stop = new AbortController()
  const on = { ...quiet, progress: (event: DeliveryEvent) => void events.push(event) }
  const running = turn(connection, 'TOOL', stop.signal, on)
  await eventually(async () => (await connection.state(patience())).kind === 'blocked', 'it is blocked')
  const why = "it waits for permission: bash -lc 'touch x'"
  assert.deepEqual(await connection.state(patience()), { kind: 'blocked', why })
  assert.deepEqual(await inject(connection, 'meanwhile'), { kind: 'busy', why })
  stop.abort(timeout())
  const outcome = await running
  assert.ok(outcome.kind === 'turn_failed' && outcome.why === 'timeout', JSON.stringify(outcome))
  assert.deepEqual(await notes('approvals'), [])
  assert.ok(events.some(({ kind, detail }) => kind === 'held' && detail === "permission: bash -lc 'touch x'"))
})

for (const permission of ['execute', "bash -lc 'touch x'"])
  own(
    `is allowed once what the configuration names: ${permission}`,
    async ({ connection, notes }) => {
      const outcome = await turn(connection, 'TOOL')
      assert.deepEqual(outcome, { kind: 'completed', answer: 'ECHO[1]: TOOL', toolCalls: 1 })
      assert.deepEqual(await notes('approvals'), [{ decision: 'accept' }])
    },
    { permissions: ['edit', permission] },
  )

own(
  'is not allowed what the configuration does not name',
  async ({ connection, notes }) => {
    assert.equal((await inject(connection, 'TOOL')).kind, 'taken')
    await eventually(async () => (await connection.state(patience())).kind === 'blocked', 'it is blocked')
    assert.deepEqual(await notes('approvals'), [])
  },
  { permissions: ['edit', 'fetch', 'touch x'] },
)

own('goes on with the same conversation after it was killed', async (bench) => {
  const { connection, starts, remembered, logged } = bench
  assert.equal((await turn(connection, 'one')).kind, 'completed')
  for (const { pid } of await starts()) process.kill(pid, 'SIGKILL')
  await eventually(async () => (await turn(connection, 'is it there')).kind === 'completed', 'it is back')
  const outcome = await turn(connection, 'three')
  assert.ok(outcome.kind === 'completed' && outcome.answer === 'ECHO[3]: three', JSON.stringify(outcome))
  assert.equal(remembered.length, 1)
  assert.equal(logged.includes('codex.conversation_lost'), false)
})

own('goes on with the same conversation in the next server', async (bench) => {
  assert.equal((await turn(bench.connection, 'one')).kind, 'completed')
  await bench.connection.close()
  assert.equal(await bench.anyRuns(), false)
  assert.deepEqual(await readdir(join(bench.folder, 'run')), [])
  const next = bench.connect(bench.remembered.at(-1))
  assert.deepEqual(await turn(next, 'two'), { kind: 'completed', answer: 'ECHO[2]: two', toolCalls: 0 })
})

own(
  'begins a new conversation when the old one is unknown, and says so',
  async ({ connection, remembered, logged }) => {
    const outcome = await turn(connection, 'one')
    assert.ok(outcome.kind === 'completed' && outcome.answer === 'ECHO[1]: one', JSON.stringify(outcome))
    assert.match(String(remembered.at(-1)?.threadId), /^[0-9a-f-]{36}$/)
    assert.ok(logged.includes('codex.conversation_lost'))
  },
  { threadId: '01a214ba-947e-7760-83ba-38009fb4b85e' },
)

own('says what became of the turn of a killed server, and leaves nothing of it', async (bench) => {
  assert.equal((await turn(bench.connection, 'first')).kind, 'completed')
  await bench.connection.close()
  await killedServer(bench, 'turn', 'CHATTY SLOW:600')
  assert.equal(await bench.anyRuns(), true)
  const next = bench.connect(bench.remembered.at(-1))
  const outcome: Outcome = {
    ...{ ...failed, why: 'exited', detail: 'codex ended while its turn ran' },
    answer: 'on it.',
  }
  assert.deepEqual(await next.recall(deliveryId), outcome)
  assert.deepEqual(await bench.prompts(), ['first', 'CHATTY SLOW:600'])
  assert.equal((await turn(next, 'next')).kind, 'completed')
})

own('recalls an input that a killed server brought as taken', async (bench) => {
  assert.equal((await turn(bench.connection, 'first')).kind, 'completed')
  await bench.connection.close()
  await killedServer(bench, 'inject', 'CHATTY SLOW:600')
  const next = bench.connect(bench.remembered.at(-1))
  assert.deepEqual(await next.recall(deliveryId), { kind: 'taken', evidence: 'ack' })
})

own('lists the skills that are enabled and calls them by $name', async ({ connection, prompts }) => {
  assert.deepEqual(await connection.skills(patience()), ['code-review'])
  const say = (skill: string) => connection.turn({ deliveryId, text: '[ci] hi', skill }, patience(), quiet)
  assert.equal((await say('code-review')).kind, 'completed')
  const missing = await say('off')
  assert.ok(missing.kind === 'failed' && missing.skill && !missing.retry, JSON.stringify(missing))
  assert.deepEqual(await prompts(), ['$code-review [ci] hi'])
})

own(
  'says why it is of no use',
  async ({ connection, prompts }) => {
    const outcome = await inject(connection, 'hello')
    assert.ok(outcome.kind === 'failed' && outcome.retry, JSON.stringify(outcome))
    assert.match(outcome.why, /code 3: no key/)
    assert.deepEqual(await prompts(), [])
  },
  { command: ['/bin/sh', '-c', 'echo no key >&2; exit 3'] },
)
