import { reasonOf } from '../../domain/error.ts'
import type { SqlRow } from '../../platform/platform.ts'
import { number } from '../rows.ts'
import { isConnectionLost, type PostgresDatabase } from './database.ts'

/** How long a transaction waits for the lock before its acts are tried anew, and may stand still before the server ends it. */
const [lockMs, idleMs] = [700, 5000]

/** Begins a transaction that holds the lock. */
export const lockWithin = (
  mostMs: number,
  mostIdleMs: number,
): string => `BEGIN ISOLATION LEVEL READ COMMITTED;
  SET LOCAL lock_timeout = ${mostMs}; SET LOCAL idle_in_transaction_session_timeout = ${mostIdleMs};
  SELECT pg_advisory_xact_lock(1349743214, hashtext(current_schema()))`

export const takeLock = lockWithin(lockMs, idleMs)

/** `Counted` with `newestColumns`, by one look at each table. */
const look = `SELECT counted.*, seq, id
  FROM (
    SELECT COALESCE(max(n) FILTER (WHERE kind = 'commits'), 0) AS commits,
      COALESCE(max(n) FILTER (WHERE kind = 'changes'), 0) AS changes,
      max(n) FILTER (WHERE kind = 'purged' AND name = 'seq') AS purged_seq,
      max(n) FILTER (WHERE kind = 'purged' AND name = 'idTime') AS purged_time
    FROM tallies WHERE kind IN ('commits', 'changes', 'purged')
  ) AS counted LEFT JOIN (SELECT seq, id FROM deliveries ORDER BY seq DESC LIMIT 1) AS newest ON true`

/**
 * What begins and ends every transaction, known to a connection by name: one text goes to the server, is answered at once, and none of
 * them is planned again. `count` notes the transaction that it ends.
 */
export const nameStatements = (database: PostgresDatabase, count: string): void =>
  database.exec(`
    PREPARE postern_lock AS SELECT set_config('lock_timeout', '${lockMs}', true),
      set_config('idle_in_transaction_session_timeout', '${idleMs}', true),
      pg_advisory_xact_lock(1349743214, hashtext(current_schema()));
    PREPARE postern_look AS ${look};
    PREPARE postern_count AS ${count}`)

/** The same as `takeLock`; what is counted is read when the lock is held. */
const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED; EXECUTE postern_lock; EXECUTE postern_look'

export const commitOf = (wrote: boolean): string => (wrote ? 'EXECUTE postern_count; COMMIT' : 'COMMIT')

/** What the store counted of itself. */
export interface Counted {
  readonly commits: number
  /** Of grants, sessions, pauses and the clock. */
  readonly changes: number
}

const countedIn = (row: SqlRow | undefined): Counted => ({
  commits: number(row?.commits),
  changes: number(row?.changes),
})

export const lookAt = (database: PostgresDatabase, withinMs?: number): Counted =>
  countedIn(database.ask('EXECUTE postern_look', withinMs)[0])

/** A transaction under way. */
export interface Begun {
  /** Before it. */
  readonly counted: Counted
  /** Among others `newestColumns`. */
  readonly row: SqlRow
  readonly writes: number
}

/** Throws `database is locked` where another process holds the lock for long. */
export function beginIn(database: PostgresDatabase, withinMs?: number): Begun {
  try {
    const [row = {}] = database.ask(begin, withinMs)
    return { counted: countedIn(row), row, writes: database.writes() }
  } catch (thrown) {
    if (!isConnectionLost(thrown)) database.exec('ROLLBACK')
    if (/lock timeout/.test(reasonOf(thrown))) throw new Error('database is locked', { cause: thrown })
    throw thrown
  }
}

/**
 * The connection was lost around a COMMIT: asks what became of this one of that writer. Throws unless it is on disk. The number of the
 * transaction would not tell: a server that crashed gives those that were lost away once more.
 */
export function requireCommitted(database: PostgresDatabase, writer: string, commit: number): void {
  // Waits while the server is still at it.
  database.exec(takeLock)
  const [row] = database.ask(`SELECT commit FROM writers WHERE id = '${writer}'`)
  database.exec('ROLLBACK')
  if (row?.commit !== commit) throw new Error('the transaction was lost with its connection')
}
