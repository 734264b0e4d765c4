import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, reasonOf } from '../domain/error.ts'
import type { Database } from '../platform/platform.ts'
import type { StoreContext, StoreOptions } from './context.ts'
import { markAsCopy } from './restored.ts'

type Copying = Pick<StoreContext, 'sql' | 'now'> & Pick<StoreOptions, 'platform'>

/** One consistent copy of everything, however busy the store is, for its owner alone. Never overwrites. */
export function backup({ sql, now, platform }: Copying, path: string): void {
  createPrivate(path)
  try {
    const madeAt = now()
    sql('VACUUM INTO ?').run(path)
    mark(platform.openDatabase(path), madeAt)
    sync(path)
    sync(dirname(path))
  } catch (thrown) {
    rmSync(path, { force: true })
    throw thrown
  }
}

function mark(copy: Database, madeAt: number): void {
  try {
    markAsCopy(copy.prepare, madeAt)
  } finally {
    copy.close()
  }
}

/** SQLite fills an empty file that is there already, and leaves its permissions alone. Throws `usage` for one that is. */
export function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (cause) {
    throw new Failure(
      'usage',
      `Cannot create ${path}: ${reasonOf(cause)}. Name a file that is not there yet.`,
      { cause },
    )
  }
}

/** SQLite does not wait for the disk here; whoever keeps backups does. */
export function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
