import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { randomBytes } from '../domain/chance.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import type { Database } from '../platform/platform.ts'
import type { Sql } from './connection.ts'
import type { StoreContext, StoreDeps } from './context.ts'
import { lockHome } from './lock.ts'
import { number, orUndefined } from './rows.ts'

type Copying = Pick<StoreContext, 'sql' | 'now'> & Pick<StoreDeps, 'platform'>

/** One consistent copy of everything, however busy the store is, for its owner alone. Never overwrites. */
export function backup({ sql, now, platform }: Copying, path: string, partial = partialOf(path)): void {
  if (existsSync(path)) throw taken(path, 'it is there already')
  // Under another name until it is whole: who is killed meanwhile leaves no half a backup under this one.
  createPrivate(partial, path)
  try {
    const madeAt = now()
    sql('VACUUM INTO ?').run(partial)
    mark(platform.openDatabase(partial), madeAt)
    sync(partial)
    publish(partial, path)
    sync(dirname(path))
  } finally {
    discard(partial)
  }
}

const partialOf = (path: string): string => `${path}.partial-${randomBytes(4).toString('hex')}`

/** Gives a file its name unless that is taken; where the file system has no links, what took it just now is lost. */
function publish(partial: string, path: string): void {
  try {
    linkSync(partial, path)
  } catch (cause) {
    if (existsSync(path)) throw taken(path, reasonOf(cause))
    renameSync(partial, path)
  }
}

/** A copy that came to nothing, with the journal that SQLite left beside it. */
function discard(path: string): void {
  for (const file of [path, `${path}-journal`]) rmSync(file, { force: true })
}

function mark(copy: Database, madeAt: number): void {
  try {
    markAsCopy(copy.prepare, madeAt)
  } finally {
    copy.close()
  }
}

/** SQLite fills an empty file that is there already, and leaves its permissions alone. Throws `usage` where it cannot be made. */
export function createPrivate(path: string, name = path): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (cause) {
    throw taken(name, reasonOf(cause))
  }
}

const taken = (path: string, why: string): Failure =>
  new Failure(
    'usage',
    `Cannot create ${path}: ${why}. Name a file that is not there yet, in a folder that is.`,
  )

/** SQLite does not wait for the disk here, a backup does. */
export function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Tells a copy from the database it was made of, wherever it is carried and by whatever means. */
export const markAsCopy = (sql: Sql, madeAt: number): void => {
  sql(`INSERT OR IGNORE INTO tallies (kind, name, n) VALUES ('copy', 'madeAt', ?)`).run(madeAt)
}

/** When this copy was made; undefined for a database that never was one, or has been adopted. */
export const copyMadeAt = (sql: Sql): number | undefined =>
  orUndefined(sql(`SELECT n FROM tallies WHERE kind = 'copy'`).get()?.n, number)

/**
 * Copies a database as it is before this version changes its schema, as a backup beside it, and returns where. Throws
 * `already_running` to a command while a server, which then is of an older version, serves the home.
 */
export function copyBeforeUpgrade(deps: StoreDeps, version: number): string {
  if (deps.role === 'client' && deps.serverLock !== undefined) refuseWhileServed(deps, deps.serverLock)
  const copy = besides(deps.path, `schema-${version}`, deps.now())
  const partial = `${deps.path}.copying`
  // An upgrade that was killed leaves one; whoever is here holds the lock of the database.
  discard(partial)
  const database = deps.platform.openDatabase(deps.path)
  try {
    backup({ ...deps, sql: database.prepare }, copy, partial)
  } finally {
    database.close()
  }
  return copy
}

/** A name beside the database, with the time in it. */
export const besides = (path: string, kind: string, now: number): string =>
  `${path}.${kind}-${new Date(now).toISOString().replace(/[:.]/g, '-')}`

function refuseWhileServed({ platform }: StoreDeps, serverLock: string): void {
  try {
    lockHome(platform, serverLock).release()
  } catch (cause) {
    throw new Failure(
      'already_running',
      'An older postern serves this home. Restart that server with this version first: it brings the database to the new schema.',
      { cause },
    )
  }
}
