import assert from 'node:assert/strict'
import type { DeliveryEvent } from '../../../src/domain/delivery.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import { deliveryId, ownedTest, patience, quiet, testOwnedDriver, turn } from '../../suites/owned-driver.ts'
import { fakeClaude, openBench } from './harness.ts'

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

const sessionId = '00000000-0000-4000-8000-000000000000'

testOwnedDriver({
  name: 'claude-stream',
  open: openBench,
  ends,
  longAnswer: 'BIG:50000',
  question: {
    text: 'TOOL',
    asks: 'permission: Bash(touch x)',
    notes: 'answers.jsonl',
    dismissed: [{ behavior: 'deny', message: 'Its turn was cancelled.', interrupt: true }],
  },
  allowed: {
    permissions: ['Bash', 'Bash(touch x)'],
    answers: [{ behavior: 'allow', updatedInput: { command: 'touch x' } }],
  },
  notAllowed: ['Edit', 'Bash(touch y)'],
  lost: { sessionId },
  killedTurn: { kind: 'unknown', why: 'the server was stopped while its turn ran', accepted: true },
  recovers: false,
  skill: { call: '/code-review [ci] hi', none: 'clear' },
  settings: {
    complete: [
      [{ command: ['claude'] }, { command: ['claude'], cwd: '/srv', permissions: [] }],
      [
        { command: ['claude', '--model', 'x'], sessionId, permissions: ['Bash'] },
        { command: ['claude', '--model', 'x'], cwd: '/srv', permissions: ['Bash'], sessionId },
      ],
    ],
    wrong: [
      [{}, /needs a command/],
      [{ command: ['claude', '-p'] }, /sets -p itself/],
      [{ command: ['claude', '--resume', 'x'] }, /sets --resume itself/],
      [{ command: fakeClaude, sessionId: 'x' }, /sessionId/],
      [{ command: fakeClaude, permissions: 'Bash' }, /permissions/],
      [{ command: fakeClaude, agent: 'claude' }, /no setting "agent"/],
    ],
  },
})

const on = ownedTest('claude-stream', openBench)

on(
  'tells of its tool calls',
  async ({ connection }) => {
    const events: DeliveryEvent[] = []
    const progress = (event: DeliveryEvent) => void events.push(event)
    await turn(connection, 'TOOL', patience(), { ...quiet, progress })
    assert.deepEqual(
      events.map(({ kind, detail }) => `${kind}: ${detail}`),
      ['turn_started: the agent reacts', 'turn_started: tool call: Bash'],
    )
  },
  { permissions: ['Bash'] },
)

on('names more skills once its first turn began, and reads no file that a message names', async (bench) => {
  const { connection } = bench
  assert.deepEqual(await connection.skills(patience()), ['code-review'])
  const outcome = await connection.turn({ deliveryId, text: '[ci] hi' }, patience(), quiet)
  assert.equal(outcome.kind, 'completed')
  assert.deepEqual(await connection.skills(patience()), ['code-review', 'dataviz'])
  const [first] = await bench.starts()
  assert.deepEqual(await bench.notes('starts.jsonl'), [{ ...first, mentions: '1' }])
})
