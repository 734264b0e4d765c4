import { deliveryIdBytes } from '../domain/delivery.ts'
import type { HomeTroubleKind } from '../domain/home-state.ts'
import type { Platform } from '../platform/platform.ts'
import { type Cache, createCache } from './cache.ts'
import { type Connection, openConnection, type Sql } from './connection.ts'
import { createCommitter } from './group-commit.ts'
import { countCommit } from './mark.ts'
import type { BeforeUpgrade } from './migrate.ts'
import { openPostgres } from './postgres/connection.ts'
import { writeCountsTogether } from './postgres/counts.ts'
import type { Judge, PostgresDeps } from './postgres/database.ts'
import { oncePerTurn, readAtHand, readNow } from './read-now.ts'
import { createSameFiles } from './same-files.ts'
import { createStoreTime, type Moment, type StoreTime } from './saved-time.ts'
import type { SteadyClock } from './steady-clock.ts'

export interface StoreDeps {
  readonly platform: Pick<Platform, 'openDatabase'>
  /** The database file; unused where the store lies in PostgreSQL. */
  readonly path: string
  readonly postgres?: PostgresDeps
  /** Where revocations are noted beside the database (see `revocations.ts`). */
  readonly revokedFile?: string
  /** Where the signing keys lie, and what is noted of the database (see `mark.ts`). */
  readonly keysDir?: string
  /** What the operator has said yes to; a home in any other trouble is refused. */
  readonly accepted?: readonly HomeTroubleKind[]
  /** Unix milliseconds. */
  readonly now: () => number
  /** What deliveries go by; without one the wall clock is trusted. */
  readonly steady?: SteadyClock
  /** A server never blocks long for another process's lock; a client may. */
  readonly role: 'server' | 'client'
  /** The lock that a server of this home holds (see `lock.ts`): no command changes the schema under a running server. */
  readonly serverLock?: string
  /** `deliveryIdBytes` random bytes: what nobody can guess of an id. The system's, unless a test names them. */
  readonly chance?: () => Uint8Array
  /** Called with the path of the copy that was made before the schema was changed. */
  readonly onUpgrade?: (copy: string) => void
}

/** What reading takes. */
export interface ReadContext {
  readonly engine: 'sqlite' | 'postgres'
  readonly sql: Sql
  readonly cache: Cache
  /** The time of deliveries. */
  readonly time: StoreTime
  /** Reads the newest state, whichever process wrote it. */
  readonly read: <T>(act: () => T) => Promise<T>
  /** The same, also of what was written since this turn of the event loop began. */
  readonly readAnew: <T>(act: () => T) => Promise<T>
  /** As `read`, without a promise; undefined where it cannot be read now. */
  readonly atHand: <T>(act: () => T) => T | undefined
  /** `Connection.edits`. */
  readonly edits: () => number
}

/** What the parts of the SQLite store have in common. */
export interface StoreContext extends ReadContext {
  readonly revokedFile: string | undefined
  readonly chance: () => Uint8Array
  /** Unix milliseconds by the wall clock: of grants and sessions. */
  readonly now: () => number
  /** When the transaction under way began: the time of all that it stores. */
  readonly moment: () => Moment
  /** Is told the number of every transaction of this process, once it is on disk, and of others as they are seen. */
  readonly onCommit: (note: (commits: number) => void) => void
  /** One act of the next shared transaction (see `group-commit.ts`). */
  readonly write: <T>(act: () => T) => Promise<T>
  /** True once for all that other processes wrote since the last call. */
  readonly changedElsewhere: () => boolean
  readonly close: () => Promise<void>
}

const systemChance = () => crypto.getRandomValues(new Uint8Array(deliveryIdBytes))

const busyMs = { server: 5, client: 4000 }

