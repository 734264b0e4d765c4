import assert from 'node:assert/strict'
import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setEnvironmentData } from 'node:worker_threads'
import { Failure } from '../../../src/domain/error.ts'
import type { Store } from '../../../src/domain/ports.ts'
import { startThread } from '../../../src/store/threads/remote.ts'
import { openThreadedStore } from '../../../src/store/threads/store.ts'
import { refuses } from '../../suites/store/harness.ts'
import { testStore } from '../../suites/store.ts'
import { build, draftOf, inbox, noon, sessionCalled } from '../../support/drafts.ts'
import { currentPlatform } from '../../support/platform.ts'
import { inScratch, openScratchStore, openTwoHandles } from '../../support/scratch-store.ts'

const entry = new URL('../../fixtures/store-thread.ts', import.meta.url)

/** Read by the threads, too. */
const clock = new SharedArrayBuffer(8)
setEnvironmentData('clock', clock as never)

const noDeath = (why: string): never => {
  throw new Error(why)
}

async function openThreads(path: string, now: () => number): Promise<Store> {
  const cell = new Float64Array(clock)
  cell[0] = now()
  const store = await openThreadedStore({
    ...{ platform: await currentPlatform(), path, entry, now, onDeath: noDeath },
  })
  return new Proxy(store, {
    get: (target, name) => {
      cell[0] = now()
      return Reflect.get(target, name)
    },
  })
}

/** Another process: what it has written is seen a millisecond later. */
const slowly = (store: Store): Store =>
  new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return async (...args: unknown[]) => {
        try {
          return await method(...args)
        } finally {
          await new Promise((resolve) => setTimeout(resolve, 3))
        }
      }
    },
  })

testStore({
  name: 'threads',
  open: (now) =>
    openTwoHandles(
      (path) => openThreads(path, now),
      async (path) => slowly(await openScratchStore(path, { now, role: 'client' })),
    ),
})

