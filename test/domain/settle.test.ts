import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Delivery, DeliveryId } from '../../src/domain/delivery.ts'
import type { GrantId } from '../../src/domain/grant.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { closedText, type SessionId } from '../../src/domain/session.ts'
import { settle } from '../../src/domain/settle.ts'

const now = 1_800_000_000_000
const delivery = (over: Partial<Delivery> = {}): Delivery => ({
  id: 'whd_000000000000000000000000' as DeliveryId,
  seq: 1,
  session: 'build' as SessionId,
  source: { kind: 'grant', grant: '0123456789abcdef' as GrantId },
  action: 'input',
  state: 'PENDING',
  phase: 'deliver',
  message: 'hi',
  receivedAt: now - 1000,
  storedAt: now - 999,
  dueAt: now - 999,
  expiresAt: now + 86_400_000,
  failures: 0,
  attempts: 1,
  ...over,
})

const hooked: Partial<Delivery> = { source: { kind: 'hook', hook: 'deploy' } }

describe('settle', () => {
  it('what expires does not say that it still waits', () => {
    for (const session of [undefined, { state: 'ended', why: 'by hand' }] as const) {
      const why = closedText(session)
      assert.match(why, /; it waits/)
      for (const outcome of [
        { kind: 'expired', why } as const,
        { kind: 'closed', because: 'session_ended', why } as const,
      ]) {
        const { state, detail } = settle(delivery({ ...hooked, expiresAt: now }), outcome, now, 0)
        assert.equal(state, 'FAILED')
        assert.doesNotMatch(detail ?? '', /it waits/)
      }
    }
  })

  const table: readonly [
    name: string,
    from: Partial<Delivery>,
    outcome: Outcome,
    state: string,
    reason?: string,
  ][] = [
    ['taken delivers', {}, { kind: 'taken', evidence: 'echo' }, 'DELIVERED'],
    ['a completed turn delivers', { action: 'turn' }, { kind: 'completed', answer: 'ok' }, 'DELIVERED'],
    [
      'a completed turn with a callback still has to answer',
      { action: 'turn', callbackUrl: 'https://example.com/' },
      { kind: 'completed' },
      'PENDING',
    ],
    ['busy holds', {}, { kind: 'busy', why: 'a turn runs' }, 'PENDING', 'busy'],
    ['offline holds', {}, { kind: 'offline', why: 'no host' }, 'PENDING', 'offline'],
    ['busy too long expires', { expiresAt: now }, { kind: 'busy', why: 'a turn runs' }, 'FAILED', 'expired'],
    ['ended fails', {}, { kind: 'ended', exitCode: 1 }, 'FAILED', 'session_ended'],
    ['ended holds what a hook stored', hooked, { kind: 'ended', exitCode: 1 }, 'PENDING', 'session_ended'],
    [
      'ended fails the turn that a hook began',
      { ...hooked, acceptedAt: now },
      { kind: 'ended' },
      'FAILED',
      'turn',
    ],
    [
      'a session that is not there holds',
      hooked,
      { kind: 'closed', because: 'session_missing', why: 'no' },
      'PENDING',
      'session_missing',
    ],
    [
      'a session that is not there too long expires',
      { ...hooked, expiresAt: now },
      { kind: 'closed', because: 'session_missing', why: 'no' },
      'FAILED',
      'expired',
    ],
    ['ended after acceptance fails the turn', { acceptedAt: now }, { kind: 'ended' }, 'FAILED', 'turn'],
    ['a failure that may pass is retried', {}, { kind: 'failed', why: 'x', retry: true }, 'RETRY', 'failed'],
    ['a failure for good fails', {}, { kind: 'failed', why: 'x', retry: false }, 'FAILED', 'turn'],
    [
      'no failure is retried after acceptance',
      { acceptedAt: now },
      { kind: 'failed', why: 'x', retry: true },
      'FAILED',
      'turn',
    ],
    [
      'the eighth failure is the last',
      { failures: 7 },
      { kind: 'failed', why: 'x', retry: true },
      'FAILED',
      'attempts',
    ],
    [
      'unknown before acceptance is tried again',
      {},
      { kind: 'unknown', why: 'x', accepted: false },
      'RETRY',
      'failed',
    ],
    ['unknown after acceptance is not', {}, { kind: 'unknown', why: 'x', accepted: true }, 'FAILED', 'turn'],
    [
      'an unknown skill fails the skill',
      {},
      { kind: 'failed', why: 'x', retry: false, skill: true },
      'FAILED',
      'skill',
    ],
    ['a failed turn fails', {}, { kind: 'turn_failed', why: 'refusal', detail: 'no' }, 'FAILED', 'turn'],
    ['what is cancelled fails', {}, { kind: 'cancelled' }, 'FAILED', 'cancelled'],
    ['a revoked grant fails', {}, { kind: 'revoked' }, 'FAILED', 'revoked'],
    [
      'what a backup left unfinished fails, and calls nobody back',
      { action: 'turn', callbackUrl: 'https://example.com/' },
      { kind: 'restored', why: 'x' },
      'FAILED',
      'restored',
    ],
    [
      'released waits again',
      { failures: 2, state: 'RETRY' },
      { kind: 'released', why: 'stop' },
      'RETRY',
      'released',
    ],
  ]
  for (const [name, from, outcome, state, reason] of table)
    it(name, () => {
      const settlement = settle(delivery(from), outcome, now, 0.5)
      assert.deepEqual([settlement.state, settlement.failedStep ?? settlement.heldBecause], [state, reason])
    })

  const callback = {
    action: 'turn',
    callbackUrl: 'https://example.com/',
    phase: 'callback',
    acceptedAt: now,
  } as const
  const again: Outcome = { kind: 'failed', why: '503', retry: true }
  const callbacks: readonly [
    name: string,
    from: Partial<Delivery>,
    outcome: Outcome,
    state: string,
    reason?: string,
  ][] = [
    ['a callback taken delivers', callback, { kind: 'taken', evidence: 'ack' }, 'DELIVERED'],
    ['a callback not taken is retried', callback, again, 'RETRY'],
    ['a callback refused for good fails', callback, { ...again, retry: false }, 'FAILED', 'callback'],
    ['a callback not taken eight times fails', { ...callback, failures: 7 }, again, 'FAILED', 'callback'],
    [
      'a failed turn stays failed after its callback',
      { ...callback, failedStep: 'turn' },
      { kind: 'taken', evidence: 'ack' },
      'FAILED',
      'turn',
    ],
    [
      'a skill that was not there stays failed after its callback',
      { ...callback, failedStep: 'skill' },
      { kind: 'taken', evidence: 'ack' },
      'FAILED',
      'skill',
    ],
    [
      'a released callback forgets nothing of its turn',
      { ...callback, failedStep: 'turn', expiresAt: now },
      { kind: 'released', why: 'stop' },
      'PENDING',
      'turn',
    ],
  ]
  for (const [name, from, outcome, state, reason] of callbacks)
    it(name, () => {
      const settlement = settle(delivery(from), outcome, now, 0.5)
      assert.deepEqual([settlement.state, settlement.failedStep ?? settlement.heldBecause], [state, reason])
    })

  it('tells a failed turn to its callback before it is over', () => {
    const asked = delivery({ action: 'turn', callbackUrl: 'https://example.com/' })
    const settlement = settle(asked, { kind: 'turn_failed', why: 'refusal', detail: 'no' }, now, 0.5)
    assert.deepEqual(
      [settlement.state, settlement.phase, settlement.failedStep ?? settlement.heldBecause],
      ['PENDING', 'callback', 'turn'],
    )
  })

  it('keeps how the turn failed beside how its callback did', () => {
    const failing = delivery({ ...callback, failedStep: 'turn', detail: 'exit code 1' })
    const { detail } = settle(failing, { ...again, retry: false }, now, 0.5)
    assert.equal(detail, 'exit code 1; callback: 503')
  })

  it('spends no attempt on busy, offline and released', () => {
    for (const kind of ['busy', 'offline', 'released'] as const)
      assert.equal(settle(delivery({ failures: 3 }), { kind, why: 'x' }, now, 0.5).failures, 3)
  })

  it('tells a session that is blocked by a question from one that works', () => {
    const asked: Outcome = { kind: 'busy', why: 'it waits for permission: Bash(ls)', blocked: true }
    const { heldBecause, detail, events } = settle(delivery({ heldBecause: 'busy' }), asked, now, 0.5)
    assert.deepEqual([heldBecause, detail], ['blocked', asked.why])
    assert.deepEqual(events, [{ at: now, kind: 'held', detail: `blocked: ${asked.why}` }])
    assert.deepEqual(
      settle(delivery({ heldBecause: 'blocked', detail: asked.why }), asked, now, 0.5).events,
      [],
    )
  })

  it('keeps a Retry-After', () => {
    const outcome: Outcome = { kind: 'failed', why: 'x', retry: true, retryAfterMs: 42_000 }
    assert.equal(settle(delivery(), outcome, now, 0.5).dueAt, now + 42_000)
  })

  it('says once in the timeline why it is held', () => {
    const held = delivery({ heldBecause: 'busy', detail: 'a turn runs' })
    assert.deepEqual(settle(held, { kind: 'busy', why: 'a turn runs' }, now, 0.5).events, [])
    assert.equal(settle(held, { kind: 'busy', why: 'a dialog' }, now, 0.5).events.length, 1)
  })

  it('never leaves a terminal delivery due in the past of its end, nor a waiting one without a time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, jitter) => {
          const { dueAt } = settle(
            delivery({ failures: attempts }),
            { kind: 'failed', why: 'x', retry: true },
            now,
            jitter,
          )
          assert.ok(dueAt >= now)
        },
      ),
    )
  })
})
