import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Store } from '../../src/domain/ports.ts'
import type { Database, Platform } from '../../src/platform/platform.ts'
import { openStore } from '../../src/store/sqlite.ts'
import { refuses } from '../suites/store/harness.ts'
import { draftOf, inbox, keyed, noon } from '../support/drafts.ts'
import { currentPlatform } from '../support/platform.ts'
import { inScratch, openScratchStore } from '../support/scratch-store.ts'

/** Decides for every statement whether the disk fails there: before it happens, or after it did. */
type Disk = (sql: string) => 'well' | 'fails' | 'fails too late'

const diskError = () => new Error('disk I/O error')

function onDisk(platform: Platform, disk: { now: Disk }): Pick<Platform, 'openDatabase'> {
  const through = <T>(sql: string, act: () => T): T => {
    const state = disk.now(sql)
    if (state === 'fails') throw diskError()
    const result = act()
    if (state === 'fails too late') throw diskError()
    return result
  }
  return {
    openDatabase(path, options): Database {
      const database = platform.openDatabase(path, options)
      return {
        ...database,
        exec: (sql) => through(sql, () => database.exec(sql)),
        prepare: (sql) => {
          const statement = database.prepare(sql)
          return { ...statement, run: (...values) => through(sql, () => statement.run(...values)) }
        },
      }
    },
  }
}

const well: Disk = () => 'well'
const failing =
  (part: string, how: 'fails' | 'fails too late' = 'fails'): Disk =>
  (sql) =>
    sql.startsWith(part) ? how : 'well'

async function onFailingDisk(act: (store: Store, disk: { now: Disk }, path: string) => Promise<void>) {
  await inScratch(async (dir) => {
    const disk = { now: well }
    const path = join(dir, 'postern.db')
    const platform = onDisk(await currentPlatform(), disk)
    const store = await openStore({ platform, path, role: 'server', now: () => noon })
    try {
      await act(store, disk, path)
    } finally {
      disk.now = well
      await store.close()
    }
  })
}

const messages = async (store: Store): Promise<readonly string[]> =>
  (await store.listDeliveries({ limit: 99, oldestFirst: true })).map(({ message }) => message)

const batchOf = (store: Store, ...texts: readonly string[]) =>
  Promise.allSettled(texts.map((message) => store.recordDelivery(draftOf({ message }))))

