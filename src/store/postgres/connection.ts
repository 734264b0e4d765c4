import { Failure, reasonOf } from '../../domain/error.ts'
import { shownAddress } from '../../domain/shown-address.ts'
import type { Connection } from '../connection.ts'
import { number, text } from '../rows.ts'
import {
  beginDatabase,
  type ComingDatabase,
  connectionLost,
  connectMs,
  isConnectionLost,
  type Judge,
  openDatabase,
  type PostgresDatabase,
  type PostgresDeps,
  type PostgresStatement,
  putBackMeanwhile,
} from './database.ts'
import { migrate, refuseLacking, versionOf } from './migrate.ts'
import { countAndTell } from './notify.ts'
import { takePlace } from './place.ts'
import { refusePooled } from './pooler.ts'
import { wrongSettings } from './settings.ts'
import {
  type Begun,
  beginIn,
  commitOf,
  lookAt,
  nameStatements,
  requireCommitted,
  takeLock,
} from './transaction.ts'

/**
 * Opens a store in PostgreSQL. One transaction writes at a time, of whichever process: each holds the same advisory lock, as SQLite's
 * hold that of the file. Throws `home_unusable`, saying what to do, and `store_unavailable` where no server answers.
 */
export function openPostgres(deps: PostgresDeps, judge?: Judge): Connection {
  try {
    const own = { ...deps, writer: crypto.randomUUID() }
    return wrap(opened(own, judge), own, judge)
  } catch (cause) {
    throw cannotUse(deps, cause)
  }
}

/** A `Failure` says what is wrong already. */
export function cannotUse({ url }: PostgresDeps, cause: unknown): Failure {
  if (cause instanceof Failure) return cause
  const code = isConnectionLost(cause) ? 'store_unavailable' : 'home_unusable'
  return new Failure(code, `Cannot use the store ${shownAddress(url)}: ${reasonOf(cause)}.`, {
    cause,
  })
}

/** By `writer` a transaction is known as one of this connection's, and of those that took its place. */
type OwnDeps = PostgresDeps & { readonly writer: string }

