import { chmodSync, closeSync, existsSync, lstatSync, openSync } from 'node:fs'
import { Failure, reasonOf } from '../domain/error.ts'
import type { Database, Platform, SqlRow, SqlValue, Statement } from '../platform/platform.ts'
import { type BeforeUpgrade, migrate, versionOf } from './migrate.ts'

interface ConnectionDeps {
  readonly platform: Pick<Platform, 'openDatabase'>
  readonly path: string
  /** How long SQLite itself waits for another process's write, blocking. Milliseconds. */
  readonly busyMs: number
  /** Called with the schema that a database has before it is brought to another; when it throws, it stays as it is. */
  readonly beforeUpgrade?: BeforeUpgrade
}

/** The statement of that text, prepared once. */
export type Sql = (text: string) => StoreStatement

interface StoreStatement extends Statement {
  /** The same as `run`, but not before the next statement that is waited for; what it throws is thrown there, as `isLate`. */
  readonly later?: (...values: SqlValue[]) => void
}

/** Runs what nobody waits for: where each answer is a way to a server and back, it goes there with the next one. */
export function runLater(sql: Sql, text: string, ...values: SqlValue[]): void {
  const statement = sql(text)
  if (statement.later) statement.later(...values)
  else statement.run(...values)
}

const late = Symbol('an earlier statement failed')

/** What an earlier statement threw, of which nobody knows any more whose it was. */
export const thrownLate = (why: string): Error => new Error(why, { cause: late })

export const isLate = (thrown: unknown): boolean => thrown instanceof Error && thrown.cause === late

/** One SQLite connection with its prepared statements. */
export interface Connection {
  readonly sql: Sql
  readonly exec: (text: string) => void
  /** Rises with everything that is changed through it. */
  readonly changes: () => number
  /** The number of the transaction under way, where that is known without asking; else it is asked for (`countCommit`). */
  readonly nextCommit?: () => number
  /** True when another connection committed since the last call. */
  readonly changed: () => boolean
  /** How often a grant, a session, a pause or the clock was changed (migration 0004), as of the last call of `changed`. */
  readonly edits: () => number
  /** `newestColumns`, as they were when the transaction under way began: where asking for them is a way to a server. */
  readonly newest?: () => SqlRow | undefined
  readonly close: () => void
}

/** Opens the database, creating it readable by its owner alone. Throws `home_unusable`, saying what to do. */
export function openConnection(deps: ConnectionDeps): Connection {
  try {
    makePrivate(deps.path)
    return opened(deps.platform.openDatabase(deps.path), deps)
  } catch (cause) {
    throw unusable(deps.path, cause)
  }
}

/**
 * Makes a database file that is its owner's alone; the files that SQLite puts beside it get its permissions. One that
 * is there already is never opened here: closing it again would let go of the locks that another connection of this
 * process holds.
 */
export function makePrivate(path: string): void {
  if (path === ':memory:') return
  if (!existsSync(path)) create(path)
  for (const file of [path, `${path}-wal`, `${path}-shm`]) makeOwn(file)
}

/** Never through a link, which may lead to any file of this user. */
function makeOwn(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return
  if (!found.isFile())
    throw new Failure('home_unusable', `${path} is no file of Postern's. Look where it leads, and remove it.`)
  if ((found.mode & 0o777) !== 0o600) chmodSync(path, 0o600)
}

function create(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600))
  } catch (thrown) {
    // Another process was faster.
    if (!existsSync(path)) throw thrown
  }
}

/**
 * The same for reading alone, of a database that its writer has brought to this schema. It makes no file: beside an empty
 * database in the place of one that was moved away SQLite would remove the write-ahead log of that, with all that was
 * acknowledged. Throws `home_unusable`.
 */
export function openReading({ platform, path, busyMs }: ConnectionDeps): Connection {
  try {
    return openedForReading(platform.openDatabase(path, { readonly: true }), { path, busyMs })
  } catch (cause) {
    throw unusable(path, cause)
  }
}

