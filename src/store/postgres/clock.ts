import type { Sql } from '../connection.ts'
import { number } from '../rows.ts'

/** What the clock of the database shows, Unix milliseconds; for a statement. */
export const databaseNow = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

/** How far the clock of the database is ahead of this machine's. Milliseconds. */
export function databaseAhead(sql: Sql, now: () => number): number {
  const before = now()
  const there = number(sql(`SELECT ${databaseNow} AS at`).get()?.at)
  // It read its clock about halfway between.
  return Math.round(there - (before + now()) / 2)
}
