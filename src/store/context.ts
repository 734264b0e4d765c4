import { deliveryIdBytes } from '../domain/delivery.ts'
import type { HomeTroubleKind } from '../domain/home-state.ts'
import type { Platform } from '../platform/platform.ts'
import { type Cache, createCache } from './cache.ts'
import { type Connection, openConnection, type Sql, unavailable } from './connection.ts'
import { createCommitter } from './group-commit.ts'
import { countCommit } from './mark.ts'
import type { BeforeUpgrade } from './migrate.ts'
import { number } from './rows.ts'
import { createSameFiles } from './same-files.ts'
import { createStoreTime, type Moment, type StoreTime } from './saved-time.ts'
import type { SteadyClock } from './steady-clock.ts'

export interface StoreDeps {
  readonly platform: Pick<Platform, 'openDatabase'>
  /** The database file. */
  readonly path: string
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
  readonly sql: Sql
  readonly cache: Cache
  /** The time of deliveries. */
  readonly time: StoreTime
  /** Reads the newest state, whichever process wrote it. */
  readonly read: <T>(act: () => T) => Promise<T>
}

/** What the parts of the SQLite store have in common. */
export interface StoreContext extends ReadContext {
  readonly revokedFile: string | undefined
  readonly chance: () => Uint8Array
  /** Unix milliseconds by the wall clock: of grants and sessions. */
  readonly now: () => number
  /** When the transaction under way began: the time of all that it stores. */
  readonly moment: () => Moment
  /** Is told the number of every transaction, once it is on disk. */
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
export function openContext(deps: StoreDeps, beforeUpgrade: BeforeUpgrade): StoreContext {
  const open = () => openConnection({ ...deps, busyMs: busyMs[deps.role], beforeUpgrade })
  let connection = open()
  const requireSameFiles = createSameFiles(deps.path)
  let elsewhere = false
  let moment: Moment | undefined
  const sql = (text: string) => connection.sql(text)
  const commits = createCommitCount(sql)
  const cache = createCache(sql)
  const time = createStoreTime(sql, deps)
  const notice = () => {
    if (!connection.changed()) return
    elsewhere = true
    // First: reading may fail.
    cache.forgetAll()
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
      connection = renewed(connection, open)
      elsewhere = true
      cache.forgetAll()
    },
  })
  return {
    sql,
    cache,
    revokedFile: deps.revokedFile,
    chance: deps.chance ?? systemChance,
    now: deps.now,
    time,
    moment: () => {
      moment ??= time.moment()
      return moment
    },
    onCommit: commits.onCommit,
    write,
    read: (act) => readNow(refresh, act),
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

/** Numbers the transactions that change anything. */
function createCommitCount(sql: Sql) {
  const changes = () => number(sql('SELECT total_changes() AS n').get()?.n)
  let note: (commits: number) => void = () => {}
  let before = 0
  let commit: number | undefined
  return {
    began: () => {
      before = changes()
    },
    ending: () => {
      commit = changes() === before ? undefined : countCommit(sql)
    },
    committed: () => {
      if (commit !== undefined) note(commit)
    },
    onCommit: (listener: typeof note) => {
      note = listener
    },
  }
}

/** What an async function would give, without the cost of one: a knock reads twice. */
export function readNow<T>(refresh: () => void, act: () => T): Promise<T> {
  try {
    refresh()
    return Promise.resolve(act())
  } catch (thrown) {
    return Promise.reject(unavailable(thrown))
  }
}

/** What arrives in one turn of the event loop sees one state; only the first looks for other processes' writes. */
function oncePerTurn(act: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    act()
    done = true
    setImmediate(() => {
      done = false
    })
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
  sql('INSERT OR REPLACE INTO probes (id, at) VALUES (1, ?)').run(now())
}
