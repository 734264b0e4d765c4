import assert from 'node:assert/strict'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Delivery, DeliveryId } from '../../src/domain/delivery.ts'
import type { Store } from '../../src/domain/ports.ts'
import type { Platform, SqlValue } from '../../src/platform/platform.ts'
import { lockHome } from '../../src/store/lock.ts'
import { restore } from '../../src/store/restore.ts'
import { openStore } from '../../src/store/sqlite.ts'
import { build, draftOf, noon, sessionCalled } from '../support/drafts.ts'
import { memoryHistory } from '../support/memory-history.ts'
import { assertServedWithoutHosts, insertOld, oldDatabase, rowsBeforeHosts } from '../support/old-database.ts'
import { currentPlatform } from '../support/platform.ts'
import { inScratch, openScratchStore } from '../support/scratch-store.ts'

type Old = Readonly<Record<string, SqlValue>>

const accepted = { accepted_at: noon, state: 'DELIVERED', settled_at: noon, tries: 1 }
const asked = { action: 'turn', phase: 'callback' }

/** A row of schema 1 with the detail of its events, and what is to be read of it afterwards. */
const rows: readonly [
  name: string,
  old: Old,
  events: readonly [kind: string, detail: SqlValue][],
  Partial<Delivery>,
][] = [
  ['a new one', {}, [], {}],
  [
    'a held one',
    { reason: 'busy', detail: 'a turn runs' },
    [],
    { heldBecause: 'busy', detail: 'a turn runs' },
  ],
  [
    'a retry',
    { state: 'RETRY', reason: 'failed', attempts: 2, tries: 5 },
    [],
    { state: 'RETRY', heldBecause: 'failed', failures: 2, attempts: 5 },
  ],
  ['a failure', { state: 'FAILED', reason: 'expired' }, [], { state: 'FAILED', failedStep: 'expired' }],
  ['a failed turn that is owed', { ...asked, reason: 'turn' }, [], { phase: 'callback', failedStep: 'turn' }],
  ['an answer that is owed', { ...asked, answer: 'yes' }, [], { phase: 'callback', answer: 'yes' }],
  ['one taken', accepted, [['submitted', 'evidence: echo']], { state: 'DELIVERED', evidence: 'echo' }],
  [
    'a turn',
    accepted,
    [
      ['submitted', 'evidence: ack'],
      ['turn_completed', null],
    ],
    { evidence: 'ack', turnEnd: 'reported' },
  ],
  [
    'a silent turn',
    accepted,
    [['turn_completed', 'end of turn inferred from silence']],
    { turnEnd: 'inferred' },
  ],
  [
    'a hook’s',
    { door: 'hook:build', idempotency_key: 'k', aside: '{"from":"ci"}' },
    [],
    { from: 'ci', idempotencyKey: 'k', source: { kind: 'hook', hook: 'build' } },
  ],
]

const facts = ['state', 'phase', 'failedStep', 'heldBecause', 'detail', 'evidence', 'turnEnd'] as const

async function fillOld(path: string): Promise<readonly DeliveryId[]> {
  const ids: DeliveryId[] = []
  await oldDatabase(path, (database) => {
    for (const [i, [, old, events]] of rows.entries()) {
      ids.push(insertOld(database, i + 1, noon, old))
      for (const [n, [kind, detail]] of events.entries())
        database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?)').run(i + 1, n + 1, noon, kind, detail)
    }
  })
  return ids
}

const copies = async (dir: string): Promise<readonly string[]> =>
  (await readdir(dir)).filter((file) => file.startsWith('postern.db.schema-'))

