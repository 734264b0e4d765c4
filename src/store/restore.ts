import { constants, copyFileSync, existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, reasonOf } from '../domain/error.ts'
import type { Database } from '../platform/platform.ts'
import { createPrivate, sync } from './backup.ts'
import { versionOf } from './migrate.ts'
import { markAsCopy } from './restored.ts'
import { number } from './rows.ts'
import type { StoreOptions } from './shared.ts'
import { openStore } from './sqlite.ts'

export interface Restored {
  /** How many messages were unfinished; they are not sent again by themselves. */
  readonly held: number
  /** Where the database lies now that was there before; undefined when there was none. */
  readonly aside?: string
}

/**
 * Puts a backup in place of the database, which is kept aside. Nobody else may have that open. Throws `not_found`, and `usage`
 * for a file that is no backup; then everything is as it was.
 */
export async function restore(options: StoreOptions, file: string): Promise<Restored> {
  const fresh = `${options.path}.restoring`
  try {
    copyIn(file, fresh)
    const held = vouchedFor(options, fresh, file)
    await (await openStore({ ...options, path: fresh })).close()
    const aside = putAside(options.path, options.now())
    renameSync(fresh, options.path)
    sync(dirname(options.path))
    return { held, ...(aside !== undefined && { aside }) }
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

/** How many messages are unfinished in it. A copy that was made by other means counts as one of that file's age. */
function vouchedFor({ platform }: StoreOptions, fresh: string, file: string): number {
  const database = platform.openDatabase(fresh)
  try {
    if (versionOf(database) === 0) throw new Failure('usage', 'it is empty')
    if (only(database, 'PRAGMA integrity_check') !== 'ok') throw new Failure('usage', 'it is damaged')
    markAsCopy(database.prepare, Math.round(statSync(file).mtimeMs))
    return number(only(database, `SELECT COUNT(*) FROM deliveries WHERE state IN ('PENDING', 'RETRY')`))
  } catch (cause) {
    throw new Failure('usage', `${file} is no backup of Postern: ${reasonOf(cause)}.`, { cause })
  } finally {
    database.close()
  }
}

const only = (database: Database, query: string) => Object.values(database.prepare(query).get() ?? {})[0]

/** The log first: left alone beside another database it would be taken for that one's. */
function putAside(path: string, now: number): string | undefined {
  if (!existsSync(path)) return undefined
  const aside = `${path}.before-${new Date(now).toISOString().replace(/[:.]/g, '-')}`
  for (const part of [...logs, ''])
    if (existsSync(`${path}${part}`)) renameSync(`${path}${part}`, `${aside}${part}`)
  return aside
}

const logs = ['-wal', '-shm']

const remove = (path: string): void => {
  for (const part of ['', ...logs]) rmSync(`${path}${part}`, { force: true })
}