function openedForReading(
  database: Database,
  { path, busyMs }: Pick<ConnectionDeps, 'path' | 'busyMs'>,
): Connection {
  try {
    database.exec(`PRAGMA busy_timeout = ${busyMs}`)
    configure(database, path)
    return wrap(database)
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

const openingBusyMs = 5000

function opened(database: Database, { busyMs, path, beforeUpgrade }: ConnectionDeps): Connection {
  try {
    database.exec(`PRAGMA busy_timeout = ${openingBusyMs}`)
    // Before anything is changed: it may be another program's.
    versionOf(database)
    configure(database, path)
    migrate(database, beforeUpgrade)
    database.exec(`PRAGMA busy_timeout = ${busyMs}`)
    return wrap(database)
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

function configure(database: Database, path: string): void {
  const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode
  if (mode !== 'wal' && path !== ':memory:')
    throw new Failure('home_unusable', `${path} lies on a file system that cannot carry a write-ahead log.`)
  database.exec('PRAGMA synchronous = FULL')
  database.exec('PRAGMA secure_delete = ON')
  database.exec('PRAGMA trusted_schema = OFF')
  database.exec('PRAGMA foreign_keys = ON')
  // 16 MB; enough for the right edges of every index at full load.
  database.exec('PRAGMA cache_size = -16000')
  database.exec('PRAGMA wal_autocheckpoint = 4000')
  database.exec('PRAGMA journal_size_limit = 67108864')
}

function wrap(database: Database): Connection {
  const statements = new Map<string, Statement>()
  const sql = (text: string): Statement => {
    let statement = statements.get(text)
    if (!statement) {
      statement = database.prepare(text)
      statements.set(text, statement)
    }
    return statement
  }
  const version = () => Number(sql('PRAGMA data_version').get()?.data_version)
  let seen = version()
  return {
    sql,
    exec: database.exec,
    changes: () => Number(sql('SELECT total_changes() AS n').get()?.n),
    changed: () => {
      const now = version()
      const changed = now !== seen
      seen = now
      return changed
    },
    edits: () => Number(sql(`SELECT n FROM tallies WHERE kind = 'changes'`).get()?.n ?? 0),
    close: () => {
      statements.clear()
      database.close()
    },
  }
}

/** Why a database cannot be opened, and what to do. A `Failure` says that already. */
export function unusable(path: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause
  return new Failure('home_unusable', `Cannot use ${path}: ${reasonOf(cause)}. ${adviceFor(cause)}`, {
    cause,
  })
}

function adviceFor(cause: unknown): string {
  if (isDamage(cause))
    return 'The file is damaged. Put a backup in its place: postern restore BACKUP (the damaged file is kept). Without one, move it away and begin with an empty one: postern restore --accept-loss'
  return isBusy(cause)
    ? 'Another process holds it; try again when that is done.'
    : 'Check that the directory exists, is writable and has room.'
}

// SQLite's own error messages: the one thing that is the same through every runtime's driver.

/** Another process holds the lock. It passes. */
export const isBusy = (thrown: unknown): boolean => /database (table )?is locked/i.test(reasonOf(thrown))

/** The file is not what SQLite wrote. It does not pass. */
const isDamage = (thrown: unknown): boolean => /malformed|not a database|corrupt/i.test(reasonOf(thrown))

/** Wrong with the values of one act; the store itself is well. */
export const isOwnFault = (thrown: unknown): boolean =>
  /constraint failed|datatype mismatch|too big|cannot store/i.test(reasonOf(thrown)) ||
  thrown instanceof TypeError

/** The refusal for what the store cannot do now; a connection that cannot be opened anew is one such thing. */
export function unavailable(thrown: unknown): Failure {
  if (thrown instanceof Failure)
    return thrown.code === 'home_unusable' ? unavailable(thrown.extra.cause ?? thrown.message) : thrown
  const advice = isDamage(thrown)
    ? ' The database is damaged: stop postern, then: postern restore BACKUP'
    : ''
  return new Failure('store_unavailable', `The store cannot do this now: ${reasonOf(thrown)}.${advice}`, {
    retryAfterMs: 1000,
    cause: thrown,
  })
}
