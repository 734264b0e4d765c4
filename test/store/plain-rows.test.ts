import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { deliveryIdBytes } from '../../src/domain/delivery.ts'
import { Failure } from '../../src/domain/error.ts'
import { pauseOfHook } from '../../src/domain/pause.ts'
import type { Draft } from '../../src/domain/ports.ts'
import { openStore, type SqliteStore } from '../../src/store/sqlite.ts'
import { build, draftOf, inbox, keyed, noon, sessionCalled } from '../support/drafts.ts'
import { currentPlatform } from '../support/platform.ts'
import { inScratch } from '../support/scratch-store.ts'

const lease = { leaseMs: 1000 }
const ofHook = (hook: string, about: Partial<Draft> = {}) =>
  draftOf({ source: { kind: 'hook', hook }, ...about })
const plain = (n: number): readonly Draft[] =>
  Array.from({ length: n }, (_, i) =>
    draftOf({ message: `plain ${i}`, from: 'ci', payload: new Uint8Array(i) }),
  )

/** Plain ones, enough for more than one statement, with every other kind between them. */
const drafts: readonly Draft[] = [
  ofHook('paused', { message: 'before all', lease }),
  ...plain(5),
  draftOf({ session: build, message: 'its own session', lease }),
  ofHook('paused', { session: build }),
  ...plain(20),
  keyed('k'),
  keyed('k'),
  keyed('k', { message: 'another' }),
  draftOf({ failed: { step: 'template', detail: 'no such key' } }),
  ofHook('open', { session: sessionCalled(inbox).id, lease }),
  ofHook('open', { session: 'nowhere' as Draft['session'] }),
  draftOf({ session: 'nowhere' as Draft['session'] }),
  draftOf({ queueLimit: 3 }),
  ...plain(12),
]

test('insertPlain leaves the same rows, together, as if each knock had come alone', async () => {
  const together = await stored((store) => store.fileDeliveries(drafts))
  const alone = await stored(async (store) => {
    const filed = []
    for (const draft of drafts) filed.push(...(await store.fileDeliveries([draft])))
    return filed
  })
  assert.deepEqual(together, alone)
  assert.equal(together.deliveries.length, drafts.length - 4)
  assert.deepEqual(
    together.filed.filter((each) => typeof each === 'string'),
    ['idempotency_conflict', 'session_missing', 'queue_full'],
  )
})

test('a knock is not leased beside one that came before it in the same act, and has no row yet', async () => {
  const both = [draftOf({ session: build, message: 'first' }), draftOf({ session: build, lease })]
  const { deliveries, attempts } = await stored((store) => store.fileDeliveries(both))
  assert.equal(deliveries.length, 2)
  assert.deepEqual(attempts, [])
})

/** What became of the drafts, and what lies in the tables. */
async function stored(file: (store: SqliteStore) => ReturnType<SqliteStore['fileDeliveries']>) {
  const platform = await currentPlatform()
  const tables = {
    filed: [] as unknown[],
    deliveries: [] as unknown[],
    events: [] as unknown[],
    attempts: [] as unknown[],
  }
  await inScratch(async (dir) => {
    const path = join(dir, 'postern.db')
    const store = await openStore({ platform, path, role: 'server', now: () => noon, chance: counting() })
    await store.openSession(sessionCalled(build), { replace: false })
    await store.pause(pauseOfHook('paused'), noon)
    const filed = await file(store)
    tables.filed = filed.map((each) => (each instanceof Failure ? each.code : each))
    await store.close()
    const database = platform.openDatabase(path)
    for (const table of ['deliveries', 'events', 'attempts'] as const)
      tables[table] = [...database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all()]
    database.close()
  })
  return tables
}

function counting(): () => Uint8Array {
  let n = 0
  return () => new Uint8Array(deliveryIdBytes).fill(n++)
}