describe('a failing disk', () => {
  for (const part of ['BEGIN', 'INSERT INTO deliveries', 'INSERT INTO tallies', 'COMMIT'])
    it(`at ${part} refuses the whole batch, keeps nothing of it, and is got over`, async () => {
      await onFailingDisk(async (store, disk, path) => {
        await batchOf(store, 'before')
        disk.now = failing(part)
        for (const result of await batchOf(store, 'a', 'b')) {
          assert.equal(result.status, 'rejected')
          assert.equal(result.reason.code, 'store_unavailable')
          assert.ok(result.reason.extra.retryAfterMs > 0)
        }
        await refuses('store_unavailable', store.recordDelivery(draftOf({ message: 'c' })))
        assert.deepEqual(await messages(store), ['before'])
        assert.equal((await store.counts()).queues.get(inbox), 1)
        disk.now = well
        await batchOf(store, 'after')
        assert.deepEqual(await messages(store), ['before', 'after'])
        assert.equal((await store.counts()).deliveries.PENDING, 2)
        await store.probe()
        const other = await openScratchStore(path)
        assert.deepEqual(await messages(other), ['before', 'after'])
        assert.deepEqual(await other.counts(), await store.counts())
        await other.close()
      })
    })

  it('that reports failure of a commit that happened leaves memory and database agreed', async () => {
    await onFailingDisk(async (store, disk) => {
      disk.now = failing('COMMIT', 'fails too late')
      await refuses('store_unavailable', store.recordDelivery(keyed('k')))
      disk.now = well
      const repeat = await store.recordDelivery(keyed('k'))
      assert.equal(repeat.replayed, true)
      assert.deepEqual((await store.counts()).deliveries, { PENDING: 1, RETRY: 0, DELIVERED: 0, FAILED: 0 })
    })
  })

  it('is asked for a durable write before anything is stored again', async () => {
    await onFailingDisk(async (store, disk) => {
      const done: string[] = []
      const noting =
        (disk: Disk): Disk =>
        (sql) => {
          const state = disk(sql)
          if (state === 'well') done.push(sql)
          return state
        }
      disk.now = (sql) => (sql === 'COMMIT' || sql.includes('probes') ? 'fails' : 'well')
      await batchOf(store, 'lost')
      disk.now = noting(disk.now)
      await batchOf(store, 'lost, too')
      assert.deepEqual(
        done.filter((sql) => sql.startsWith('INSERT')),
        [],
      )
      disk.now = noting(well)
      await batchOf(store, 'kept')
      const mark = done.findIndex((sql) => sql.includes('INTO probes'))
      const knock = done.findIndex((sql) => sql.startsWith('INSERT INTO deliveries'))
      assert.ok(mark >= 0 && mark < knock, done.join('\n'))
    })
  })

  it('that lets no file be opened either is unavailable, not unusable', async () => {
    await inScratch(async (dir) => {
      const disk = { now: well }
      let opens = true
      const real = onDisk(await currentPlatform(), disk)
      const platform: Pick<Platform, 'openDatabase'> = {
        openDatabase: (path, options) => {
          if (!opens) throw new Error('unable to open database file')
          return real.openDatabase(path, options)
        },
      }
      const store = await openStore({ platform, path: join(dir, 'p.db'), role: 'server', now: () => noon })
      disk.now = failing('COMMIT')
      opens = false
      await batchOf(store, 'a')
      await refuses('store_unavailable', store.recordDelivery(draftOf({ message: 'b' })))
      disk.now = well
      await refuses('store_unavailable', store.recordDelivery(draftOf({ message: 'c' })))
      opens = true
      await batchOf(store, 'd')
      assert.deepEqual(await messages(store), ['d'])
      await store.close()
    })
  })

  it('opens the connection that mends before it closes the one that failed', async () => {
    await inScratch(async (dir) => {
      const steps: string[] = []
      const disk = { now: well }
      const real = onDisk(await currentPlatform(), disk)
      const platform: Pick<Platform, 'openDatabase'> = {
        openDatabase(path, options) {
          steps.push('open')
          const database = real.openDatabase(path, options)
          return {
            ...database,
            close: () => {
              steps.push('close')
              database.close()
            },
          }
        },
      }
      const store = await openStore({ platform, path: join(dir, 'p.db'), role: 'server', now: () => noon })
      disk.now = (sql) => {
        if (sql !== 'COMMIT') return 'well'
        disk.now = well
        return 'fails'
      }
      await batchOf(store, 'lost')
      await batchOf(store, 'kept')
      await store.close()
      assert.deepEqual(steps, ['open', 'open', 'close', 'close'])
    })
  })
})

describe('an act that cannot be stored', () => {
  it('is refused alone', async () => {
    await onFailingDisk(async (store) => {
      const sent = await Promise.allSettled([
        store.recordDelivery(draftOf({ message: 'a' })),
        store.recordDelivery(draftOf({ message: 'untimely', expiresAt: Number.NaN })),
        store.recordDelivery(draftOf({ message: 'b' })),
      ])
      assert.deepEqual(
        sent.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      )
      assert.deepEqual(await messages(store), ['a', 'b'])
      assert.equal((await store.counts()).deliveries.PENDING, 2)
    })
  })
})

describe("another process's lock", () => {
  it('is waited for while the event loop goes on', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      const store = await openScratchStore(path)
      const holder = (await currentPlatform()).openDatabase(path)
      holder.exec('BEGIN IMMEDIATE')
      let stored = false
      const waiting = store.recordDelivery(draftOf()).then(() => {
        stored = true
      })
      for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 1))
      assert.equal(stored, false)
      assert.deepEqual(await messages(store), [])
      holder.exec('COMMIT')
      holder.close()
      await waiting
      assert.deepEqual(await messages(store), ['hello'])
      await store.close()
    })
  })

  it('that is never let go of ends in a refusal', { timeout: 20_000 }, async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      const store = await openScratchStore(path)
      const holder = (await currentPlatform()).openDatabase(path)
      holder.exec('BEGIN IMMEDIATE')
      await refuses('store_unavailable', store.recordDelivery(draftOf()))
      holder.exec('ROLLBACK')
      holder.close()
      assert.deepEqual(await messages(store), [])
      await store.recordDelivery(draftOf())
      await store.close()
    })
  })
})
