import assert from 'node:assert/strict'
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Failure } from '../../src/domain/error.ts'
import type { Database, Platform, SqlValue } from '../../src/platform/platform.ts'
import { openStore } from '../../src/store/sqlite.ts'
import { refuses } from '../suites/store/harness.ts'
import { ci, draftOf, grantOf, noon } from '../support/drafts.ts'
import { currentPlatform } from '../support/platform.ts'
import { inScratch, openScratchStore } from '../support/scratch-store.ts'

const secret = 'the-bytes-that-must-go'

describe('openStore', () => {
  for (const umask of [0o000, 0o777])
    it(`makes files for their owner alone under umask ${umask.toString(8)}`, async () => {
      await inScratch(async (dir) => {
        const before = process.umask(umask)
        const store = await openScratchStore(join(dir, 'postern.db')).finally(() => process.umask(before))
        await store.recordDelivery(draftOf())
        const files = await readdir(dir)
        assert.deepEqual(files.toSorted(), ['postern.db', 'postern.db-shm', 'postern.db-wal'])
        for (const file of files) assert.equal((await stat(join(dir, file))).mode & 0o777, 0o600, file)
        await store.close()
      })
    })

  it('dates a revocation after the knocks that were stored while it waited', async () => {
    await inScratch(async (dir) => {
      const store = await openScratchStore(join(dir, 'postern.db'), { now: () => noon + 50 })
      await store.addGrant(grantOf())
      await store.recordDelivery(draftOf({ source: { kind: 'grant', grant: ci } }))
      assert.equal((await store.revokeGrant(ci, noon))?.revokedAt, noon + 50)
      await store.close()
    })
  })

  it('asks SQLite for durability, erasure and distrust', async () => {
    await inScratch(async (dir) => {
      const real = await currentPlatform()
      const opened: Database[] = []
      const platform: Pick<Platform, 'openDatabase'> = {
        openDatabase: (path, options) => {
          const database = real.openDatabase(path, options)
          opened.push(database)
          return database
        },
      }
      const path = join(dir, 'postern.db')
      const store = await openStore({ platform, path, role: 'server', now: () => noon })
      const pragma = (name: string): SqlValue | undefined =>
        Object.values(opened[0]?.prepare(`PRAGMA ${name}`).get() ?? {})[0]
      assert.deepEqual(
        ['journal_mode', 'synchronous', 'secure_delete', 'trusted_schema', 'foreign_keys'].map(pragma),
        ['wal', 2, 1, 0, 1],
      )
      assert.ok(Number(pragma('busy_timeout')) <= 50)
      await store.close()
    })
  })

  it('finds everything again', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      const first = await openScratchStore(path)
      const { delivery } = await first.recordDelivery(draftOf())
      await first.close()
      const second = await openScratchStore(path, { role: 'client' })
      assert.deepEqual(await second.findDelivery(delivery.id), delivery)
      assert.equal((await second.listSessions()).length, 2)
      await second.close()
    })
  })

  it('lets many processes open a new home at once', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      const stores = await Promise.all([1, 2, 3, 4].map(() => openScratchStore(path)))
      await Promise.all(stores.map((store) => store.recordDelivery(draftOf())))
      assert.equal((await stores[0]?.counts())?.deliveries.PENDING, 4)
      for (const store of stores) await store.close()
    })
  })

  it('refuses a database of a newer version', async () => {
    await inScratch(async (dir) => {
      const path = await oneStored(dir, 'postern.db')
      await execute(path, 'PRAGMA user_version = 99')
      await refusedWith(path, /newer postern \(schema 99.*Upgrade/)
    })
  })

  it("refuses another program's database and leaves it alone", async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      await execute(path, 'CREATE TABLE cookies (a); PRAGMA user_version = 1')
      await refusedWith(path, /another program/)
      const database = (await currentPlatform()).openDatabase(path)
      assert.equal(database.prepare('SELECT COUNT(*) AS n FROM sqlite_schema').get()?.n, 1)
      database.close()
    })
  })

  it('refuses a damaged file, and says what to do', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      await writeFile(path, 'this was never a database '.repeat(200))
      await refusedWith(path, /damaged.*postern restore BACKUP/)
      const cut = join(dir, 'cut.db')
      const store = await openScratchStore(await oneStored(dir, 'whole.db'))
      await store.backup(cut)
      await store.close()
      await truncate(cut, 8192)
      await refusedWith(cut, /damaged.*postern restore BACKUP/)
    })
  })

  it('refuses a place where it cannot write', async () => {
    await inScratch(async (dir) => {
      await refusedWith(join(dir, 'missing', 'postern.db'), /Check that the directory exists/)
    })
  })
})

