import { Failure } from '../../domain/error.ts'
import { number } from '../rows.ts'
import type { PostgresDatabase } from './database.ts'
import init from './migrations/0001_init.sql' with { type: 'text' }
import hosts from './migrations/0002_hosts.sql' with { type: 'text' }
import doors from './migrations/0003_doors.sql' with { type: 'text' }
import relay from './migrations/0004_relay.sql' with { type: 'text' }
import writers from './migrations/0005_writers.sql' with { type: 'text' }

/** Numbered from 1; a migration that was released is never edited. */
const migrations: readonly string[] = [init, hosts, doors, relay, writers]

/** Brings a database to the schema of this version, in one transaction that holds the lock. Throws `home_unusable`. */
export function migrate(database: PostgresDatabase, takeLock: string): void {
  if (versionOf(database) === migrations.length) return
  database.exec(takeLock)
  try {
    migrateInside(database)
    database.exec('COMMIT')
  } catch (thrown) {
    database.exec('ROLLBACK')
    throw thrown
  }
}

/** The same in a transaction that is under way. */
export function migrateInside(database: PostgresDatabase): void {
  const version = versionOf(database)
  database.exec('CREATE TABLE IF NOT EXISTS postern_schema (version bigint NOT NULL)')
  for (const [i, statements] of migrations.entries()) if (i >= version) database.ask(statements, longestMs)
  database.exec(`DELETE FROM postern_schema; INSERT INTO postern_schema VALUES (${migrations.length})`)
}

/** A large table may be written anew. */
const longestMs = 3_600_000

/** How far the schema is; zero where there is none. Throws `home_unusable` for what is not ours. */
export function versionOf(database: PostgresDatabase): number {
  const [tables] = database.ask(
    `SELECT to_regclass('postern_schema') IS NOT NULL AS ours, to_regclass('deliveries') IS NOT NULL AS other`,
  )
  if (tables?.ours !== 1) {
    if (tables?.other === 1)
      throw new Failure(
        'home_unusable',
        'This database has a table "deliveries" of another program. Give Postern a database of its own.',
      )
    return 0
  }
  const version = number(database.ask('SELECT max(version) AS version FROM postern_schema')[0]?.version)
  if (version > migrations.length)
    throw new Failure(
      'home_unusable',
      `The database was written by a newer postern (schema ${version}, this one knows ${migrations.length}). Upgrade postern.`,
    )
  return version
}
