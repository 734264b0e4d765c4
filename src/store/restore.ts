import { constants, copyFileSync, existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, reasonOf } from '../domain/error.ts'
import type { Database } from '../platform/platform.ts'
import { besides, createPrivate, markAsCopy, sync } from './backup.ts'
import type { StoreDeps } from './context.ts'
import { migrate, versionOf } from './migrate.ts'
import { isOwn, ownRevocations } from './revocations.ts'
import { number } from './rows.ts'
import { openStore } from './sqlite.ts'

export interface Restored {
  /** How many messages were unfinished; they are not sent again by themselves. */
  readonly held: number
  /** How many URLs were open in it and are revoked now, because this home cannot know which were revoked since. */
  readonly revoked: number
  /** Where the database lies now that was there before; undefined when there was none. */
  readonly aside?: string
}

interface RestoreDeps extends StoreDeps {
  /** The operator vouches that no grant was revoked since, or that those were revoked again. */
  readonly keepGrants: boolean
}

/**
 * Puts a backup in place of the database, which is kept aside. Nobody else may have that open. Throws `not_found`, and `usage`
 * for a file that is no backup; then everything is as it was.
 */
export async function restore(deps: RestoreDeps, file: string): Promise<Restored> {
  const fresh = `${deps.path}.restoring`
  try {
    copyIn(file, fresh)
    const found = prepare(deps, fresh, file)
    await (await openStore({ ...deps, path: fresh })).close()
    const aside = putAside(deps.path, deps.now())
    renameSync(fresh, deps.path)
    sync(dirname(deps.path))
    return { ...found, ...(aside !== undefined && { aside }) }
  } finally {
    remove(fresh)
  }
}

function copyIn(file: string, fresh: string): void {
  remove(fresh)
  createPrivate(fresh)
  try {
    copyFileSync(file, fresh, constants.COPYFILE_FICLONE)
  } catch (cause) {
    throw new Failure('not_found', `Cannot read ${file}.`, { cause })
  }
}

type Found = Pick<Restored, 'held' | 'revoked'>

/** Makes the copied file ready, and counts what restoring changes. A copy made by other means counts as one of that file's age. */
function prepare(deps: RestoreDeps, fresh: string, file: string): Found {
  const database = deps.platform.openDatabase(fresh)
  try {
    if (versionOf(database) === 0) throw new Failure('usage', 'it is empty')
    if (only(database, 'PRAGMA integrity_check') !== 'ok') throw new Failure('usage', 'it is damaged')
    // Migrated here, so that opening the store copies nothing: the backup itself is the copy of the old schema.
    migrate(database)
    markAsCopy(database.prepare, Math.round(statSync(file).mtimeMs))
    if (deps.keepGrants && deps.revokedFile) ownRevocations(database.prepare, deps.revokedFile)
    const forgets = deps.revokedFile !== undefined && !isOwn(deps.revokedFile)
    return {
      held: number(only(database, `SELECT COUNT(*) FROM deliveries WHERE state IN ('PENDING', 'RETRY')`)),
      revoked: forgets ? number(only(database, openGrants(deps.now()))) : 0,
    }
  } catch (cause) {
    throw new Failure('usage', `${file} is no backup of Postern: ${reasonOf(cause)}.`, { cause })
  } finally {
    database.close()
  }
}

const openGrants = (now: number): string =>
  `SELECT COUNT(*) FROM grants WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ${now})`

const only = (database: Database, query: string) => Object.values(database.prepare(query).get() ?? {})[0]

/** The log (WAL) first: SQLite would take a log that is left behind for that of the next database. */
function putAside(path: string, now: number): string | undefined {
  if (!existsSync(path)) return undefined
  const aside = besides(path, 'before', now)
  for (const part of [...logs, ''])
    if (existsSync(`${path}${part}`)) renameSync(`${path}${part}`, `${aside}${part}`)
  return aside
}

const logs = ['-wal', '-shm']

const remove = (path: string): void => {
  for (const part of ['', ...logs]) rmSync(`${path}${part}`, { force: true })
}
