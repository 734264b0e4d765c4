import assert from 'node:assert/strict'
import type { DeliveryEvent } from '../../../src/domain/delivery.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import { eventually } from '../../suites/driver.ts'
import { ownedTest, patience, quiet, testOwnedDriver, timeout, turn } from '../../suites/owned-driver.ts'
import { fakePi, openBench } from './harness.ts'

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

testOwnedDriver({
  name: 'pi',
  open: openBench,
  ends,
  longAnswer: 'BIG:50000',
  question: {
    text: 'DIALOG',
    asks: 'an answer: Delete all?',
    notes: 'answers.jsonl',
    dismissed: [{ cancelled: true }],
  },
  lost: { sessionId: 'of-yesterday' },
  killedTurn: { kind: 'unknown', why: 'the server was stopped while its turn ran', accepted: true },
  recovers: false,
  skill: { call: '/skill:code-review [ci] hi', none: 'llama' },
  settings: {
    complete: [
      [{ command: ['pi'] }, { command: ['pi'], cwd: '/srv' }],
      [
        { command: ['pi', '--mode', 'rpc', '--model', 'x'], sessionId: 'a-1' },
        { command: ['pi', '--model', 'x'], cwd: '/srv', sessionId: 'a-1' },
      ],
    ],
    wrong: [
      [{}, /needs a command/],
      [{ command: ['pi', '--mode', 'json'] }, /--mode rpc/],
      [{ command: ['pi', '--continue'] }, /leave out --continue/],
      [{ command: ['pi', '--no-session'] }, /leave out --no-session/],
      [{ command: fakePi, sessionId: '-x' }, /sessionId/],
      [{ command: fakePi, agent: 'pi' }, /no setting "agent"/],
    ],
  },
})

const on = ownedTest('pi', openBench)

on('tells of its tool calls', async ({ connection }) => {
  const events: DeliveryEvent[] = []
  await turn(connection, 'TOOL', patience(), { ...quiet, progress: (event) => void events.push(event) })
  assert.deepEqual(
    events.map(({ kind, detail }) => `${kind}: ${detail}`),
    ['turn_started: the agent reacts', 'turn_started: tool call: bash'],
  )
})

on('aborts a turn over its time in the middle of a tool', async ({ connection, starts, prompts }) => {
  const late = new AbortController()
  const running = turn(connection, 'TOOL SLOW:600', late.signal)
  await eventually(async () => (await prompts()).length === 1, 'it got the prompt')
  late.abort(timeout())
  const outcome = await running
  assert.ok(outcome.kind === 'turn_failed' && outcome.why === 'timeout', JSON.stringify(outcome))
  assert.equal((await turn(connection, 'next')).kind, 'completed')
  assert.equal((await starts()).length, 1)
})
