import assert from 'node:assert/strict'
import type { DeliveryFilter } from '../../../src/domain/delivery-filter.ts'
import { settle } from '../../../src/domain/settle.ts'
import { build, ci, draftOf, grantOf, inbox, newId, noon, sessionCalled } from '../../support/drafts.ts'
import { type Bench, type Check, refuses } from './harness.ts'

export function testLists(check: Check): void {
  check('listDeliveries answers every filter, newest first', async (bench) => {
    await fill(bench)
    const cases: readonly [Omit<DeliveryFilter, 'limit'>, readonly number[]][] = [
      [{}, [6, 5, 4, 3, 2, 1]],
      [{ oldestFirst: true }, [1, 2, 3, 4, 5, 6]],
      [{ state: 'PENDING' }, [6, 5, 2]],
      [{ state: 'RETRY' }, [4]],
      [{ state: 'DELIVERED' }, [3]],
      [{ state: 'FAILED' }, [1]],
      [{ unfinished: true }, [6, 5, 4, 2]],
      [{ session: build }, [5, 4]],
      [{ session: build, unfinished: true, oldestFirst: true }, [4, 5]],
      [{ session: inbox, state: 'PENDING' }, [6, 2]],
      [{ hook: 'github' }, [2]],
      [{ grant: ci }, [3]],
      [{ failedStep: 'template' }, [1]],
      [{ failedStep: 'skill' }, []],
      [{ text: 'MESSAGE 5' }, [5]],
      [{ text: '%' }, []],
      [{ after: 4 }, [3, 2, 1]],
      [{ after: 4, oldestFirst: true }, [5, 6]],
      [{ after: 1 }, []],
      [{ after: 99 }, [6, 5, 4, 3, 2, 1]],
      [{ after: 6, oldestFirst: true }, []],
      [{ receivedSince: noon + 5 }, [6, 5]],
      [{ receivedUntil: noon + 3 }, [2, 1]],
      [{ receivedSince: noon + 2, receivedUntil: noon + 4 }, [3, 2]],
      [{ session: build, hook: 'github' }, []],
    ]
    for (const each of [bench.store, bench.other])
      for (const [filter, expected] of cases) {
        const listed = await each.listDeliveries({ ...filter, limit: 50 })
        assert.deepEqual(
          listed.map(({ seq }) => seq),
          expected,
          JSON.stringify(filter),
        )
        const two = await each.listDeliveries({ ...filter, limit: 2 })
        assert.deepEqual(two, listed.slice(0, 2))
      }
  })

  check('listDeliveries looks for a text in message, payload and answer', async ({ store, other }) => {
    await store.openSession(sessionCalled(build), { replace: false })
    const payload = new TextEncoder().encode('{"commit":{"title":"Mend the GATE"}}')
    const { delivery: first } = await store.recordDelivery(draftOf({ message: 'a', payload }))
    const { delivery: second } = await store.recordDelivery(
      draftOf({ session: build, message: 'b', action: 'turn', lease: { leaseMs: 9 } }),
    )
    const completed = { kind: 'completed', answer: 'the door, not the gate' } as const
    await store.settleDelivery(second.id, 1, settle(second, completed, noon, 0), noon)
    for (const [text, found] of [
      ['gate', [second.id, first.id]],
      ['mend THE', [first.id]],
      ['"title"', [first.id]],
      ['door', [second.id]],
      ['%', []],
    ] as const)
      assert.deepEqual(
        (await other.listDeliveries({ text, limit: 9 })).map(({ id }) => id),
        found,
        text,
      )
    for (const { id } of [first, second])
      assert.deepEqual(
        (await other.listDeliveries({ idPrefix: id.slice(0, -2), limit: 9 })).map((one) => one.id),
        [id],
      )
    assert.deepEqual(await other.listDeliveries({ idPrefix: 'WHD_', limit: 9 }), [])
  })

  check('listDeliveries finds the few among many, in either order', async ({ store }) => {
    const rare = new Set([3, 2500, 4990])
    const drafts = Array.from({ length: 5000 }, (_, i) =>
      draftOf({ message: `${i}`, ...(rare.has(i) && { source: { kind: 'hook', hook: 'rare' } }) }),
    )
    await Promise.all(drafts.map((draft) => store.recordDelivery(draft)))
    const listed = await store.listDeliveries({ hook: 'rare', limit: 9 })
    assert.deepEqual(
      listed.map(({ message }) => message),
      ['4990', '2500', '3'],
    )
    assert.deepEqual(
      await store.listDeliveries({ hook: 'rare', limit: 9, oldestFirst: true }),
      listed.toReversed(),
    )
    assert.equal((await store.listDeliveries({ limit: 6000 })).length, 5000)
  })

  check('history counts by the hour of reception: how long storing took, and what FAILED', async (bench) => {
    const { store, other } = bench
    const hour = 3_600_000
    for (const n of [-1, 0, 59, 60, 61, 179, 180]) {
      bench.now = noon + n * 60_000 + 7
      await store.recordDelivery(draftOf({ receivedAt: noon + n * 60_000 }))
    }
    await store.failQueued(inbox, 'gone')
    const step = (n: number) => ({ stored: [[8, n]], taken: [], failed: { session_ended: n } })
    for (const each of [store, other]) {
      const { steps, since, oldestKept } = await each.history(noon, hour, 3)
      assert.deepEqual(steps, [step(2), step(2), step(1)])
      assert.equal(since, Math.floor((noon - 60_000) / hour) * hour)
      assert.equal(oldestKept, noon - 60_000)
      assert.deepEqual((await each.history(noon - hour, 5 * hour, 1)).steps, [step(7)])
    }
  })

  check('history follows a delivery that is taken, fails, is tried again and is purged', async (bench) => {
    const { store, other } = bench
    const look = async () => {
      const [here, there] = await Promise.all([
        store.history(noon, 3_600_000, 1),
        other.history(noon, 3_600_000, 1),
      ])
      assert.deepEqual(here, there)
      return here.steps[0]
    }
    await store.openSession(sessionCalled(build), { replace: false })
    const { delivery } = await store.recordDelivery(
      draftOf({ session: build, action: 'turn', lease: { leaseMs: 9 } }),
    )
    await store.acceptDelivery(delivery.id, 1, noon + 90, 'echo')
    await store.acceptDelivery(delivery.id, 1, noon + 400, 'echo')
    assert.deepEqual(await look(), { stored: [[1, 1]], taken: [[100, 1]], failed: {} })
    const lost = { kind: 'turn_failed', why: 'timeout', detail: 'x' } as const
    await store.settleDelivery(delivery.id, 1, settle(delivery, lost, noon + 500, 0), noon + 500)
    assert.deepEqual(await look(), { stored: [[1, 1]], taken: [[100, 1]], failed: { turn: 1 } })
    await store.requeueDelivery(delivery.id, noon + 600, noon + 99_999)
    assert.deepEqual(await look(), { stored: [[1, 1]], taken: [], failed: {} })
    await store.cancelDelivery(delivery.id, noon + 700)
    await store.purgeDelivery(delivery.id)
    assert.deepEqual(await look(), { stored: [[1, 1]], taken: [], failed: { cancelled: 1 } })
  })

  check('counts follows every change, in both processes', async (bench) => {
    await fill(bench)
    for (const each of [bench.store, bench.other])
      assert.deepEqual(await each.counts(), {
        deliveries: { PENDING: 3, RETRY: 1, DELIVERED: 1, FAILED: 1 },
        queues: new Map([
          [build, 2],
          [inbox, 2],
        ]),
        oldestUnfinishedAt: noon + 2,
      })
  })

  check('purgeDelivery erases one, unless it is in flight', async (bench) => {
    const { store, other } = bench
    await fill(bench)
    const [newest] = await store.listDeliveries({ limit: 1 })
    assert.ok(newest)
    assert.equal(await store.purgeDelivery(newest.id), true)
    assert.equal(await other.inspectDelivery(newest.id), undefined)
    assert.equal(await store.purgeDelivery(newId()), false)
    assert.equal((await other.counts()).deliveries.PENDING, 2)
    const [claimed] = await store.claimDue({ now: noon + 99_999, leaseMs: 9, limit: 1, except: [inbox] })
    assert.ok(claimed)
    await refuses('in_flight', store.purgeDelivery(claimed.id))
    assert.ok(await store.findDelivery(claimed.id))
  })

  check('a place in the order of arrival is never given twice', async ({ store, other }) => {
    await store.recordDelivery(draftOf())
    const { delivery } = await store.recordDelivery(draftOf())
    await store.purgeDelivery(delivery.id)
    const later = await other.recordDelivery(draftOf())
    assert.ok(later.delivery.seq > delivery.seq)
  })

  check('purgeSettled erases old terminal deliveries, no more than asked for', async ({ store, other }) => {
    const sent = await Promise.all(Array.from({ length: 60 }, () => store.recordDelivery(draftOf())))
    for (const [i, { delivery }] of sent.slice(0, 55).entries())
      await store.acknowledgeDelivery(delivery.id, noon + i)
    assert.equal(await store.purgeSettled(noon + 50, 45), 45)
    assert.equal(await other.purgeSettled(noon + 50, 45), 5)
    assert.equal(await store.purgeSettled(noon + 50, 45), 0)
    assert.deepEqual((await store.counts()).deliveries, { PENDING: 5, RETRY: 0, DELIVERED: 5, FAILED: 0 })
  })

  check('examine finds nothing wrong with a store of ours', async ({ store }) => {
    assert.deepEqual(await store.examine(), [])
  })

  check('probe succeeds and leaves nothing to see', async ({ store }) => {
    await store.probe()
    assert.deepEqual(await store.listDeliveries({ limit: 9 }), [])
  })
}

/** One FAILED, one of a hook, one DELIVERED by a grant, one to be tried again, two that wait. */
async function fill({ store, other }: Bench): Promise<void> {
  await store.openSession(sessionCalled(build), { replace: false })
  await store.addGrant(grantOf())
  const named = (n: number) => ({ message: `message ${n}`, receivedAt: noon + n })
  await store.recordDelivery(draftOf({ ...named(1), failed: { step: 'template', detail: 'blank' } }))
  await other.recordDelivery(draftOf({ ...named(2), source: { kind: 'hook', hook: 'github' } }))
  const third = await store.recordDelivery(draftOf({ ...named(3), source: { kind: 'grant', grant: ci } }))
  await other.acknowledgeDelivery(third.delivery.id, noon + 3)
  const fourth = await store.recordDelivery(draftOf({ ...named(4), session: build, lease: { leaseMs: 9 } }))
  const failed = settle(fourth.delivery, { kind: 'failed', why: 'refused', retry: true }, noon + 4, 0)
  await store.settleDelivery(fourth.delivery.id, 1, failed, noon + 4)
  await other.recordDelivery(draftOf({ ...named(5), session: build }))
  await store.recordDelivery(draftOf(named(6)))
}
