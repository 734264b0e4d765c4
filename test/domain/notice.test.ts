import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Delivery, DeliveryId } from '../../src/domain/delivery.ts'
import { happeningsOf, noticeEnd, rulesFor } from '../../src/domain/notice.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { defaultRetryPolicy } from '../../src/domain/retry-policy.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { settle } from '../../src/domain/settle.ts'
import { noon } from '../support/drafts.ts'

describe('rulesFor', () => {
  const patterns: readonly (readonly [pattern: string, session: string | undefined, fits: boolean])[] = [
    ['*', 'build', true],
    ['*', undefined, true],
    ['build', 'build', true],
    ['build', 'build2', false],
    ['build', undefined, false],
    ['build-*', 'build-2', true],
    ['build-*', 'build', false],
    ['*.ci', 'a.ci', true],
    ['*.ci', 'axci', false],
    ['a*c*', 'abcd', true],
  ]
  for (const [session, of, fits] of patterns)
    it(`"${session}" ${fits ? 'fits' : 'does not fit'} ${of ?? 'no session'}`, () => {
      const happening = { name: 'paused', ...(of !== undefined && { session: of as SessionId }) } as const
      const rule = { name: 'r', on: ['paused'], session } as const
      assert.deepEqual(rulesFor([rule], happening), fits ? [rule] : [])
      assert.deepEqual(rulesFor([{ ...rule, on: ['turn_ended'] }], happening), [])
    })
})

describe('happeningsOf', () => {
  const delivery: Delivery = {
    id: 'whd_1' as DeliveryId,
    seq: 1,
    session: 'build' as SessionId,
    source: { kind: 'admin' },
    action: 'turn',
    state: 'PENDING',
    phase: 'deliver',
    message: 'hello',
    receivedAt: noon,
    storedAt: noon,
    dueAt: noon,
    expiresAt: noon + 86_400_000,
    failures: 0,
    attempts: 1,
    leasedUntil: noon + 1000,
  }
  const back = { ...delivery, callbackUrl: 'https://ci.example.com/' }
  const accepted = { ...delivery, acceptedAt: noon }
  const failed: Outcome = { kind: 'turn_failed', why: 'refusal', detail: 'no' }
  const cases: readonly (readonly [
    title: string,
    delivery: Delivery,
    outcome: Outcome,
    told: readonly string[],
  ])[] = [
    ['a turn that went well', delivery, { kind: 'completed' }, ['turn_ended completed']],
    ['a turn that failed', delivery, failed, ['turn_ended failed', 'delivery_failed']],
    ['a turn that is to be called back', back, failed, ['turn_ended failed']],
    [
      'a callback that is over',
      { ...back, phase: 'callback', failedStep: 'turn' },
      { kind: 'taken', evidence: 'ack' },
      ['delivery_failed'],
    ],
    ['what was only taken in', delivery, { kind: 'taken', evidence: 'ack' }, []],
    ['what is held', delivery, { kind: 'busy', why: 'a turn runs' }, []],
    [
      'a turn that a crash cut off',
      accepted,
      { kind: 'unknown', why: 'crash', accepted: true },
      ['turn_ended failed', 'delivery_failed'],
    ],
    ['an agent that ended before', delivery, { kind: 'ended' }, ['delivery_failed']],
    [
      'an agent that ended in the turn',
      accepted,
      { kind: 'ended' },
      ['turn_ended failed', 'delivery_failed'],
    ],
    ['an attempt that is tried again', delivery, { kind: 'failed', why: 'later', retry: true }, []],
    [
      'a skill that is not there',
      delivery,
      { kind: 'failed', why: 'none', retry: false, skill: true },
      ['delivery_failed'],
    ],
  ]
  for (const [title, before, outcome, told] of cases)
    it(`${title}: ${told.join(', ') || 'nothing'}`, () => {
      const settlement = settle(before, outcome, noon, 0)
      const found = happeningsOf(before, settlement)
      assert.deepEqual(
        found.map(({ name, data }) => [name, data.outcome].filter(Boolean).join(' ')),
        told,
      )
      assert.ok(found.every(({ data }) => data.delivery === delivery.id))
    })
})

describe('noticeEnd', () => {
  const failed = (more: object = {}): Outcome => ({
    kind: 'failed',
    why: 'receiver answered 500',
    retry: true,
    ...more,
  })
  const end = (failures: number, outcome: Outcome) =>
    noticeEnd({ failures }, outcome, noon, 1, defaultRetryPolicy)
  it('is over when the receiver took it', () => {
    assert.deepEqual(end(3, { kind: 'taken', evidence: 'ack' }), { state: 'DELIVERED' })
  })
  it('waits longer each time, as long as the receiver asks', () => {
    const detail = 'receiver answered 500'
    assert.deepEqual(end(0, failed()), { state: 'PENDING', failures: 1, detail, dueAt: noon + 1000 })
    assert.deepEqual(end(2, failed()), { state: 'PENDING', failures: 3, detail, dueAt: noon + 4000 })
    const asked = end(0, failed({ retryAfterMs: 70_000 }))
    assert.deepEqual(asked, { state: 'PENDING', failures: 1, detail, dueAt: noon + 70_000 })
  })
  it('gives up what will not pass, and after the last attempt', () => {
    assert.deepEqual(end(0, failed({ retry: false })), {
      ...{ state: 'FAILED', failures: 1, detail: 'receiver answered 500' },
    })
    assert.equal(end(defaultRetryPolicy.attempts - 1, failed()).state, 'FAILED')
  })
})