describe('a thread of the store', () => {
  it('that dies leaves nobody waiting, and is reported once', async () => {
    const deaths: string[] = []
    const dying = await startThread({
      entry: new URL('../../fixtures/dying-store-thread.ts', import.meta.url),
      setup: { kind: 'writer', path: ':memory:' },
      onDeath: (why) => deaths.push(why),
    })
    await Promise.all([
      refuses('store_unavailable', dying.call('probe')),
      refuses('store_unavailable', dying.call('counts')),
    ])
    await refuses('store_unavailable', dying.call('probe'))
    assert.equal(deaths.length, 1)
    assert.match(deaths[0] ?? '', /out of luck/)
  })

  it('that cannot open its files says why, as the store itself does', async () => {
    await inScratch(async (dir) => {
      await assert.rejects(
        openThreads(join(dir, 'nowhere', 'postern.db'), () => noon),
        (thrown) => thrown instanceof Failure && thrown.code === 'home_unusable',
      )
    })
  })

  it('reads nothing on the main thread that is not stored for good', async () => {
    await inScratch(async (dir) => {
      const store = await openThreads(join(dir, 'p.db'), () => noon)
      await store.openSession(sessionCalled(inbox), { replace: false })
      const { delivery } = await store.recordDelivery(draftOf({ payload: new Uint8Array(100_000).fill(7) }))
      assert.equal((await store.findDelivery(delivery.id))?.state, 'PENDING')
      assert.equal((await store.inspectDelivery(delivery.id))?.payload?.length, 100_000)
      await store.close()
    })
  })

  it('is read anew in the turn of the event loop in which it answers a write', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'p.db')
      const store = await openThreads(path, () => noon)
      const other = (await currentPlatform()).openDatabase(path)
      // Nobody else may write until this turn has read what stands there before.
      other.exec('BEGIN IMMEDIATE')
      const opening = store.openSession(sessionCalled(build), { replace: false })
      const seen = opening.then(() => store.findSession(build))
      await new Promise((resolve) => setTimeout(resolve, 50))
      void store.findSession(build)
      other.exec('COMMIT')
      const stored = other.prepare('SELECT 1 FROM sessions WHERE id = ?')
      while (!stored.get(build));
      assert.equal((await seen)?.id, build)
      other.close()
      await store.close()
    })
  })

  it('refuses only the knock that cannot be stored, and keeps the others in their order', async () => {
    await inScratch(async (dir) => {
      const store = await openThreads(join(dir, 'p.db'), () => noon)
      const sent = await Promise.allSettled([
        store.recordDelivery(draftOf({ message: 'a' })),
        store.recordDelivery(draftOf({ message: 'untimely', expiresAt: Number.NaN })),
        store.recordDelivery(draftOf({ message: 'b', payload: new Uint8Array(100_000).fill(7) })),
      ])
      assert.deepEqual(
        sent.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      )
      const [b, a] = await store.listDeliveries({ limit: 10 })
      assert.deepEqual([a?.message, b?.message], ['a', 'b'])
      assert.equal((await store.counts()).deliveries.PENDING, 2)
      assert.equal(b && (await store.inspectDelivery(b.id))?.payload?.length, 100_000)
      await store.close()
    })
  })

  it('that reads makes no database where it was moved away: its log would be removed with that', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'p.db')
      const store = await openThreads(path, () => noon)
      await store.recordDelivery(draftOf())
      await rename(path, join(dir, 'aside.db'))
      await refuses('store_unavailable', store.listDeliveries({ limit: 1 }))
      assert.deepEqual((await readdir(dir)).sort(), ['aside.db', 'p.db-shm', 'p.db-wal'])
      await rename(join(dir, 'aside.db'), path)
      assert.equal((await store.listDeliveries({ limit: 9 })).length, 1)
      await store.recordDelivery(draftOf())
      await store.close()
    })
  })

  it('that cannot begin to read keeps the one that writes from nothing', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'p.db')
      const store = await openThreads(path, () => noon)
      await store.recordDelivery(draftOf())
      await rename(path, join(dir, 'aside.db'))
      const listing = refuses('store_unavailable', store.listDeliveries({ limit: 1 }))
      await store.close()
      await listing
      await refuses('store_unavailable', store.recordDelivery(draftOf()))
    })
  })

  it('keeps the payloads of knocks that come together apart, small, large, empty and none', async () => {
    await inScratch(async (dir) => {
      const store = await openThreads(join(dir, 'p.db'), () => noon)
      await store.openSession(sessionCalled(inbox), { replace: false })
      const sizes = [59, 0, 70_000, undefined, 1, 65_536, 65_537, 0, 3]
      const payloads = sizes.map((size, i) =>
        size === undefined ? undefined : new Uint8Array(size).fill(i + 1),
      )
      const expected = payloads.map((payload) => payload?.slice())
      const all = await Promise.all(payloads.map((payload) => store.recordDelivery(draftOf({ payload }))))
      const stored = await Promise.all(
        all.map(async ({ delivery }) => (await store.inspectDelivery(delivery.id))?.payload),
      )
      for (const [i, payload] of stored.entries())
        assert.ok(Buffer.from(payload ?? []).equals(Buffer.from(expected[i] ?? [])), `payload ${i}`)
      await store.close()
    })
  })

  it('stores large payloads that come together', async () => {
    await inScratch(async (dir) => {
      const store = await openThreads(join(dir, 'p.db'), () => noon)
      await store.openSession(sessionCalled(inbox), { replace: false })
      const payload = () => new Uint8Array(5_000_000).fill(1)
      const all = await Promise.all(
        [1, 2, 3, 4, 5].map(() => store.recordDelivery(draftOf({ payload: payload() }))),
      )
      const sizes = await Promise.all(
        all.map(async ({ delivery }) => (await store.inspectDelivery(delivery.id))?.payload?.length),
      )
      assert.deepEqual(
        sizes,
        [1, 2, 3, 4, 5].map(() => 5_000_000),
      )
      await store.close()
    })
  })
})
