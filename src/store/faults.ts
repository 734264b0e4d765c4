import { Failure, reasonOf } from '../domain/error.ts'

// SQLite's own sentences: the one thing that is the same through every runtime's driver.

/** Another process holds the lock. It passes. */
export const isBusy = (thrown: unknown): boolean => /database (table )?is locked/i.test(reasonOf(thrown))

/** The file is not what SQLite wrote. It does not pass. */
export const isDamage = (thrown: unknown): boolean =>
  /malformed|not a database|corrupt/i.test(reasonOf(thrown))

/** Wrong with the values of one act; the store itself is well. */
export const isOwnFault = (thrown: unknown): boolean =>
  /constraint failed|datatype mismatch|too big|cannot store/i.test(reasonOf(thrown)) ||
  thrown instanceof TypeError

/** The refusal a caller hears when the store cannot do it now. */
export function unavailable(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown
  const advice = isDamage(thrown)
    ? ' The database is damaged: stop postern, move it away and restore a backup.'
    : ''
  return new Failure('store_unavailable', `The store cannot do this now: ${reasonOf(thrown)}.${advice}`, {
    retryAfterMs: 1000,
    cause: thrown,
  })
}
