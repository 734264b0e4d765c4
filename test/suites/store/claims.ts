import assert from 'node:assert/strict'
import type { DeliveryId } from '../../../src/domain/delivery.ts'
import type { Store } from '../../../src/domain/ports.ts'
import type { SessionId } from '../../../src/domain/session.ts'
import { settle } from '../../../src/domain/settle.ts'
import { build, draftOf, inbox, noon, sessionCalled } from '../../support/drafts.ts'
import type { Check } from './harness.ts'

const lease = { leaseMs: 1000 }
const claim = (store: Store, now: number, except: readonly SessionId[] = [], limit = 10) =>
  store.claimDue({ now, leaseMs: 1000, limit, except })
const idsOf = (deliveries: readonly { readonly id: DeliveryId }[]) => deliveries.map(({ id }) => id)

async function stored(store: Store, about: Parameters<typeof draftOf>[0] = {}): Promise<DeliveryId> {
  return (await store.recordDelivery(draftOf({ session: build, ...about }))).delivery.id
}

export function testClaims(plain: Check): void {
  const check: Check = (title, act) =>
    plain(title, async (bench) => {
      await bench.store.openSession(sessionCalled(build), { replace: false })
      await act(bench)
    })

  check('recordDelivery leases the oldest of a queue with nothing in flight', async ({ store, other }) => {
    const sent = await Promise.all(
      [1, 2, 3].map(() => store.recordDelivery(draftOf({ session: build, lease }))),
    )
    assert.deepEqual(
      sent.map(({ leased }) => leased),
      [true, false, false],
    )
    const first = await other.inspectDelivery(sent[0]?.delivery.id as DeliveryId)
    assert.deepEqual([first?.attempts, first?.leasedUntil], [1, noon + 1000])
    assert.deepEqual(first?.attemptList, [{ number: 1, startedAt: noon }])
    assert.deepEqual(await claim(store, noon), [])
    assert.deepEqual(await claim(other, noon), [])
    assert.equal((await other.recordDelivery(draftOf({ session: build, lease }))).leased, false)
  })

  check('claimDue leases the oldest of each session, once for all processes', async ({ store, other }) => {
    const a = await stored(store)
    await stored(store)
    const b = await stored(store, { session: inbox })
    const [mine, theirs] = await Promise.all([claim(store, noon), claim(other, noon)])
    assert.deepEqual(idsOf([...mine, ...theirs]).toSorted(), [a, b].toSorted())
    const record = await store.inspectDelivery(a)
    assert.deepEqual(record?.attemptList, [{ number: 1, startedAt: noon }])
    assert.deepEqual(
      record?.events.map(({ kind }) => kind),
      ['received', 'stored', 'attempt'],
    )
  })

  check('claimDue passes over the sessions in `except`', async ({ store }) => {
    const a = await stored(store)
    await stored(store, { session: inbox })
    assert.deepEqual(idsOf(await claim(store, noon, [inbox])), [a])
  })

  check('claimDue takes the longest due first and no more than its limit', async ({ store }) => {
    const sessions = ['s3', 's1', 's2'] as SessionId[]
    for (const id of sessions) await store.openSession(sessionCalled(id), { replace: false })
    const ids: DeliveryId[] = []
    for (const [i, session] of sessions.entries()) {
      ids.push(await stored(store, { session }))
      await postpone(store, noon + 5 - i)
    }
    assert.deepEqual(idsOf(await claim(store, noon + 10, [], 2)), [ids[2], ids[1]])
    assert.deepEqual(idsOf(await claim(store, noon + 10, [], 2)), [ids[0]])
    assert.deepEqual(await claim(store, noon + 10, [], 2), [])
  })

  check('a later message never overtakes one that waits for its next time', async ({ store }) => {
    const first = await stored(store)
    await postpone(store, noon + 100)
    const second = await stored(store)
    assert.deepEqual(await claim(store, noon + 99), [])
    assert.equal(await store.nextDue([]), noon + 100)
    assert.deepEqual(idsOf(await claim(store, noon + 100)), [first])
    const claimed = await store.findDelivery(first)
    assert.ok(claimed)
    const taken = settle(claimed, { kind: 'taken', evidence: 'ack' }, noon + 101, 0)
    await store.settleDelivery(first, claimed.attempts, taken, noon + 101)
    assert.deepEqual(idsOf(await claim(store, noon + 101)), [second])
  })

  check('nextDue is the earliest time of the sessions that are not excepted', async ({ store, other }) => {
    assert.equal(await store.nextDue([]), undefined)
    await stored(store)
    await stored(other, { session: inbox })
    await postpone(store, noon + 50)
    assert.equal(await store.nextDue([]), noon + 50)
    assert.equal(await other.nextDue([build, inbox]), undefined)
  })

  check(
    'a lease that ran out may be taken over; the attempt before it is unknown',
    async ({ store, other }) => {
      const { delivery } = await store.recordDelivery(draftOf({ session: build, lease }))
      assert.deepEqual(await claim(other, noon + 999), [])
      const [again] = await claim(other, noon + 1000)
      assert.deepEqual([again?.id, again?.attempts], [delivery.id, 2])
      const late = settle(delivery, { kind: 'taken', evidence: 'ack' }, noon + 1001, 0)
      await store.settleDelivery(delivery.id, 1, late, noon + 1001)
      const record = await store.inspectDelivery(delivery.id)
      assert.equal(record?.state, 'PENDING')
      assert.deepEqual(record?.attemptList, [
        { number: 1, startedAt: noon, endedAt: noon + 1000, outcome: 'unknown' },
        { number: 2, startedAt: noon + 1000 },
      ])
    },
  )

  check('releaseLeases frees what a dead process held, in its old place', async ({ store, other }) => {
    const first = await store.recordDelivery(draftOf({ session: build, lease }))
    await stored(store)
    await store.acceptDelivery(first.delivery.id, 1, noon + 1, 'ack')
    assert.equal(await other.releaseLeases(noon + 5), 1)
    assert.equal(await other.releaseLeases(noon + 6), 0)
    const record = await other.inspectDelivery(first.delivery.id)
    assert.deepEqual(
      [record?.state, record?.leasedUntil, record?.dueAt, record?.acceptedAt, record?.failures],
      ['PENDING', undefined, noon + 5, noon + 1, 0],
    )
    assert.deepEqual(record?.attemptList, [
      { number: 1, startedAt: noon, endedAt: noon + 5, outcome: 'unknown' },
    ])
    assert.deepEqual(
      record?.events.map(({ kind }) => kind),
      ['received', 'stored', 'attempt', 'submitted', 'unknown'],
    )
    const [claimed] = await claim(store, noon + 5)
    assert.deepEqual([claimed?.id, claimed?.attempts], [first.delivery.id, 2])
  })

  check('one message at a time reaches a session, in order, through any storm of claims', async (bench) => {
    const { store, other } = bench
    const sent = await Promise.all(Array.from({ length: 30 }, (_, i) => stored(i % 2 ? store : other)))
    const bySeq = idsOf(await store.listDeliveries({ session: build, oldestFirst: true, limit: 99 }))
    assert.deepEqual(bySeq.toSorted(), sent.toSorted())
    const reached: DeliveryId[] = []
    while (reached.length < sent.length) {
      const claims = await Promise.all([store, other, store].map((each) => claim(each, bench.now)))
      const [delivery, ...more] = claims.flat()
      assert.ok(delivery && more.length === 0)
      reached.push(delivery.id)
      bench.now += 1
      const taken = settle(delivery, { kind: 'taken', evidence: 'ack' }, bench.now, 0)
      await other.settleDelivery(delivery.id, delivery.attempts, taken, bench.now)
    }
    assert.deepEqual(reached, bySeq)
  })
}

/** Claims what is due and finds it busy until then. */
async function postpone(store: Store, until: number): Promise<void> {
  const claimed = await claim(store, noon)
  for (const delivery of claimed) {
    const busy = settle(delivery, { kind: 'busy', why: 'a turn runs', retryAfterMs: until - noon }, noon, 0)
    await store.settleDelivery(delivery.id, delivery.attempts, busy, noon)
  }
}
