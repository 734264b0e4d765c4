import assert from 'node:assert/strict'
import { chmod, readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type DeliveryId, deliveryIdBytes, deliveryIdOf } from '../../src/domain/delivery.ts'
import { parseHostName } from '../../src/domain/host.ts'
import type { Store } from '../../src/domain/ports.ts'
import type { SessionId } from '../../src/domain/session.ts'
import type { Database, SqlValue } from '../../src/platform/platform.ts'
import { build, noon, sessionCalled } from './drafts.ts'
import { currentPlatform } from './platform.ts'

const migrations = resolve(import.meta.dirname, '../../src/store/migrations')

/** A database of an earlier schema, else as version 0.1.0 leaves it; `fill` puts into it what it should hold. */
export async function oldDatabase(
  path: string,
  fill: (database: Database) => void,
  schema = 1,
): Promise<void> {
  const database = (await currentPlatform()).openDatabase(path)
  const files = (await readdir(migrations)).toSorted().slice(0, schema)
  for (const statement of [
    'PRAGMA journal_mode = WAL',
    ...(await Promise.all(files.map((file) => readFile(join(migrations, file), 'utf8')))),
    `PRAGMA user_version = ${schema}`,
    'PRAGMA application_id = 1349743726',
  ])
    database.exec(statement)
  fill(database)
  database.close()
  await chmod(path, 0o600)
}

/** A delivery row of schema 1; `over` gives the columns that differ. */
export function insertOld(
  database: Database,
  seq: number,
  at: number,
  over: Readonly<Record<string, SqlValue>>,
): DeliveryId {
  const id = deliveryIdOf(at, seq, new Uint8Array(deliveryIdBytes))
  const row: Readonly<Record<string, SqlValue>> = {
    ...{ seq, id, session: 'build', door: 'admin', action: 'input', state: 'PENDING', phase: 'deliver' },
    ...{ received_at: at, stored_at: at, due_at: at, expires_at: at + 3_600_000, attempts: 0, tries: 0 },
    ...{ message: `message ${seq}`, aside: '{}' },
    ...over,
  }
  const names = Object.keys(row)
  database
    .prepare(`INSERT INTO deliveries (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`)
    .run(...Object.values(row))
  return id
}

const old = [1, 2].map((seq) => deliveryIdOf(noon, seq, new Uint8Array(deliveryIdBytes)))

/** For a database of the schema before hosts, in either engine: a session with two messages, of which one was under way. */
export const rowsBeforeHosts = `
  INSERT INTO sessions (id, generation, driver, settings, state, opened_at) VALUES ('build', 'g1', 'command', '{}', 'live', ${noon});
  INSERT INTO deliveries (seq, id, session, source, action, state, phase, received_at, stored_at, due_at, expires_at, attempts,
    failures, leased_until, message, extra) VALUES
    (1, '${old[0]}', 'build', 'admin', 'input', 'PENDING', 'deliver', ${noon}, ${noon}, ${noon}, ${noon + 9000}, 1, 0, ${noon + 9000}, 'a', '{}'),
    (2, '${old[1]}', 'build', 'admin', 'input', 'PENDING', 'deliver', ${noon}, ${noon}, ${noon}, ${noon + 9000}, 0, 0, NULL, 'b', '{}');
  INSERT INTO attempts (delivery, number, started_at) VALUES (1, 1, ${noon});
  INSERT INTO tallies (kind, name, n) VALUES ('state', 'PENDING', 2), ('queue', 'build', 2)`

/** What waited there is the door's, and hosts can be added. */
export async function assertServedWithoutHosts(store: Store): Promise<void> {
  const laptop = parseHostName('laptop')
  const claim = { now: noon, leaseMs: 1000, limit: 9, except: [] }
  assert.deepEqual(await store.listHosts(), [])
  assert.equal((await store.findSession(build))?.host, undefined)
  assert.deepEqual(await store.claimDue({ ...claim, host: laptop, holding: [] }), [])
  assert.equal(await store.releaseLeases(noon), 1)
  assert.deepEqual(
    (await store.claimDue(claim)).map(({ id, attempts }) => [id, attempts]),
    [[old[0], 2]],
  )
  await store.addHost(laptop, 'cafe', noon)
  const far = sessionCalled('far' as SessionId, { host: laptop })
  await store.openSession(far, { replace: false })
  assert.deepEqual(await store.findSession(far.id), far)
}
