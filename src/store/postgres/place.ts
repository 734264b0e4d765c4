import { Failure } from '../../domain/error.ts'
import type { PostgresDatabase } from './database.ts'

/**
 * Servers are there beside each other; who puts something in the place of what they serve, or changes its tables, is there alone. The lock
 * is the connection's, and goes with it. Throws `already_running`.
 */
export function takePlace(database: PostgresDatabase, how: 'alone' | 'beside others'): void {
  const until = performance.now() + placeMs
  const lock = how === 'alone' ? 'pg_try_advisory_lock' : 'pg_try_advisory_lock_shared'
  while (!takenPlace(database, lock)) {
    if (performance.now() > until)
      throw new Failure(
        'already_running',
        how === 'alone'
          ? 'A postern serves this store. Stop all that do, then try again.'
          : 'Another process has this store for itself: postern restore or store copy. Wait until it is done.',
      )
    database.ask('SELECT pg_sleep(0.1)')
  }
}

/** How long a server that was killed may keep its place. */
export const placeMs = 2000

/** `lock` is the function that takes it: for the connection or the transaction, shared or not. */
export const takenPlace = (database: PostgresDatabase, lock: string): boolean =>
  database.ask(`SELECT ${lock}(1349743215, hashtext(current_schema())) AS taken`)[0]?.taken === 1
