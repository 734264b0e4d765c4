import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, reasonOf } from '../domain/error.ts'
import type { Shared } from './shared.ts'

/** One consistent copy of everything, however busy the store is, for its owner alone. Never overwrites. */
export function backup({ sql }: Pick<Shared, 'sql'>, path: string): void {
  create(path)
  try {
    sql('VACUUM INTO ?').run(path)
    sync(path)
    sync(dirname(path))
  } catch (thrown) {
    rmSync(path, { force: true })
    throw thrown
  }
}

/** SQLite fills an empty file that is there already, and leaves its permissions alone. */
function create(path: string): void {
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
function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
