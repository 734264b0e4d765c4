import { Failure } from '../domain/error.ts'
import type { Platform } from '../platform/platform.ts'
import { makePrivate } from './connection.ts'

/** Held while a server serves this home; the kernel lets go of it when the process dies, however it dies. */
interface HomeLock {
  release(): void
}

/**
 * Takes the home for one server. SQLite's own exclusive file lock does the work: no pid files to go stale.
 * Throws `already_running` when another server has it.
 */
export function lockHome(platform: Pick<Platform, 'openDatabase'>, path: string): HomeLock {
  makePrivate(path)
  const database = platform.openDatabase(path)
  try {
    database.exec('PRAGMA busy_timeout = 0')
    database.exec('PRAGMA journal_mode = DELETE')
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new Failure(
      'already_running',
      'Another postern serves this home. Stop it first, or use another --home.',
      {
        cause,
      },
    )
  }
  return { release: () => database.close() }
}
