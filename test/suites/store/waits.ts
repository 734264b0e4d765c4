import assert from 'node:assert/strict'
import type { Grant, GrantId } from '../../../src/domain/grant.ts'
import type { Draft, Store } from '../../../src/domain/ports.ts'
import type { Session } from '../../../src/domain/session.ts'
import type { WaitId, WaitTerms } from '../../../src/domain/wait.ts'
import { answerIn } from '../../../src/domain/wait-message.ts'
import type { WaitOrder } from '../../../src/domain/wait-store.ts'
import { build, draftOf, grantOf, noon, sessionCalled } from '../../support/drafts.ts'
import { type Check, refuses } from './harness.ts'

const hold = 1000
const usual: WaitTerms = { what: 'CI run 4711', accept: 'any' }

const grantId = (n: number) => `00000000000000${String(n).padStart(2, '0')}` as GrantId
const waitId = (n: number) => `w_0000000000${String(n).padStart(2, '0')}` as WaitId

const orderOf = (n: number, terms: Partial<WaitTerms> = {}, about: Partial<Grant> = {}): WaitOrder => ({
  id: waitId(n),
  grant: grantOf({
    ...{ id: grantId(n), session: build, generation: 'g1', maxUses: 1, expiresAt: noon + 60_000 },
    ...about,
  } as Partial<Grant>),
  terms: { ...usual, ...terms },
  ttlMs: 60_000,
})

const knockAt = (n: number, about: Partial<Draft> = {}): Draft =>
  draftOf({
    session: build,
    source: { kind: 'grant', grant: grantId(n) },
    message: 'it is green',
    nonce: 'c0ffee00c0ffee00',
    ...about,
  })

const openBuild = (store: Store, about: Partial<Session> = {}) =>
  store.openSession(sessionCalled(build, about), { replace: true })

const messages = async (store: Store) =>
  (await store.listDeliveries({ limit: 99, oldestFirst: true })).map(({ message }) => message)