/** `before` served a connection of ours which is lost. */
function opened(
  deps: OwnDeps,
  judge?: Judge,
  before?: Backend,
  database = openDatabase(deps),
): PostgresDatabase {
  try {
    refusePooled(database, deps)
    refuseForgetful(database)
    if (before) endBackend(database, before)
    judge?.(database, before !== undefined)
    // Where they are gone nothing is made in their place, or pg_restore would stumble over it.
    if (before !== undefined && versionOf(database) === 0) throw putBackMeanwhile()
    if (deps.makes) migrate(database, takeLock)
    else refuseLacking(database, deps.url)
    if (deps.serves) takePlace(database, 'beside others')
    nameStatements(database, countAndTell(deps.writer, deps.sender ?? ''))
    return database
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

/** One process of the database server. */
interface Backend {
  readonly pid: number
  /** Its number may be another's by now. */
  readonly since: string
}

const backendOf = (database: PostgresDatabase): Backend => {
  const [row] = database.ask(
    'SELECT pid, backend_start::text AS since FROM pg_stat_activity WHERE pid = pg_backend_pid()',
  )
  return { pid: number(row?.pid), since: text(row?.since) }
}

/** Ends what served a connection of ours that is lost: it may hold the writers' lock still. */
const endBackend = (database: PostgresDatabase, { pid, since }: Backend): void =>
  database.exec(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ${pid} AND backend_start::text = '${since}'`,
  )

/** Throws `home_unusable` for a server whose settings would lose what was acknowledged. */
export function refuseForgetful(database: PostgresDatabase): void {
  if (database.ask('SELECT current_schema() IS NULL AS missing')[0]?.missing === 1)
    throw new Failure(
      'home_unusable',
      'The schema of the search_path is not there, which the address names or the role has. Create it first.',
    )
  const wrong = wrongSettings(database.prepare)
  if (wrong.length > 0)
    throw new Failure(
      'home_unusable',
      `This PostgreSQL cannot keep what Postern promises: ${wrong.join('; ')}. Change that there, then start again.`,
    )
}

function wrap(first: PostgresDatabase, deps: OwnDeps, judge?: Judge): Connection {
  let database = first
  let statements = new Map<string, PostgresStatement>()
  let begun: Begun | undefined
  /** After something failed that was not waited for: in the transaction that is tried anew it shows whose fault it is. */
  let waitsForEach = false
  let servedBy = backendOf(database)
  let failedAt = Number.NEGATIVE_INFINITY
  // Who waits for a server of ours is to hear within a second that its database is gone.
  const withinMs = deps.goneAfterMs
  let coming: ComingDatabase | undefined
  const connected = (ms: number): PostgresDatabase => {
    const begun = coming ?? beginDatabase(deps)
    coming = undefined
    const connected = begun.within(ms)
    if (connected) return connected
    coming = begun
    throw connectionLost('the connection to the database is lost')
  }
  /** A server's does not wait for one that is long in coming: it looks again at the next call. */
  const renew = (ms = withinMs ?? connectMs) => {
    if (performance.now() - failedAt < againMs) throw connectionLost('the connection to the database is lost')
    try {
      const renewed = opened(deps, judge, servedBy, connected(ms))
      database.close()
      database = renewed
      statements = new Map()
      servedBy = backendOf(database)
    } catch (thrown) {
      failedAt = performance.now()
      throw thrown
    }
  }
  /** Between transactions a lost connection is replaced; what was prepared on it goes with it. */
  const current = () => {
    if (begun === undefined && database.isLost()) renew()
    return database
  }
  const sql = (statement: string): PostgresStatement => {
    const on = current()
    let prepared = statements.get(statement)
    if (!prepared) {
      const { run, get, all, later } = on.prepare(statement)
      prepared = {
        ...{ run, get, all },
        later: (...values) => (waitsForEach ? void run(...values) : later(...values)),
      }
      statements.set(statement, prepared)
    }
    return prepared
  }
  /** Who has waited so long in vain does not wait for another connection, too: that is made for the next one. */
  const inTime = <T>(ask: (database: PostgresDatabase, ms: number | undefined) => T): T => {
    const on = current()
    const askedAt = performance.now()
    try {
      return ask(on, withinMs)
    } catch (thrown) {
      if (withinMs !== undefined && performance.now() - askedAt >= withinMs) failedAt = performance.now()
      throw thrown
    }
  }
  let seen = lookAt(current())
  const commit = ({ counted: before, writes }: Begun) => {
    const wrote = database.writes() !== writes
    try {
      database.ask(commitOf(wrote))
    } catch (thrown) {
      if (!isConnectionLost(thrown)) throw thrown
      renew(connectMs)
      if (wrote) requireCommitted(database, deps.writer, before.commits + 1)
    }
    // Nobody else could count one meanwhile.
    seen = wrote ? { ...before, commits: before.commits + 1 } : before
  }
  const exec = (command: string) => {
    const ended = begun
    begun = undefined
    if (command === 'BEGIN IMMEDIATE') {
      begun = inTime(beginIn)
      waitsForEach = database.hasFailedLate()
    } else if (command === 'COMMIT' && ended) commit(ended)
    else database.exec(command)
  }
  return {
    sql,
    exec,
    changes: () => database.writes(),
    nextCommit: () => (begun?.counted ?? seen).commits + 1,
    changed: () => {
      const now = begun?.counted ?? inTime(lookAt)
      if (now.commits < seen.commits) throw putBackMeanwhile()
      const changed = now.commits !== seen.commits
      seen = now
      return changed
    },
    edits: () => seen.changes,
    newest: () => begun?.row,
    close: () => {
      coming?.close()
      database.close()
    },
  }
}

/** How soon a connection that cannot be had is tried anew. Milliseconds. */
const againMs = 250
