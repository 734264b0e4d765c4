import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { actOnAll, type BulkDeps, bulkPage } from '../../../src/http/dashboard/bulk.ts'
import {
  cancelDeliveries,
  findCancellable,
  findRetryable,
  oneAfterAnother,
  retryDeliveries,
} from '../../../src/manage/bulk.ts'
import { build, draftOf, inbox, noon } from '../../support/drafts.ts'
import { openMemoryStore } from '../../support/memory-store.ts'

async function setUp() {
  let now = noon
  const clock = { now: () => now }
  const store = openMemoryStore(clock.now)
  for (let n = 0; n < 12; n++) await store.recordDelivery(draftOf({ message: `<b>${n}</b>` }))
  const inTurn = oneAfterAnother()
  const retried: string[] = []
  /** Whoever retries one has it fail again at once. */
  const retrying = {
    ...store,
    requeueDelivery: async (...[id, at, until]: Parameters<typeof store.requeueDelivery>) => {
      const delivery = await store.requeueDelivery(id, at, until)
      retried.push(id)
      now += 1
      return store.cancelDelivery(delivery.id, now)
    },
  }
  const deps: BulkDeps = {
    ...{ store, now: clock.now, activities: async () => new Map(), decisions: async () => [] },
    hooks: () => ({ enabled: true, hooks: [], sessions: { wake: inbox, agent: build } }),
    retryAll: (filter, failedUntil) =>
      inTurn(async () =>
        retryDeliveries(
          { store: retrying, clock, maxHoldMs: 1000 },
          await findRetryable(store, filter, failedUntil),
        ),
      ),
    cancelAll: async (filter) => cancelDeliveries({ store, clock }, await findCancellable(store, filter)),
  }
  const url = (path: string) => new URL(`http://localhost${path}`)
  const formOf = async (act: 'retry' | 'cancel', query = '') => {
    const { asking } = (await bulkPage(deps, act, url(`/dashboard/bulk/${act}${query}`))).view
    const { fields, count, more } = asking as Record<string, unknown>
    const pairs = (fields as { name: string; value: string }[]).map(({ name, value }) => [name, value])
    return { form: new URLSearchParams(pairs), count, more }
  }
  return { deps, store, formOf, retried }
}

const textOf = ({ view }: Awaited<ReturnType<typeof actOnAll>>) => (view.result as { text: string }).text

describe('bulkPage', () => {
  it('counts and asks, and changes nothing', async () => {
    const { store, formOf } = await setUp()
    const { count, more } = await formOf('cancel', `?session=${inbox}`)
    assert.deepEqual([count, more], ['12 deliveries', '4'])
    assert.equal((await formOf('retry')).count, '0 deliveries')
    assert.equal((await formOf('cancel', '?state=DELIVERED')).count, '0 deliveries')
    assert.equal((await store.counts()).deliveries.PENDING, 12)
  })
})

describe('actOnAll', () => {
  it('retries each once for two who were asked at the same time, however fast it fails again', async () => {
    const { deps, formOf, retried } = await setUp()
    assert.equal(
      textOf(await actOnAll(deps, 'cancel', (await formOf('cancel')).form)),
      '12 deliveries were cancelled.',
    )
    const [one, other] = [await formOf('retry'), await formOf('retry')]
    assert.equal(one.count, '12 deliveries')
    const said = await Promise.all([one, other].map(({ form }) => actOnAll(deps, 'retry', form)))
    assert.deepEqual(said.map(textOf), ['12 deliveries were queued again.', 'Nothing was left to do.'])
    assert.equal(retried.length, 12)
  })

  it('refuses a form that names no time, and a filter that cannot be followed', async () => {
    const { deps, store } = await setUp()
    for (const form of ['', 'asked=soon', 'asked=1&since=soon'])
      await assert.rejects(actOnAll(deps, 'cancel', new URLSearchParams(form)), { code: 'unprocessable' })
    assert.equal((await store.counts()).deliveries.PENDING, 12)
  })
})