export function testWaits(check: Check): void {
  check('openWait keeps what it was given, and its grant', async ({ store, other }) => {
    await openBuild(store)
    const order = orderOf(1, { plan: 'merge', orElse: 'look', accept: 'json', key: 'k' })
    const { wait, isNew } = await store.openWait(order, 8)
    assert.equal(isNew, true)
    const expected = {
      ...{ id: waitId(1), grant: grantId(1), session: build, generation: 'g1', state: 'armed' },
      ...{ what: 'CI run 4711', plan: 'merge', orElse: 'look', accept: 'json', key: 'k' },
      ...{ createdAt: noon, expiresAt: noon + 60_000, changed: noon },
    }
    assert.deepEqual(wait, expected)
    for (const each of [store, other]) {
      assert.deepEqual(await each.findWait({ id: waitId(1) }), expected)
      assert.deepEqual(await each.findWait({ grant: grantId(1) }), expected)
      assert.deepEqual(await each.findGrant(grantId(1)), order.grant)
      assert.equal(await each.findWait({ id: waitId(2) }), undefined)
    }
  })

  check('openWait refuses what is not that opening of an open session', async ({ store }) => {
    await refuses('session_missing', store.openWait(orderOf(1), 8))
    await openBuild(store, { generation: 'g2' })
    await refuses('forbidden', store.openWait(orderOf(1), 8))
    await store.endSession(build, 'g2', { at: noon })
    await refuses('session_ended', store.openWait(orderOf(1, {}, { generation: 'g2' }), 8))
    assert.equal(await store.findGrant(grantId(1)), undefined)
    assert.deepEqual(await store.listWaits({ limit: 9 }), [])
  })

  check('a key makes one wait, also from two processes at once', async ({ store, other }) => {
    await openBuild(store)
    const opened = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).openWait(orderOf(i, { key: 'ci' }), 8)),
    )
    assert.equal(new Set(opened.map(({ wait }) => wait.id)).size, 1)
    assert.equal(opened.filter(({ isNew }) => isNew).length, 1)
    assert.equal((await store.listGrants({ session: build })).length, 1)
    await refuses('idempotency_conflict', store.openWait(orderOf(30, { key: 'ci', what: 'a deploy' }), 8))
  })

  check('a key is still known when its wait is answered', async ({ store }) => {
    await openBuild(store)
    await store.openWait(orderOf(1, { key: 'ci' }), 8)
    const { delivery } = await store.recordDelivery(knockAt(1))
    const { wait, isNew } = await store.openWait(orderOf(2, { key: 'ci' }), 8)
    assert.deepEqual([wait.id, wait.state, wait.delivery, isNew], [waitId(1), 'answered', delivery.id, false])
  })

  check('how to reply stands only where the sender waits for that', async ({ store }) => {
    await openBuild(store)
    for (const n of [1, 2]) await store.openWait(orderOf(n), 8)
    await store.recordDelivery(knockAt(1, { awaited: true }))
    await store.recordDelivery(knockAt(2))
    const told = (await messages(store)).map((message) => message.includes('answer the sender: reply whd_'))
    assert.deepEqual(told, [true, false])
  })

  check('no more are open than may be; closing one makes room', async ({ store, other }) => {
    await openBuild(store)
    await store.openWait(orderOf(1), 2)
    await other.openWait(orderOf(2), 2)
    await refuses('wait_limit', store.openWait(orderOf(3), 2))
    assert.equal(await store.findGrant(grantId(3)), undefined)
    await other.cancelWait(waitId(1))
    await store.openWait(orderOf(3), 2)
    await store.openWait(orderOf(4), 0)
  })

  check('a knock answers a wait: use, state and message in one act', async (bench) => {
    const { store, other } = bench
    await openBuild(store)
    await store.openWait(orderOf(1, { plan: 'merge' }), 8)
    bench.now = noon + 5000
    const { delivery, replayed } = await other.recordDelivery(knockAt(1))
    assert.equal(replayed, false)
    assert.equal(answerIn(delivery.message), 'it is green')
    assert.match(
      delivery.message,
      /^\[postern\] wait w_000000000001 answered after 5s: CI run 4711\nYou planned: merge\n/,
    )
    assert.ok(delivery.message.includes(`\nThis wait is closed. Whole payload: read ${delivery.id}`))
    for (const each of [store, other]) {
      assert.deepEqual(await each.findDelivery(delivery.id), delivery)
      const wait = await each.findWait({ id: waitId(1) })
      assert.deepEqual([wait?.state, wait?.delivery, wait?.closedAt], ['answered', delivery.id, noon + 5000])
      assert.equal((await each.findGrant(grantId(1)))?.uses, 1)
    }
    await refuses('forbidden', store.recordDelivery(knockAt(1)))
    assert.equal((await messages(store)).length, 1)
  })

  check('of 64 knocks at once from two processes one is taken', async ({ store, other }) => {
    await openBuild(store)
    await store.openWait(orderOf(1), 8)
    const knocks = Array.from({ length: 64 }, (_, i) =>
      (i % 2 ? store : other).recordDelivery(knockAt(1, { message: `knock ${i}` })),
    )
    const outcomes = await Promise.allSettled(knocks)
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal((await messages(store)).length, 1)
  })

  check('a repeat by its key is the same answer, and wakes once', async ({ store, other }) => {
    await openBuild(store)
    await store.openWait(orderOf(1), 8)
    const keyed = knockAt(1, { idempotency: { key: 'k', fingerprint: 'it is green', windowMs: 60_000 } })
    const first = await store.recordDelivery(keyed)
    const again = await other.recordDelivery({ ...keyed, nonce: 'another' })
    assert.deepEqual([again.replayed, again.delivery.id], [true, first.delivery.id])
    assert.equal((await messages(store)).length, 1)
  })

  check('what is refused spends nothing', async ({ store }) => {
    await openBuild(store)
    await store.openWait(orderOf(1), 8)
    await store.recordDelivery(draftOf({ session: build }))
    await refuses('queue_full', store.recordDelivery(knockAt(1, { queueLimit: 1 })))
    assert.equal((await store.findWait({ id: waitId(1) }))?.state, 'armed')
    await store.recordDelivery(knockAt(1))
  })

  check('expireWaits tells the session, once, and refuses the knock after it', async (bench) => {
    const { store, other } = bench
    await openBuild(store)
    await store.openWait(orderOf(1, { orElse: 'look' }), 8)
    bench.now = noon + 59_999
    assert.equal(await store.expireWaits(hold), 0)
    bench.now = noon + 60_000
    assert.deepEqual(await Promise.all([store.expireWaits(hold), other.expireWaits(hold)]).then(sum), 1)
    assert.deepEqual(await messages(store), [
      `[postern] wait w_000000000001 ended at 2026-11-22T12:01Z, nobody answered: CI run 4711
You planned for that: look
This wait is closed: its URL opens nothing any more.`,
    ])
    const wait = await other.findWait({ id: waitId(1) })
    const [delivery] = await store.listDeliveries({ limit: 1 })
    assert.deepEqual([wait?.state, wait?.delivery, wait?.closedAt], ['expired', delivery?.id, noon + 60_000])
    assert.deepEqual(delivery?.source, { kind: 'wait', grant: grantId(1) })
    assert.equal(delivery?.expiresAt, noon + 60_000 + hold)
    await refuses('forbidden', store.recordDelivery(knockAt(1)))
  })

  check('a knock after the end is refused although nobody has closed the wait yet', async (bench) => {
    const { store } = bench
    await openBuild(store)
    await store.openWait(orderOf(1, {}, { expiresAt: noon + 999_999 }), 8)
    bench.now = noon + 60_000
    await refuses('forbidden', store.recordDelivery(knockAt(1)))
    assert.equal(await store.expireWaits(hold), 1)
    assert.equal((await messages(store)).length, 1)
  })

  check('knock and end in the same millisecond exclude each other', async (bench) => {
    const { store, other } = bench
    await openBuild(store)
    for (let round = 0; round < 16; round++) {
      bench.now = noon
      await store.openWait(orderOf(round), 0)
      // One millisecond to go: the clock moves while both are on their way.
      bench.now = noon + 59_999
      const knock = other.recordDelivery(knockAt(round)).then(
        () => true,
        () => false,
      )
      if (round % 2) await Promise.resolve()
      bench.now = noon + 60_000
      const [answered, expired] = await Promise.all([knock, store.expireWaits(hold)])
      const later = await store.expireWaits(hold)
      assert.equal(Number(answered) + expired + later, 1, `round ${round}`)
      const { state } = (await store.findWait({ id: waitId(round) })) ?? {}
      assert.equal(state, answered ? 'answered' : 'expired')
    }
    assert.equal((await messages(store)).length, 16)
  })

  check('cancelWait closes its URL and wakes nobody; again changes nothing', async (bench) => {
    const { store, other } = bench
    await openBuild(store)
    await store.openWait(orderOf(1), 8)
    const cancelled = await store.cancelWait(waitId(1))
    assert.deepEqual([cancelled?.state, cancelled?.closedAt], ['cancelled', noon])
    bench.now = noon + 90_000
    assert.deepEqual(await other.cancelWait(waitId(1)), cancelled)
    assert.equal(await store.cancelWait(waitId(2)), undefined)
    await refuses('forbidden', other.recordDelivery(knockAt(1)))
    assert.equal((await other.findGrant(grantId(1)))?.revokedAt, noon)
    assert.equal(await store.expireWaits(hold), 0)
    assert.deepEqual(await messages(store), [])
  })

  check('an answered wait cannot be cancelled any more', async ({ store }) => {
    await openBuild(store)
    await store.openWait(orderOf(1), 8)
    const { delivery } = await store.recordDelivery(knockAt(1))
    const wait = await store.cancelWait(waitId(1))
    assert.deepEqual([wait?.state, wait?.delivery], ['answered', delivery.id])
  })

  for (const [how, end] of [
    ['the end of the session', (store: Store) => store.endSession(build, 'g1', { at: noon })],
    ['a new opening of the session', (store: Store) => openBuild(store, { generation: 'g2' })],
  ] as const)
    check(`${how} cancels its waits, and only its`, async (bench) => {
      const { store, other } = bench
      const another = 'another' as typeof build
      await openBuild(store)
      await store.openSession(sessionCalled(another), { replace: false })
      await store.openWait(orderOf(1), 8)
      await store.openWait(orderOf(2, {}, { session: another } as Partial<Grant>), 8)
      await end(other)
      assert.equal((await store.findWait({ id: waitId(1) }))?.state, 'cancelled')
      assert.equal((await store.findWait({ id: waitId(2) }))?.state, 'armed')
      await refuses('forbidden', store.recordDelivery(knockAt(1)))
      bench.now = noon + 60_000
      assert.equal(await store.expireWaits(hold), 1)
      assert.equal((await messages(store)).length, 1)
    })

  check('listWaits tells what changed since, in that order', async (bench) => {
    const { store, other } = bench
    await openBuild(store)
    for (const n of [1, 2, 3]) await store.openWait(orderOf(n), 8)
    const all = await other.listWaits({ session: build, generation: 'g1', limit: 9 })
    assert.deepEqual(idsOf(all), [waitId(1), waitId(2), waitId(3)])
    assert.deepEqual(idsOf(await other.listWaits({ limit: 2 })), [waitId(2), waitId(3)])
    const after = all.at(-1)?.changed ?? 0
    assert.deepEqual(await other.listWaits({ limit: 9, after }), [])
    await store.recordDelivery(knockAt(2))
    await other.cancelWait(waitId(1))
    const changed = await store.listWaits({ limit: 9, after })
    assert.deepEqual(idsOf(changed), [waitId(2), waitId(1)])
    assert.deepEqual(idsOf(await store.listWaits({ limit: 1, after })), [waitId(2)])
    assert.deepEqual(idsOf(await store.listWaits({ open: true, limit: 9 })), [waitId(3)])
    assert.deepEqual(await store.listWaits({ session: build, generation: 'g2', limit: 9 }), [])
  })
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
const idsOf = (waits: readonly { readonly id: WaitId }[]) => waits.map(({ id }) => id)
