import { chmod, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type DeliveryId, deliveryIdBytes, deliveryIdOf } from '../../src/domain/delivery.ts'
import type { Database, SqlValue } from '../../src/platform/platform.ts'
import { currentPlatform } from './platform.ts'

const schema = resolve(import.meta.dirname, '../../src/store/migrations/0001_init.sql')

/** A database as version 0.1.0 leaves it; `fill` puts into it what it should hold. Never to be edited. */
export async function oldDatabase(path: string, fill: (database: Database) => void): Promise<void> {
  const database = (await currentPlatform()).openDatabase(path)
  for (const statement of [
    'PRAGMA journal_mode = WAL',
    await readFile(schema, 'utf8'),
    'PRAGMA user_version = 1',
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
