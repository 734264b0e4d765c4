import { Failure, reasonOf } from '../../domain/error.ts'
import { shownAddress } from '../../domain/shown-address.ts'
import { number } from '../rows.ts'
import type { PostgresDatabase } from './database.ts'
import init from './migrations/0001_init.sql' with { type: 'text' }
import hosts from './migrations/0002_hosts.sql' with { type: 'text' }
import doors from './migrations/0003_doors.sql' with { type: 'text' }
import relay from './migrations/0004_relay.sql' with { type: 'text' }
import writers from './migrations/0005_writers.sql' with { type: 'text' }
import { placeMs, takenPlace } from './place.ts'

/** Numbered from 1; a migration that was released is never edited. */
const migrations: readonly string[] = [init, hosts, doors, relay, writers]

/**
 * Brings a database to the schema of this version, in one transaction that holds the lock. Throws `home_unusable`, and `already_running`
 * while a server of another version is there: it knows nothing of what is changed.
 */
export function migrate(database: PostgresDatabase, takeLock: string): void {
  const until = performance.now() + placeMs
  while (versionOf(database) !== migrations.length) {
    if (migratedAlone(database, takeLock)) return
    if (performance.now() > until) throw servedByAnother()
    database.ask('SELECT pg_sleep(0.1)')
  }
}

/** False, and nothing changed, while another process serves the store, or writes for long. */
function migratedAlone(database: PostgresDatabase, takeLock: string): boolean {
  try {
    database.exec(takeLock)
    const isAlone = takenPlace(database, 'pg_try_advisory_xact_lock')
    // Another process may have done it while this one waited.
    if (isAlone && versionOf(database) !== migrations.length) migrateInside(database)
    database.exec('COMMIT')
    return isAlone
  } catch (thrown) {
    if (!database.isLost()) database.exec('ROLLBACK')
    if (/lock timeout/.test(reasonOf(thrown))) return false
    throw thrown
  }
}

/** Throws `home_unusable` where the tables are not those of this version, and changes nothing: the address may be a wrong one. */
export function refuseLacking(database: PostgresDatabase, url: string): void {
  const toMake = storeToMake(database, url)
  if (toMake) throw new Failure('home_unusable', `${toMake.detail}; ${toMake.fix}.`, { toMake })
}

/** What a server has yet to make there, and how; undefined where the tables are those of this version. */
export function storeToMake(database: PostgresDatabase, url: string): Failure['extra']['toMake'] {
  const version = versionOf(database)
  if (version === migrations.length) return undefined
  const isBlank = version === 0
  return { ...(isBlank ? noTables : olderTables)(shownAddress(url)), isBlank }
}

const noTables = (address: string) => ({
  detail: `${address} has no tables of Postern: nothing is stored there yet`,
  fix: 'if that is the right address, start postern serve with it first, which makes them',
})

const olderTables = (address: string) => ({
  detail: `${address} has the tables of an earlier version`,
  fix: 'stop every server of that version, then start postern serve, which brings them up to date',
})

const servedByAnother = (): Failure =>
  new Failure(
    'already_running',
    'This version of postern changes the tables of the store, and another process is there: one of an earlier version serves it, or restores or copies it. Stop every one, then start again.',
  )

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