describe('openStore of a database of schema 1', () => {
  it('turns reasons and timelines into typed facts', async () => {
    await inScratch(async (dir) => {
      const ids = await fillOld(join(dir, 'postern.db'))
      const store = await openScratchStore(join(dir, 'postern.db'))
      for (const [i, [name, , , expected]] of rows.entries()) {
        const found = await store.findDelivery(ids[i] as DeliveryId)
        assert.deepEqual({ ...found, ...expected }, found, name)
        const others = facts.filter((fact) => fact !== 'state' && fact !== 'phase' && !(fact in expected))
        for (const fact of others) assert.equal(found?.[fact], undefined, `${name}: ${fact}`)
      }
      assert.deepEqual(await store.examine(), [])
      await store.close()
    })
  })

  it('counts what is stored in the history, as if it had been there from the beginning', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      const hour = 3_600_000
      const received = [0, 0, 0, 0, hour, hour]
      const storedIn = [-3, 0, 9, 1_000_000, 8_000_000_000, 9_000_000_000]
      const takenIn = [null, 1, 250, 61_000, null, 8]
      await oldDatabase(path, (database) => {
        for (const [i, after] of received.entries()) {
          const at = noon + after
          const taken = takenIn[i] ?? null
          insertOld(database, i + 1, at, {
            stored_at: at + (storedIn[i] ?? 0),
            accepted_at: taken === null ? null : at + taken,
            ...(taken === null && { state: 'FAILED', reason: 'expired', settled_at: at }),
          })
        }
      })
      const store = await openScratchStore(path)
      const deliveries = await store.listDeliveries({ limit: 9, oldestFirst: true })
      assert.equal(deliveries.length, 6)
      assert.deepEqual(
        await store.history(noon, hour, 2),
        memoryHistory(deliveries, noon, { from: noon, stepMs: hour, steps: 2 }),
      )
      await store.close()
    })
  })

  it('copies it first, for its owner alone, and reports where; the copy is a backup', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      const [first] = await fillOld(path)
      const copied: string[] = []
      const platform = await currentPlatform()
      const options = {
        platform,
        path,
        now: () => noon,
        role: 'server',
        onUpgrade: (copy: string) => void copied.push(copy),
      } as const
      await (await openStore(options)).close()
      await (await openStore(options)).close()
      assert.deepEqual(copied, [join(dir, 'postern.db.schema-1-2026-11-22T12-00-00-000Z')])
      const [copy = ''] = copied
      assert.equal((await stat(copy)).mode & 0o777, 0o600)
      const into = join(dir, 'elsewhere.db')
      await restore({ platform, path: into, now: () => noon, role: 'client', keepGrants: true }, copy)
      const restored: Store = await openScratchStore(into)
      assert.equal((await restored.findDelivery(first as DeliveryId))?.failedStep, 'restored')
      assert.equal((await copies(dir)).length, 1)
      await restored.close()
    })
  })

  it('gives no half-written copy of a killed upgrade the name of a whole one', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      await fillOld(path)
      for (const left of ['copying', 'copying-journal']) await writeFile(`${path}.${left}`, 'half of it')
      const platform = await currentPlatform()
      const named: string[] = []
      const openDatabase: Platform['openDatabase'] = (file, options) => {
        named.push(file)
        return platform.openDatabase(file, options)
      }
      await (
        await openStore({
          platform: { ...platform, openDatabase },
          path,
          now: () => noon,
          role: 'server',
        })
      ).close()
      assert.ok(named.includes(`${path}.copying`))
      assert.ok(!named.some((file) => file.includes('.schema-1-')))
      assert.equal((await copies(dir)).length, 1)
      const left = (await readdir(dir)).filter((file) => file.includes('copying'))
      assert.deepEqual(left, [])
    })
  })

  it('leaves no copy of an upgrade that failed, however often it is tried', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      await oldDatabase(path, (database) => {
        insertOld(database, 1, noon, {})
        database.exec('CREATE TABLE deliveries_new (a)')
      })
      for (let i = 0; i < 2; i += 1) await assert.rejects(openScratchStore(path), { code: 'home_unusable' })
      assert.deepEqual(await copies(dir), [])
      const database = (await currentPlatform()).openDatabase(path)
      database.exec('DROP TABLE deliveries_new')
      database.close()
      const store = await openScratchStore(path)
      assert.equal((await store.listDeliveries({ limit: 10 })).length, 1)
      assert.equal((await copies(dir)).length, 1)
      await store.close()
    })
  })

  it('leaves it as it is to a command while an older server serves it', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      await fillOld(path)
      const platform = await currentPlatform()
      const serverLock = join(dir, 'server.lock')
      const lock = lockHome(platform, serverLock)
      const options = { platform, path, now: () => noon, role: 'client', serverLock } as const
      await assert.rejects(openStore(options), { code: 'already_running', message: /older postern.*Restart/ })
      assert.deepEqual(await copies(dir), [])
      lock.release()
      const store = await openStore(options)
      await store.openSession(sessionCalled(build), { replace: false })
      assert.equal((await copies(dir)).length, 1)
      await store.close()
    })
  })

  it('still knows the keys that postern send was given before the upgrade', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      const aside = JSON.stringify({ fingerprint: 'build hello' })
      await oldDatabase(path, (database) => {
        insertOld(database, 1, noon, { idempotency_key: 'k', message: 'hello', aside })
      })
      const store = await openScratchStore(path)
      await store.openSession(sessionCalled(build), { replace: false })
      const repeat = (message: string) =>
        store.recordDelivery(
          draftOf({
            session: build,
            message,
            idempotency: { key: 'k', fingerprint: `digest of ${message}`, windowMs: 1000 },
          }),
        )
      assert.equal((await repeat('hello')).replayed, true)
      await assert.rejects(repeat('other'), { code: 'idempotency_conflict' })
      await store.close()
    })
  })

  it('is upgraded once by many that open it at the same time', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      await fillOld(path)
      const stores = await Promise.all([1, 2, 3].map(() => openScratchStore(path)))
      assert.equal((await copies(dir)).length, 1)
      for (const store of stores) await store.close()
    })
  })
})

describe('openStore of a database of schema 6', () => {
  it('gives its sessions no host, and goes on with what waits for them', async () => {
    await inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      await oldDatabase(path, (database) => database.exec(rowsBeforeHosts), 6)
      const store = await openScratchStore(path)
      assert.deepEqual(
        (await copies(dir)).map((file) => file.slice(0, 20)),
        ['postern.db.schema-6-'],
      )
      await assertServedWithoutHosts(store)
      assert.deepEqual(await store.examine(), [])
      await store.close()
    })
  })
})
