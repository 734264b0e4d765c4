import { existsSync, readdirSync, statSync } from 'node:fs'
import type { DatabaseFacts, HomeFacts, KeyFacts } from '../domain/home-state.ts'
import type { Database } from '../platform/platform.ts'
import { copyMadeAt } from './backup.ts'
import { type Sql, unusable } from './connection.ts'
import type { StoreDeps } from './context.ts'
import { commitsIn, keysKnown, markFileIn, markIn, readMark } from './mark.ts'
import { markSchema, versionOf } from './migrate.ts'
import { text } from './rows.ts'

type InspectDeps = Pick<StoreDeps, 'platform' | 'path' | 'now' | 'role'> & { readonly keysDir: string }

/**
 * A server reads a database of up to so many bytes whole before it starts, about 4 ms a megabyte. In a larger one damage is
 * found by `postern doctor`, or when it is met.
 */
const wholeBytes = 32 * 1024 * 1024

/** What lies in a home, read without changing it. Throws `home_unusable` for a database that cannot be read. */
export function inspectHome(deps: InspectDeps): HomeFacts {
  const { path, keysDir } = deps
  // First of all: a database that another process makes meanwhile is newer than what is noted here, never older.
  const mark = readMark(markFileIn(keysDir))
  const hasKeys = existsSync(keysDir) && readdirSync(keysDir).some((name) => name.endsWith('.key'))
  const hasLog = sizeOf(`${path}-wal`) > 0
  return { databaseFile: path, keysDir, mark, hasKeys, hasLog, database: inspectDatabase(deps) }
}

function inspectDatabase({ platform, path, now, role }: InspectDeps): HomeFacts['database'] {
  if (!existsSync(path)) return 'missing'
  if (sizeOf(path) === 0) return 'empty'
  return inspected({ platform, path }, (database) => {
    const facts = factsOf(database, now())
    if (role === 'server' && sizeOf(path) <= wholeBytes) refuseDamage(database)
    return facts
  })
}

type PlaceDeps = Pick<InspectDeps, 'platform' | 'path'>

function inspected<T>({ platform, path }: PlaceDeps, read: (database: Database) => T): T {
  try {
    // Read-only, because closing the last connection that may write merges what is left of a log, and deletes the rest. A
    // journal is another matter: SQLite needs it to make the database whole.
    const database = platform.openDatabase(path, { readonly: !existsSync(`${path}-journal`) })
    try {
      database.exec('PRAGMA busy_timeout = 5000')
      return read(database)
    } finally {
      database.close()
    }
  } catch (cause) {
    throw unusable(path, cause)
  }
}

/**
 * Whether a database holds more than each new one does: a message, a grant, a session that somebody opened, a signing key, whatever
 * it be. Changes nothing. Throws `home_unusable` for one that cannot be read.
 */
export const holdsAnything = (place: PlaceDeps): boolean =>
  sizeOf(place.path) > 0 &&
  inspected(place, (database) => versionOf(database) > 0 && tablesOf(database).some(hasRowOfItsOwn(database)))

const tablesOf = (database: Database): readonly string[] =>
  database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'`)
    .all()
    .map(({ name }) => text(name))

/** What a new database has rows in, or gets them by being looked into: `doctor` probes it, and clocks are set. */
const ofNobody = ['clock_jumps', 'home_mark', 'probes', 'steady_time', 'tallies']

const hasRowOfItsOwn = (database: Database) => (table: string) => {
  const which = table === 'sessions' ? `WHERE generation <> 'standing'` : ''
  return (
    !ofNobody.includes(table) &&
    database.prepare(`SELECT 1 FROM "${table}" ${which} LIMIT 1`).get() !== undefined
  )
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

function refuseDamage(database: Database): void {
  const [found = ''] = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {}).map(String)
  if (found !== 'ok') throw new Error(`malformed: ${found}`)
}

function factsOf(database: Database, now: number): DatabaseFacts | 'blank' {
  const version = versionOf(database)
  if (version === 0) return 'blank'
  const sql = database.prepare
  const isMarked = version >= markSchema
  const mark = isMarked ? markIn(sql) : undefined
  return {
    ...(mark !== undefined && { mark }),
    commits: commitsIn(sql),
    isCopy: copyMadeAt(sql) !== undefined,
    known: isMarked ? keysKnown(sql) : [],
    hasOpenGrants: hasOpenGrants(sql, now),
  }
}

export const keyFacts = (sql: Sql, now: number): KeyFacts => ({
  known: keysKnown(sql),
  hasOpenGrants: hasOpenGrants(sql, now),
})

const hasOpenGrants = (sql: Sql, now: number): boolean =>
  sql('SELECT 1 FROM grants WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?) LIMIT 1').get(
    now,
  ) !== undefined
