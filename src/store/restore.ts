import { constants, copyFileSync, existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, reasonOf } from '../domain/error.ts'
import { type Accepted, type KeepGrants, type Restored, troubleWithDatabase } from '../domain/home-state.ts'
import type { Database } from '../platform/platform.ts'
import { besides, createPrivate, markAsCopy, sync } from './backup.ts'
import type { StoreDeps } from './context.ts'
import { inspectHome } from './inspect.ts'
import { markFileIn, readMark, takePlace } from './mark.ts'
import { migrate, versionOf } from './migrate.ts'
import { isOwn, ownRevocations } from './revocations.ts'
import { number } from './rows.ts'
import { openStore } from './sqlite.ts'

type RestoreDeps = StoreDeps & KeepGrants

/**
 * Puts a backup in place of the database, which is kept aside. Nobody else may have that open. Throws `not_found`, and `usage`
 * for a file that is no backup; then everything is as it was.
 */
export async function restore(deps: RestoreDeps, file: string): Promise<Restored> {
  const fresh = `${deps.path}.restoring`
  try {
    copyIn(file, fresh)
    const found = prepare(deps, fresh, file)
    const { keysDir: _, ...alone } = deps
    await (await openStore({ ...alone, path: fresh })).close()
    const aside = putAside(deps.path, deps.now())
    renameSync(fresh, deps.path)
    sync(dirname(deps.path))
    return { ...found, ...(aside !== undefined && { aside }) }
  } finally {
    remove(fresh)
  }
}

/**
 * Goes on with a database that lacks what was acknowledged, or with an empty one where it is gone. Throws `usage` where nothing
 * is known to be lost.
 */
export async function acceptLoss(deps: StoreDeps & { readonly keysDir: string }): Promise<Accepted> {
  const trouble = troubleWithDatabase(inspectHome(deps))
  if (!trouble || trouble.kind === 'database_foreign')
    throw new Failure(
      'usage',
      trouble ? `${trouble.detail} ${trouble.fix}` : 'Nothing is known to be lost here.',
    )
  const aside = trouble.kind === 'database_behind' ? undefined : putAside(deps.path, deps.now())
  await (await openStore({ ...deps, accepted: ['database_missing', 'database_behind'] })).close()
  return { detail: trouble.detail, ...(aside !== undefined && { aside }) }
}

function copyIn(file: string, fresh: string): void {
  remove(fresh)
  createPrivate(fresh)
  try {
    copyFileSync(file, fresh, constants.COPYFILE_FICLONE)
    // A database that was put aside as it was has its newest transactions there.
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${fresh}-wal`)
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
    // In place of whatever lies there: the home counts on from what it has noted.
    takePlace(database.prepare, deps.keysDir === undefined ? undefined : readMark(markFileIn(deps.keysDir)))
    if (deps.keepGrants && deps.revokedFile)
      ownRevocations({ engine: 'sqlite', sql: database.prepare }, deps.revokedFile)
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

/** The log (WAL) first, also one without its database: SQLite would take a log that is left behind for that of the next database. */
function putAside(path: string, now: number): string | undefined {
  if (!parts.some((part) => existsSync(`${path}${part}`))) return undefined
  const aside = besides(path, 'before', now)
  for (const part of parts) if (existsSync(`${path}${part}`)) renameSync(`${path}${part}`, `${aside}${part}`)
  return aside
}

const parts = ['-wal', '-shm', '']

const remove = (path: string): void => {
  for (const part of parts) rmSync(`${path}${part}`, { force: true })
}
