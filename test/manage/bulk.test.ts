import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeliveryRecord } from '../../src/domain/delivery.ts'
import { Failure } from '../../src/domain/error.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { cancelDeliveries, findCancellable, findRetryable, retryDeliveries } from '../../src/manage/bulk.ts'
import { addDelivery, addSession, createWorld, deliveryIn, type World } from '../cli/fake-io.ts'

const other = 'other' as SessionId
const deps = (world: World) => ({ store: world.store, clock: { now: () => world.now }, maxHoldMs: 1000 })
const idsOf = (rows: readonly Pick<DeliveryRecord, 'id'>[]) => rows.map(({ id }) => id)
const failed = { state: 'FAILED', failedStep: 'attempts' } as const

describe('findRetryable and findCancellable', () => {
  it('find what the filter finds and can be, oldest first', async () => {
    const world = createWorld()
    addSession(world, other)
    const [waits, dead, retries, done, elsewhere] = [
      addDelivery(world),
      addDelivery(world, failed),
      addDelivery(world, { state: 'RETRY' }),
      addDelivery(world, { state: 'DELIVERED' }),
      addDelivery(world, { session: other, ...failed }),
    ]
    const { store } = world
    assert.deepEqual(idsOf(await findRetryable(store, {})), idsOf([dead, elsewhere]))
    assert.deepEqual(idsOf(await findRetryable(store, { session: other })), [elsewhere.id])
    assert.deepEqual(idsOf(await findRetryable(store, { state: 'FAILED', session: dead.session })), [dead.id])
    for (const state of ['PENDING', 'RETRY', 'DELIVERED'] as const)
      assert.deepEqual(await findRetryable(store, { state }), [], 'only what failed')
    assert.deepEqual(idsOf(await findCancellable(store, {})), idsOf([waits, retries]))
    assert.deepEqual(idsOf(await findCancellable(store, { state: 'RETRY' })), [retries.id])
    for (const state of ['FAILED', 'DELIVERED'] as const)
      assert.deepEqual(await findCancellable(store, { state }), [], 'only what waits')
    assert.equal(done.state, 'DELIVERED')
  })

  it('find all of them, whatever the size of a page', async () => {
    const world = createWorld()
    const all = Array.from({ length: 2500 }, () => addDelivery(world))
    assert.deepEqual(idsOf(await findCancellable(world.store, {})), idsOf(all))
  })
})

describe('retryDeliveries and cancelDeliveries', () => {
  it('count what was done, and refusals by their code', async () => {
    const world = createWorld()
    addSession(world, other, { state: 'ended', endedAt: world.now })
    const all = [
      addDelivery(world, failed),
      addDelivery(world),
      addDelivery(world, failed),
      addDelivery(world, { session: other, ...failed }),
      addDelivery(world, { message: '', ...failed }),
    ]
    assert.deepEqual(await retryDeliveries(deps(world), all), {
      found: 5,
      done: 2,
      refused: { in_flight: 1, session_ended: 1, unprocessable: 1 },
    })
    assert.equal(deliveryIn(world, all[0]?.id)?.state, 'PENDING')
    assert.equal(deliveryIn(world, all[3]?.id)?.state, 'FAILED')
  })

  it('refuse what is under way, and leave it so', async () => {
    const world = createWorld()
    const [leased, waits] = [addDelivery(world, { leasedUntil: world.now + 5000 }), addDelivery(world)]
    assert.deepEqual(await cancelDeliveries(deps(world), [leased, waits]), {
      found: 2,
      done: 1,
      refused: { in_flight: 1 },
    })
    assert.equal(deliveryIn(world, leased.id)?.state, 'PENDING')
    const { state, failedStep } = deliveryIn(world, waits.id) ?? {}
    assert.deepEqual([state, failedStep], ['FAILED', 'cancelled'])
  })

  it('make one of each where two come at once', async () => {
    const world = createWorld()
    const all = Array.from({ length: 250 }, () => addDelivery(world, failed))
    const both = await Promise.all([retryDeliveries(deps(world), all), retryDeliveries(deps(world), all)])
    assert.equal(both[0].done + both[1].done, 250)
    assert.equal((both[0].refused.in_flight ?? 0) + (both[1].refused.in_flight ?? 0), 250)
    for (const { events } of world.rows)
      assert.equal(events.filter(({ kind }) => kind === 'requeued').length, 1)
  })

  it('end with a store that fails: nothing is counted as refused', async () => {
    const world = createWorld()
    const all = Array.from({ length: 250 }, () => addDelivery(world))
    let acts = 0
    const store = {
      cancelDelivery: async (...of: Parameters<typeof world.store.cancelDelivery>) => {
        acts += 1
        if (acts > 120) throw new Failure('store_unavailable', 'The disk is full.')
        return world.store.cancelDelivery(...of)
      },
    }
    await assert.rejects(cancelDeliveries({ ...deps(world), store }, all), { code: 'store_unavailable' })
    assert.ok(acts < 250, 'it went on with a store that fails')
  })
})
