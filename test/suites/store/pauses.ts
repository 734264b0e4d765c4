import assert from 'node:assert/strict'
import { pauseOfHook, pauseOfSession } from '../../../src/domain/pause.ts'
import type { Store } from '../../../src/domain/ports.ts'
import type { SessionId } from '../../../src/domain/session.ts'
import { settle } from '../../../src/domain/settle.ts'
import { build, draftOf, inbox, noon, sessionCalled } from '../../support/drafts.ts'
import type { Check } from './harness.ts'

const byHook = draftOf({ session: build, source: { kind: 'hook', hook: 'github' }, message: 'push' })
const byHand = draftOf({ session: build })
const lease = { leaseMs: 1000 }

const claimed = async (store: Store, now = noon) =>
  (await store.claimDue({ now, leaseMs: 1000, limit: 9, except: [] })).map(({ id }) => id)

const settleTaken = async (store: Store, now = noon) => {
  for (const each of await store.claimDue({ now, leaseMs: 1000, limit: 9, except: [inbox] }))
    await store.settleDelivery(
      each.id,
      each.attempts,
      settle(each, { kind: 'taken', evidence: 'ack' }, now, 0),
      now,
    )
}

const causes = async (store: Store) =>
  (await store.listDeliveries({ session: build, oldestFirst: true, limit: 9 })).map(
    ({ heldBecause, state }) => heldBecause ?? state,
  )

export function testPauses(check: Check): void {
  check('pause and resume hold in both processes, and twice is once', async ({ store, other }) => {
    await store.pause(pauseOfHook('github'), noon)
    await other.pause(pauseOfHook('github'), noon + 5)
    await other.pause(pauseOfSession(inbox), noon + 6)
    for (const each of [store, other])
      assert.deepEqual(await each.listPauses(), [
        { target: 'hook:github', since: noon },
        { target: 'session:default', since: noon + 6 },
      ])
    for (const each of [other, store]) await each.pause(pauseOfHook('github'), undefined)
    for (const each of [store, other])
      assert.deepEqual(await each.listPauses(), [{ target: 'session:default', since: noon + 6 }])
  })

  check('what comes to a paused session waits, says so, and follows in order', async ({ store, other }) => {
    await store.openSession(sessionCalled(build), { replace: false })
    const before = await store.recordDelivery(byHand)
    await other.pause(pauseOfSession(build), noon)
    const after = await store.recordDelivery({ ...byHook, lease })
    assert.deepEqual([after.leased, after.delivery.heldBecause], [false, 'paused'])
    assert.deepEqual(await claimed(store), [])
    assert.equal(await store.nextDue([]), undefined)
    for (const each of [store, other]) {
      assert.deepEqual(await causes(each), ['paused', 'paused'])
      const record = await each.inspectDelivery(after.delivery.id)
      assert.match(record?.detail ?? '', /session is paused/)
      assert.deepEqual(record?.events.at(-1)?.kind, 'held')
      assert.equal((await each.counts()).oldestUnfinishedAt, noon)
    }
    await other.pause(pauseOfSession(build), undefined)
    for (const each of [store, other]) assert.deepEqual(await causes(each), ['PENDING', 'PENDING'])
    assert.deepEqual(await claimed(store), [before.delivery.id])
  })

  check('what comes by a paused hook lets others pass, and follows in order', async ({ store, other }) => {
    await store.openSession(sessionCalled(build), { replace: false })
    const hooks = [await store.recordDelivery(byHook)]
    await store.pause(pauseOfHook('github'), noon)
    hooks.push(await other.recordDelivery({ ...byHook, lease }))
    assert.deepEqual(await claimed(store), [])
    const byHands = await store.recordDelivery({ ...byHand, lease })
    assert.equal(byHands.leased, true)
    await store.recordDelivery({ ...byHook, source: { kind: 'hook', hook: 'gitlab' } })
    assert.deepEqual(await causes(other), ['paused', 'paused', 'PENDING', 'PENDING'])
    assert.deepEqual(await claimed(store), [], 'one in flight per session')
    const { delivery } = byHands
    await store.settleDelivery(
      delivery.id,
      delivery.attempts,
      settle(delivery, { kind: 'taken', evidence: 'ack' }, noon, 0),
      noon,
    )
    await settleTaken(store)
    assert.deepEqual(await causes(other), ['paused', 'paused', 'DELIVERED', 'DELIVERED'])
    await other.pause(pauseOfHook('github'), undefined)
    for (const { delivery: next } of hooks) {
      assert.deepEqual(
        (await store.claimDue({ now: noon, leaseMs: 9, limit: 9, except: [] })).map(({ id }) => id),
        [next.id],
      )
      const leased = (await store.findDelivery(next.id)) ?? assert.fail()
      const taken = settle(leased, { kind: 'taken', evidence: 'ack' }, noon, 0)
      await store.settleDelivery(leased.id, leased.attempts, taken, noon)
    }
  })

  check('what a pause finds under way ends, and is held if it comes back', async ({ store }) => {
    await store.openSession(sessionCalled(build), { replace: false })
    for (const target of [pauseOfHook('github'), pauseOfSession(build)]) {
      const { delivery, leased } = await store.recordDelivery({ ...byHook, lease })
      assert.equal(leased, true)
      await store.pause(target, noon)
      const busy = settle(delivery, { kind: 'busy', why: 'a turn runs' }, noon, 0)
      await store.settleDelivery(delivery.id, delivery.attempts, busy, noon)
      assert.equal((await store.inspectDelivery(delivery.id))?.heldBecause, 'paused')
      assert.deepEqual(await claimed(store, noon + 60_000), [])
      await store.pause(target, undefined)
      assert.equal((await store.inspectDelivery(delivery.id))?.heldBecause, 'busy')
      await settleTaken(store, noon + 60_000)
      assert.equal((await store.findDelivery(delivery.id))?.state, 'DELIVERED')
    }
  })

  check('what is paused expires at the end of its longest hold, and not before', async (bench) => {
    const { store } = bench
    await store.openSession(sessionCalled(build), { replace: false })
    await store.pause(pauseOfSession(build), noon)
    await store.pause(pauseOfHook('github'), noon)
    const held = [
      await store.recordDelivery({ ...byHand, expiresAt: noon + 100 }),
      await store.recordDelivery({ ...byHook, session: inbox, expiresAt: noon + 100 }),
    ]
    assert.equal(await store.expireHeld(noon + 99), 0)
    bench.now = noon + 100
    assert.equal(await store.expireHeld(noon + 100), 2)
    for (const { delivery } of held) {
      const failed = await store.findDelivery(delivery.id)
      assert.deepEqual([failed?.state, failed?.failedStep], ['FAILED', 'expired'])
      assert.match(failed?.detail ?? '', /is paused$/)
    }
  })

  check('a paused hook of a session that is not there waits for both', async ({ store }) => {
    await store.pause(pauseOfHook('github'), noon)
    const { delivery } = await store.recordDelivery({ ...byHook, session: 'later' as SessionId })
    assert.equal(delivery.heldBecause, 'paused')
    await store.pause(pauseOfHook('github'), undefined)
    assert.equal((await store.inspectDelivery(delivery.id))?.heldBecause, 'session_missing')
    assert.deepEqual(await claimed(store), [])
  })
}
