import assert from 'node:assert/strict'
import type { Delivery } from '../../../src/domain/delivery.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { Draft, Store } from '../../../src/domain/ports.ts'
import type { SessionId } from '../../../src/domain/session.ts'
import { settle } from '../../../src/domain/settle.ts'
import { build, draftOf, inbox, newId, noon, sessionCalled } from '../../support/drafts.ts'
import { type Check, refuses } from './harness.ts'

const taken: Outcome = { kind: 'taken', evidence: 'ack' }

async function leasedOne(store: Store, about: Partial<Draft> = {}): Promise<Delivery> {
  const sent = await store.recordDelivery(draftOf({ session: build, lease: { leaseMs: 1000 }, ...about }))
  assert.ok(sent.leased)
  return sent.delivery
}

async function end(store: Store, delivery: Delivery, outcome: Outcome, at = noon + 5): Promise<Delivery> {
  await store.settleDelivery(delivery.id, delivery.attempts, settle(delivery, outcome, at, 0), at)
  const after = await store.findDelivery(delivery.id)
  assert.ok(after)
  return after
}

const later = 'later' as SessionId

export function testSettling(plain: Check): void {
  const check: Check = (title, act) =>
    plain(title, async (bench) => {
      await bench.store.openSession(sessionCalled(build), { replace: false })
      await act(bench)
    })

  check('settleDelivery writes the end of an attempt', async ({ store, other }) => {
    const delivery = await leasedOne(store, { action: 'turn' })
    const after = await end(other, delivery, { kind: 'completed', answer: 'done it' })
    assert.deepEqual(after, {
      ...withoutLease(delivery),
      state: 'DELIVERED',
      dueAt: noon + 5,
      acceptedAt: noon + 5,
      settledAt: noon + 5,
      turnEnd: 'reported',
      answer: 'done it',
    })
    const record = await store.inspectDelivery(delivery.id)
    assert.deepEqual(record?.attemptList, [
      { number: 1, startedAt: noon, endedAt: noon + 5, outcome: 'completed' },
    ])
    assert.deepEqual(
      record?.events.map(({ kind }) => kind),
      ['received', 'stored', 'attempt', 'turn_completed', 'answered', 'delivered'],
    )
  })

  check('settleDelivery is idempotent, and ignores attempts that are not the newest', async ({ store }) => {
    const delivery = await leasedOne(store)
    const failed = await end(store, delivery, { kind: 'failed', why: 'refused', retry: true })
    assert.deepEqual([failed.state, failed.failures, failed.heldBecause], ['RETRY', 1, 'failed'])
    assert.deepEqual(await end(store, delivery, taken, noon + 6), failed)
    const [second] = await store.claimDue({ now: failed.dueAt, leaseMs: 9, limit: 9, except: [] })
    assert.equal(second?.attempts, 2)
    await store.settleDelivery(delivery.id, 1, settle(delivery, taken, noon + 7, 0), noon + 7)
    assert.equal((await store.findDelivery(delivery.id))?.state, 'RETRY')
    assert.equal((await store.inspectDelivery(delivery.id))?.attemptList.length, 2)
  })

  check('settleDelivery spends no attempt on a busy session, and notes it once', async ({ store }) => {
    let delivery = await leasedOne(store)
    for (const i of [1, 2, 3]) {
      const held = await end(
        store,
        delivery,
        { kind: 'busy', why: 'a turn runs', retryAfterMs: 10 },
        noon + i,
      )
      assert.deepEqual([held.state, held.failures, held.heldBecause], ['PENDING', 0, 'busy'])
      const [claimed] = await store.claimDue({ now: held.dueAt, leaseMs: 9, limit: 9, except: [] })
      assert.ok(claimed)
      delivery = claimed
    }
    const after = await end(store, delivery, taken, noon + 50)
    assert.deepEqual([after.state, after.heldBecause, after.detail], ['DELIVERED', undefined, undefined])
    const record = await store.inspectDelivery(delivery.id)
    assert.equal(record?.attemptList.length, 1)
    assert.equal(record?.events.filter(({ kind }) => kind === 'held').length, 1)
  })

  check(
    'settleDelivery that comes again late ends no later attempt, which has the number of the unspent one',
    async ({ store, other }) => {
      const delivery = await leasedOne(store)
      const outcomes: readonly Outcome[] = [
        { kind: 'busy', why: 'a turn runs', retryAfterMs: 10 },
        { kind: 'offline', why: 'away' },
      ]
      for (const [i, outcome] of outcomes.entries()) {
        const at = noon + i * 60_000 + 1
        const held = settle(delivery, outcome, at, 0)
        await store.settleDelivery(delivery.id, 1, held, at)
        const next = { now: at + 30_000, leaseMs: 600_000, limit: 9, except: [] }
        assert.equal((await store.claimDue(next))[0]?.attempts, 1)
        await other.settleDelivery(delivery.id, 1, held, at)
        assert.ok((await store.findDelivery(delivery.id))?.leasedUntil)
        assert.deepEqual(await other.claimDue(next), [])
      }
      assert.equal((await end(store, delivery, taken, noon + 100_000)).state, 'DELIVERED')
    },
  )

  check('a callback that is owed does not hold up the session', async ({ store }) => {
    const delivery = await leasedOne(store, { action: 'turn', callbackUrl: 'https://example.org/' })
    const next = await store.recordDelivery(draftOf({ session: build }))
    const after = await end(store, delivery, { kind: 'completed', answer: 'x' })
    assert.deepEqual([after.state, after.phase], ['PENDING', 'callback'])
    const claimed = await store.claimDue({ now: noon + 5, leaseMs: 9, limit: 9, except: [] })
    assert.deepEqual(claimed.map(({ id }) => id).toSorted(), [delivery.id, next.delivery.id].toSorted())
  })

  check(
    'claimDue gives a callback again whose lease ran out, and its attempt is unknown',
    async ({ store, other }) => {
      const { id } = await leasedOne(store, { action: 'turn', callbackUrl: 'https://example.org/' }).then(
        (delivery) => end(store, delivery, { kind: 'completed', answer: 'x' }),
      )
      const claim = (from: typeof store, now: number) =>
        from.claimDue({ now, leaseMs: 9000, callbackLeaseMs: 20, limit: 9, except: [] })
      assert.deepEqual(
        (await claim(store, noon + 5)).map(({ leasedUntil }) => leasedUntil),
        [noon + 25],
      )
      assert.deepEqual(await claim(other, noon + 24), [])
      assert.deepEqual(
        (await claim(other, noon + 25)).map((delivery) => delivery.id),
        [id],
      )
      const record = await store.inspectDelivery(id)
      assert.deepEqual(
        record?.attemptList.map(({ outcome }) => outcome),
        ['completed', 'unknown', undefined],
      )
    },
  )

  check('acceptDelivery and appendEvents add to the timeline', async ({ store, other }) => {
    const delivery = await leasedOne(store)
    await store.acceptDelivery(delivery.id, 1, noon + 1, 'echo')
    await store.acceptDelivery(delivery.id, 1, noon + 2, 'ack')
    await store.appendEvents(delivery.id, 1, [])
    await store.appendEvents(newId(), 1, [{ at: noon, kind: 'submitted' }])
    const record = await other.inspectDelivery(delivery.id)
    assert.deepEqual([record?.acceptedAt, record?.evidence], [noon + 1, 'echo'])
    assert.deepEqual(record?.events.slice(3), [
      { at: noon + 1, kind: 'submitted', detail: 'evidence: echo' },
      { at: noon + 2, kind: 'submitted', detail: 'evidence: ack' },
    ])
  })

  check(
    'acceptDelivery and appendEvents leave an attempt alone that is another’s',
    async ({ store, other }) => {
      const delivery = await leasedOne(store)
      await other.releaseLeases(noon + 5)
      await store.acceptDelivery(delivery.id, 1, noon + 6, 'echo')
      const claim = { now: noon + 7, leaseMs: 1000, limit: 9, except: [] }
      assert.equal((await other.claimDue(claim))[0]?.attempts, 2)
      await store.acceptDelivery(delivery.id, 1, noon + 8, 'echo')
      await store.appendEvents(delivery.id, 1, [{ at: noon + 8, kind: 'turn_started' }])
      const record = await other.inspectDelivery(delivery.id)
      assert.deepEqual([record?.acceptedAt, record?.evidence], [undefined, undefined])
      assert.ok(!record?.events.some(({ kind }) => kind === 'submitted' || kind === 'turn_started'))
    },
  )

  check('a timeline is bounded; its newest lines win', async ({ store }) => {
    const { delivery } = await store.recordDelivery(draftOf())
    const lines = Array.from({ length: 2000 }, (_, i) => ({
      at: noon + i,
      kind: 'submitted' as const,
      detail: `${i}`,
    }))
    await store.appendEvents(delivery.id, 0, lines)
    await store.appendEvents(delivery.id, 0, [{ at: noon + 2000, kind: 'turn_started' }])
    const events = (await store.inspectDelivery(delivery.id))?.events ?? []
    assert.ok(events.length < 1000, `${events.length} lines`)
    assert.equal(events.at(-1)?.kind, 'turn_started')
    assert.equal(events.at(-2)?.detail, '1999')
    assert.equal(events[0]?.kind, 'received')
  })

  check('acknowledgeDelivery takes a message out of its inbox, once', async ({ store, other }) => {
    const { delivery } = await store.recordDelivery(draftOf())
    const acknowledged = await other.acknowledgeDelivery(delivery.id, noon + 5)
    assert.deepEqual(
      [acknowledged.state, acknowledged.settledAt, acknowledged.evidence],
      ['DELIVERED', noon + 5, 'ack'],
    )
    assert.deepEqual(await store.acknowledgeDelivery(delivery.id, noon + 9), acknowledged)
    assert.deepEqual((await store.counts()).deliveries, { PENDING: 0, RETRY: 0, DELIVERED: 1, FAILED: 0 })
    await refuses('not_found', store.acknowledgeDelivery(newId(), noon))
  })

  check('acknowledgeDelivery refuses what FAILED or is under way', async ({ store }) => {
    const delivery = await leasedOne(store)
    await refuses('in_flight', store.acknowledgeDelivery(delivery.id, noon))
    await end(store, delivery, { kind: 'ended' })
    await refuses('in_flight', store.acknowledgeDelivery(delivery.id, noon))
  })

  check('acknowledgeDelivery does not stand in for a callback that is owed', async ({ store }) => {
    const sent = await store.recordDelivery(
      draftOf({ action: 'turn', callbackUrl: 'https://example.org/', expiresAt: noon + 1 }),
    )
    assert.equal(await store.expireHeld(noon + 1), 1)
    await refuses('in_flight', store.acknowledgeDelivery(sent.delivery.id, noon + 2))
    const after = await store.findDelivery(sent.delivery.id)
    assert.deepEqual([after?.state, after?.phase, after?.failedStep], ['PENDING', 'callback', 'expired'])
  })

  check('requeueDelivery starts a FAILED delivery anew, once for two clicks', async ({ store, other }) => {
    const delivery = await leasedOne(store, { action: 'turn' })
    await refuses('in_flight', store.requeueDelivery(delivery.id, noon, noon + 9))
    const failed = await end(store, delivery, { kind: 'turn_failed', why: 'refusal', detail: 'no' })
    assert.equal(failed.state, 'FAILED')
    const clicks = await Promise.allSettled([
      store.requeueDelivery(delivery.id, noon + 10, noon + 99),
      other.requeueDelivery(delivery.id, noon + 10, noon + 99),
    ])
    assert.deepEqual(clicks.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    const again = await store.findDelivery(delivery.id)
    assert.deepEqual(again, {
      ...withoutLease(delivery),
      dueAt: noon + 10,
      expiresAt: noon + 99,
    })
    const [claimed] = await store.claimDue({ now: noon + 10, leaseMs: 9, limit: 9, except: [] })
    assert.deepEqual([claimed?.id, claimed?.attempts], [delivery.id, 2])
    await refuses('not_found', store.requeueDelivery(newId(), noon, noon))
  })

  check('cancelDelivery fails what waits, once, and nothing that is under way or over', async (bench) => {
    const { store, other } = bench
    const leased = await leasedOne(store)
    const { delivery: queued } = await store.recordDelivery(draftOf({ session: build }))
    await refuses('in_flight', store.cancelDelivery(leased.id, noon))
    assert.deepEqual(await store.findDelivery(leased.id), leased)
    const clicks = await Promise.allSettled([
      store.cancelDelivery(queued.id, noon + 1),
      other.cancelDelivery(queued.id, noon + 1),
    ])
    assert.deepEqual(clicks.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    const cancelled = await other.findDelivery(queued.id)
    assert.deepEqual([cancelled?.state, cancelled?.failedStep], ['FAILED', 'cancelled'])
    assert.equal((await other.counts()).deliveries.FAILED, 1)
    await end(store, leased, { kind: 'taken', evidence: 'echo' })
    await refuses('in_flight', store.cancelDelivery(leased.id, noon + 2))
    assert.deepEqual(await store.claimDue({ now: noon + 99_999, leaseMs: 9, limit: 9, except: [] }), [])
    await refuses('not_found', store.cancelDelivery(newId(), noon))
  })

  check('cancelDelivery tells who waits for a callback, and not twice', async ({ store }) => {
    const { delivery } = await store.recordDelivery(
      draftOf({ session: build, action: 'turn', callbackUrl: 'https://example.org/' }),
    )
    const { state, phase, failedStep } = await store.cancelDelivery(delivery.id, noon)
    assert.deepEqual([state, phase, failedStep], ['PENDING', 'callback', 'cancelled'])
    await refuses('in_flight', store.cancelDelivery(delivery.id, noon))
  })

  check(
    'requeueDelivery of a failed callback calls back, and never makes a second turn',
    async ({ store }) => {
      const delivery = await leasedOne(store, { action: 'turn', callbackUrl: 'https://example.org/' })
      await end(store, delivery, { kind: 'completed', answer: 'x' })
      const [callback] = await store.claimDue({ now: noon + 5, leaseMs: 9, limit: 9, except: [] })
      assert.ok(callback)
      const failed = await end(store, callback, { kind: 'failed', why: '410', retry: false })
      assert.deepEqual([failed.state, failed.failedStep], ['FAILED', 'callback'])
      const again = await store.requeueDelivery(delivery.id, noon + 9, noon + 99)
      assert.deepEqual([again.state, again.phase, again.answer], ['PENDING', 'callback', 'x'])
      assert.equal(again.acceptedAt, noon + 5)
    },
  )

  check('requeueDelivery refuses a session that is over', async ({ store }) => {
    const delivery = await leasedOne(store)
    await end(store, delivery, { kind: 'ended' })
    await store.endSession(build, 'g1', { at: noon })
    await refuses('session_ended', store.requeueDelivery(delivery.id, noon, noon + 9))
    assert.equal((await store.findDelivery(delivery.id))?.state, 'FAILED')
  })

  check('failQueued fails what waits and leaves what is under way', async ({ store }) => {
    const delivery = await leasedOne(store)
    const waiting = await store.recordDelivery(draftOf({ session: build }))
    const elsewhere = await store.recordDelivery(draftOf())
    assert.equal(await store.countEnded(build), 0)
    assert.equal(await store.failQueued(build, 'the agent exited'), 1)
    assert.equal(await store.failQueued(build, 'the agent exited'), 0)
    assert.equal(await store.countEnded(build), 1)
    const failed = await store.findDelivery(waiting.delivery.id)
    assert.deepEqual(
      [failed?.state, failed?.failedStep, failed?.settledAt],
      ['FAILED', 'session_ended', noon],
    )
    for (const { id } of [delivery, elsewhere.delivery])
      assert.equal((await store.findDelivery(id))?.state, 'PENDING')
  })

  check('failQueued holds what a hook stored until its session is opened again', async ({ store, other }) => {
    const source = { kind: 'hook', hook: 'deploy' } as const
    const hooked = await store.recordDelivery(draftOf({ session: build, source }))
    const asked = await store.recordDelivery(draftOf({ session: build }))
    await store.endSession(build, 'g1', { at: noon, why: 'exit code 1' })
    assert.equal(await other.failQueued(build, 'exit code 1'), 1)
    const later = await store.recordDelivery(draftOf({ session: build, source, lease: { leaseMs: 1 } }))
    assert.equal(later.leased, false)
    for (const { delivery } of [hooked, later]) {
      const held = await other.inspectDelivery(delivery.id)
      assert.deepEqual([held?.state, held?.heldBecause, held?.attempts], ['PENDING', 'session_ended', 0])
      assert.match(held?.detail ?? '', /exit code 1/)
      assert.equal(held?.events.at(-1)?.kind, 'held')
    }
    assert.equal((await store.findDelivery(asked.delivery.id))?.failedStep, 'session_ended')
    const claim = { now: noon + 60_000, leaseMs: 1000, limit: 9, except: [] }
    assert.deepEqual(await store.claimDue(claim), [])
    assert.equal(await store.nextDue([]), undefined)
    await other.openSession(sessionCalled(build, { generation: 'g2' }), { replace: false })
    const [claimed] = await store.claimDue(claim)
    assert.deepEqual([claimed?.id, claimed?.heldBecause], [hooked.delivery.id, undefined])
  })

  check('recordDelivery holds a hook’s message for a session that is not there', async ({ store, other }) => {
    const source = { kind: 'hook', hook: 'deploy' } as const
    const draft = draftOf({ session: later, source, expiresAt: noon + 10, queueLimit: 2 })
    const { delivery } = await store.recordDelivery(draft)
    assert.deepEqual([delivery.state, delivery.heldBecause], ['PENDING', 'session_missing'])
    assert.deepEqual(await other.findDelivery(delivery.id), delivery)
    await other.recordDelivery({ ...draft, expiresAt: noon + 99 })
    await refuses('queue_full', store.recordDelivery(draft))
    await refuses('session_missing', store.recordDelivery(draftOf({ session: later })))
    assert.equal(await store.expireHeld(noon + 10), 1)
    const failed = await other.findDelivery(delivery.id)
    assert.deepEqual([failed?.state, failed?.failedStep], ['FAILED', 'expired'])
    const again = await store.requeueDelivery(delivery.id, noon + 20, noon + 40)
    assert.deepEqual([again.state, again.heldBecause], ['PENDING', 'session_missing'])
  })

  check('expireHeld fails what waited too long, also behind a long turn', async ({ store, other }) => {
    await leasedOne(store, { expiresAt: noon + 1 })
    const expiring = Array.from({ length: 250 }, () => draftOf({ session: build, expiresAt: noon + 10 }))
    await Promise.all(expiring.map((draft) => store.recordDelivery(draft)))
    await store.recordDelivery(draftOf({ session: build, expiresAt: noon + 11 }))
    await other.recordDelivery(draftOf({ session: inbox, expiresAt: noon + 10 }))
    assert.equal(await store.expireHeld(noon + 9), 0)
    assert.equal(await store.expireHeld(noon + 10), 251)
    assert.equal(await other.expireHeld(noon + 10), 0)
    assert.deepEqual((await store.counts()).deliveries, { PENDING: 2, RETRY: 0, DELIVERED: 0, FAILED: 251 })
    const [failed] = await store.listDeliveries({ state: 'FAILED', limit: 1 })
    assert.deepEqual([failed?.failedStep, failed?.settledAt], ['expired', noon + 10])
  })

  check('expireHeld sees behind a retry by hand, which may wait longer', async ({ store }) => {
    const { delivery } = await store.recordDelivery(draftOf({ failed: { step: 'skill', detail: 'unknown' } }))
    await store.recordDelivery(draftOf({ expiresAt: noon + 10 }))
    await store.requeueDelivery(delivery.id, noon, noon + 99)
    assert.equal(await store.expireHeld(noon + 10), 1)
    assert.equal((await store.findDelivery(delivery.id))?.state, 'PENDING')
  })
}

function withoutLease({ leasedUntil: _, ...rest }: Delivery): Delivery {
  return rest
}
