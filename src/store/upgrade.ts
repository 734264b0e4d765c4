import { Failure } from '../domain/error.ts'
import { backup } from './backup.ts'
import type { StoreOptions } from './context.ts'
import { lockHome } from './lock.ts'

/**
 * Copies a database as it is before this version changes its schema, as a backup beside it, and returns where. Throws
 * `already_running` to a command while a server, which then is of an older version, serves the home.
 */
export function copyBeforeUpgrade(options: StoreOptions, version: number): string {
  if (options.role === 'client' && options.serverLock !== undefined)
    refuseWhileServed(options, options.serverLock)
  const stamp = new Date(options.now()).toISOString().replace(/[:.]/g, '-')
  const copy = `${options.path}.schema-${version}-${stamp}`
  const database = options.platform.openDatabase(options.path)
  try {
    backup({ ...options, sql: database.prepare }, copy)
  } finally {
    database.close()
  }
  return copy
}

function refuseWhileServed({ platform }: StoreOptions, serverLock: string): void {
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