describe('purgeDelivery', () => {
  it('leaves none of the bytes, neither in the database nor in its log', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      const store = await openScratchStore(path)
      const payload = new TextEncoder().encode(secret.repeat(1000))
      const kept = await store.recordDelivery(draftOf({ message: 'kept' }))
      const sent = await store.recordDelivery(draftOf({ message: secret, payload, headers: { x: secret } }))
      await store.appendEvents(sent.delivery.id, 0, [{ at: noon, kind: 'held', detail: secret }])
      assert.ok(await contains(dir, secret))
      assert.equal(await store.purgeDelivery(sent.delivery.id), true)
      assert.equal(await contains(dir, secret), false)
      assert.ok(await store.findDelivery(kept.delivery.id))
      await store.close()
    })
  })

  it('waits for another process that still reads the log', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      const store = await openScratchStore(path)
      const { delivery } = await store.recordDelivery(draftOf({ message: secret }))
      const reader = (await currentPlatform()).openDatabase(path)
      reader.exec('BEGIN')
      reader.prepare('SELECT COUNT(*) FROM deliveries').get()
      const purging = store.purgeDelivery(delivery.id)
      while (await store.findDelivery(delivery.id)) await new Promise((resolve) => setTimeout(resolve, 1))
      assert.ok(await contains(dir, secret))
      reader.exec('COMMIT')
      reader.close()
      assert.equal(await purging, true)
      assert.equal(await contains(dir, secret), false)
      await store.close()
    })
  })
})

describe('backup', () => {
  it('is a whole store of its own, for its owner alone, taken while others write', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      const store = await openScratchStore(path)
      const { delivery } = await store.recordDelivery(draftOf())
      const before = process.umask(0)
      const copy = join(dir, 'copy.db')
      await Promise.all([
        store.backup(copy),
        ...Array.from({ length: 50 }, () => store.recordDelivery(draftOf())),
      ]).finally(() => process.umask(before))
      assert.equal((await stat(copy)).mode & 0o777, 0o600)
      const restored = await openScratchStore(copy)
      assert.equal((await restored.findDelivery(delivery.id))?.message, delivery.message)
      const listed = await restored.listDeliveries({ limit: 99 })
      assert.equal((await restored.counts()).deliveries.FAILED, listed.length)
      await restored.recordDelivery(draftOf())
      await restored.close()
      await store.close()
    })
  })

  it('never overwrites, and leaves nothing where it fails', async () => {
    await inScratch(async (dir) => {
      const store = await openScratchStore(join(dir, 'postern.db'))
      const taken = join(dir, 'taken')
      await writeFile(taken, 'mine')
      await refuses('usage', store.backup(taken))
      assert.equal(await readFile(taken, 'utf8'), 'mine')
      await refuses('usage', store.backup(join(dir, 'missing', 'copy.db')))
      assert.deepEqual(
        await readdir(dir).then((files) => files.filter((file) => !file.startsWith('postern.db'))),
        ['taken'],
      )
      await store.close()
    })
  })
})

async function oneStored(dir: string, name: string): Promise<string> {
  const path = join(dir, name)
  const store = await openScratchStore(path)
  await store.recordDelivery(draftOf({ message: 'x'.repeat(50_000) }))
  await store.close()
  return path
}

async function execute(path: string, sql: string): Promise<void> {
  const database = (await currentPlatform()).openDatabase(path)
  for (const statement of sql.split(';')) database.exec(statement)
  database.close()
}

async function refusedWith(path: string, sentence: RegExp): Promise<void> {
  const bytes = await readFile(path).catch(() => undefined)
  await assert.rejects(openScratchStore(path), (thrown: Failure) => {
    assert.equal(thrown.code, 'home_unusable')
    assert.match(thrown.message, sentence)
    return true
  })
  assert.deepEqual(await readFile(path).catch(() => undefined), bytes)
}

async function contains(dir: string, text: string): Promise<boolean> {
  const files = await Promise.all((await readdir(dir)).map((file) => readFile(join(dir, file))))
  return files.some((bytes) => bytes.includes(text))
}