/** Opens the database and joins it to a cache of what was read. Throws `home_unusable`, saying what to do. */
export function openContext(deps: StoreDeps, beforeUpgrade: BeforeUpgrade, judge?: Judge): StoreContext {
  const { postgres } = deps
  const open = () =>
    postgres
      ? openPostgres({ ...postgres, makes: deps.role === 'server' }, judge)
      : openConnection({ ...deps, busyMs: busyMs[deps.role], beforeUpgrade })
  let connection = open()
  const requireSameFiles = postgres ? () => {} : createSameFiles(deps.path)
  let elsewhere = false
  let moment: Moment | undefined
  const sql = (text: string) => connection.sql(text)
  const commits = createCommitCount(
    () => connection.changes(),
    () => countIn(connection),
  )
  const cache = createCache(sql, postgres && writeCountsTogether, () => connection.newest?.())
  const time = createStoreTime(sql, deps, postgres && 'postgres')
  let believed: number | undefined
  const notice = () => {
    const changed = connection.changed()
    // Of doors at one database each stores between any two knocks of another; in a file that is a command's, now and then.
    const edits = postgres && connection.edits()
    const isEdited = edits === undefined || edits !== believed
    believed = edits
    if (!changed) return
    elsewhere = true
    if (connection.nextCommit) commits.seen(connection.nextCommit() - 1)
    // First: reading may fail.
    if (isEdited) cache.forgetAll()
    else cache.forgetDeliveries()
    time.reread()
  }
  const refresh = oncePerTurn(notice)
  const { write, idle } = createCommitter({
    connection: () => connection,
    began: () => {
      requireSameFiles()
      notice()
      moment = undefined
      commits.began()
    },
    ending: () => {
      time.save()
      cache.flush()
      commits.ending()
    },
    committed: commits.committed,
    undone: () => {
      time.undone()
      cache.forgetAll()
    },
    recover: () => {
      requireSameFiles()
      // A connection to a server knows what became of its transaction, and renews itself.
      if (postgres) writeProbe({ sql, now: Date.now })
      else connection = renewed(connection, open)
      elsewhere = true
      cache.forgetAll()
    },
  })
  return {
    engine: postgres ? 'postgres' : 'sqlite',
    edits: () => connection.edits(),
    sql,
    cache,
    revokedFile: deps.revokedFile,
    chance: deps.chance ?? systemChance,
    now: postgres ? time.now : deps.now,
    time,
    moment: () => {
      moment ??= time.moment()
      return moment
    },
    onCommit: commits.onCommit,
    write,
    read: (act) => readNow(refresh, act),
    atHand: (act) => readAtHand(refresh, act),
    readAnew: (act) => readNow(notice, act),
    changedElsewhere: () => {
      notice()
      const changed = elsewhere
      elsewhere = false
      return changed
    },
    close: async () => {
      await idle()
      connection.close()
    },
  }
}

function countIn({ sql, nextCommit }: Connection): number {
  return nextCommit?.() ?? countCommit(sql)
}

/** Numbers the transactions that change anything. */
function createCommitCount(changes: () => number, count: () => number) {
  let note: (commits: number) => void = () => {}
  let before = 0
  let commit: number | undefined
  return {
    began: () => {
      before = changes()
    },
    ending: () => {
      commit = changes() === before ? undefined : count()
    },
    committed: () => {
      if (commit !== undefined) note(commit)
    },
    /** Of another process, which may be of another home. */
    seen: (commits: number) => note(commits),
    onCommit: (listener: typeof note) => {
      note = listener
    },
  }
}

/**
 * A transaction whose COMMIT failed may already lie in the write-ahead log, complete but for its fsync. To those who
 * have the database open it does not exist, but whoever opened it first after a crash would find it and believe it. So before
 * anything else is written its place in the log is overwritten, by a transaction that is known to be on disk. The new
 * connection is opened while the old one lives: closing the last one would invite that recovery.
 * Until this succeeds nothing is stored; what was refused may come back only if the machine dies in that instant.
 */
function renewed(old: Connection, open: () => Connection): Connection {
  try {
    old.exec('ROLLBACK')
  } catch {
    // SQLite has rolled back by itself.
  }
  const fresh = open()
  try {
    writeProbe({ sql: fresh.sql, now: Date.now })
  } catch (thrown) {
    fresh.close()
    throw thrown
  }
  old.close()
  return fresh
}

/** A write that changes nothing anyone reads. */
export function writeProbe({ sql, now }: Pick<StoreContext, 'sql' | 'now'>): void {
  sql('INSERT INTO probes (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at').run(now())
}
