import assert from 'node:assert/strict'
import type { Outcome } from '../../../src/domain/outcome.ts'
import { eventually } from '../../suites/driver.ts'
import { inject, ownedTest, patience, testOwnedDriver, turn } from '../../suites/owned-driver.ts'
import { openBench } from './harness.ts'

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

const own = { command: ['codex', 'app-server'], cwd: '/srv', permissions: [] }

testOwnedDriver({
  name: 'codex of its own',
  open: openBench,
  ends,
  longAnswer: 'WEIGHT:50000',
  question: {
    text: 'TOOL',
    asks: "permission: bash -lc 'touch x'",
    notes: 'approvals.jsonl',
    dismissed: [],
  },
  allowed: { permissions: ['execute', "bash -lc 'touch x'"], answers: [{ decision: 'accept' }] },
  notAllowed: ['edit', 'fetch', 'touch x'],
  lost: { threadId: '01a214ba-947e-7760-83ba-38009fb4b85e' },
  killedTurn: { ...failed, why: 'exited', detail: 'codex ended while its turn ran', answer: 'on it.' },
  recovers: true,
  skill: { call: '$code-review [ci] hi', none: 'off' },
  settings: {
    complete: [[{ command: ['codex', 'app-server'] }, own]],
    wrong: [
      [{ command: ['codex'] }, /codex app-server/],
      [{ command: 'codex app-server' }, /command as a list/],
      [{ ...own, socket: '/s' }, /one of socket, url and a command/],
      [{ ...own, permissions: 'execute' }, /permissions/],
    ],
  },
})

const on = ownedTest('codex of its own', openBench)

for (const text of ['FAIL', 'EMPTY', 'HOOKED', 'CRASH'])
  on(`inject of ${text} is not taken`, async ({ connection }) => {
    const outcome = await inject(connection, text)
    assert.equal(outcome.kind, 'turn_failed', JSON.stringify(outcome))
  })

on('inject is taken though its model is slow, and busy until its turn ends', async ({ connection }) => {
  assert.deepEqual(await inject(connection, 'SLOW:600'), { kind: 'taken', evidence: 'ack' })
  assert.deepEqual(await connection.state(patience()), { kind: 'busy', why: 'a turn runs' })
  assert.deepEqual(await inject(connection, 'next'), { kind: 'busy', why: 'a turn runs' })
})

on('answers what it does not know with -32601', async ({ connection, notes }) => {
  await turn(connection, 'NOISE')
  // Its turn may be over before the answer is noted.
  await eventually(async () => (await notes('noise.jsonl')).length > 0, 'the answer is noted')
  assert.match(JSON.stringify(await notes('noise.jsonl')), /-32601/)
})
