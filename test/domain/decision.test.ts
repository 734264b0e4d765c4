import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Decision,
  type DecisionDoor,
  type DecisionId,
  decidedAlready,
  isOpen,
} from '../../src/domain/decision.ts'
import type { SessionId } from '../../src/domain/session.ts'

const decision: Decision = {
  id: 'dec_1' as DecisionId,
  session: 'build' as SessionId,
  generation: '00c0ffee00c0ffee',
  request: { id: '7', kind: 'permission', title: 'Bash: ls', detail: '{"command":"ls"}' },
  state: 'open',
  openedAt: 0,
  expiresAt: 60_000,
}
const closed = (rest: Partial<Decision>): Decision => ({ ...decision, closedAt: 5, ...rest })

test('isOpen until a request is closed, also while the agent is being told', () => {
  assert.equal(isOpen(decision), true)
  assert.equal(isOpen({ ...decision, state: 'deciding', verdict: 'allow', door: 'cli' }), true)
  assert.equal(isOpen(closed({ state: 'expired' })), false)
})

test('decidedAlready says what happened', () => {
  const door: DecisionDoor = 'url'
  const cases: readonly [Decision, string][] = [
    [
      { ...decision, state: 'deciding', verdict: 'deny', door },
      'It was denied by its link just now, and the agent is being told.',
    ],
    [closed({ state: 'allowed', verdict: 'allow', door: 'cli' }), 'It was allowed on the command line.'],
    [closed({ state: 'denied', verdict: 'deny', door: 'dashboard' }), 'It was denied on the dashboard.'],
    [
      closed({ state: 'elsewhere', why: 'allowed at the desk' }),
      'It was answered where the agent runs: allowed at the desk.',
    ],
    [closed({ state: 'expired' }), 'Nobody decided in time.'],
    [
      closed({ state: 'withdrawn', why: 'its turn was cancelled' }),
      'The agent asks no more: its turn was cancelled.',
    ],
  ]
  for (const [given, sentence] of cases) {
    const { code, message } = decidedAlready(given)
    assert.deepEqual([code, message], ['decided_already', sentence])
  }
})
