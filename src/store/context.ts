import type { Platform, Statement } from '../platform/platform.ts'
import { createRemembered, type Remembered } from './cache.ts'
import { type Connection, openConnection } from './connection.ts'
import { unavailable } from './faults.ts'
import { createCommitter } from './group-commit.ts'

export interface StoreOptions {
  readonly platform: Pick<Platform, 'openDatabase'>
  /** The database file. */
  readonly path: string
  /** Where revocations are noted beside the database (see `revocations.ts`). */
  readonly revokedFile?: string
  /** Unix milliseconds. */
  readonly now: () => number
  /** A server never blocks long for another process's lock; a client may. */
  readonly role: 'server' | 'client'
  /** The lock that a server of this home holds (see `lock.ts`): no command changes the schema under a running server. */
  readonly serverLock?: string
  /** Told where the copy lies that was made of a database before its schema was changed. */
  readonly onUpgrade?: (copy: string) => void
}

/** What the parts of the SQLite store have in common. */
export interface StoreContext {
  readonly sql: (text: string) => Statement
  readonly remembered: Remembered
  readonly revokedFile: string | undefined
  /** Unix milliseconds. */
  readonly now: () => number
  /** One act of the next shared transaction (see `commit.ts`). */
  readonly write: <T>(act: () => T) => Promise<T>
  /** Reads the newest state, whichever process wrote it. */
  readonly read: <T>(act: () => T) => Promise<T>
  /** True once for all that other processes wrote since this was last asked. */
  readonly changedElsewhere: () => boolean
  readonly close: () => Promise<void>
}

const busyMs = { server: 5, client: 4000 }

/** Opens the database and joins it to what is remembered of it. Throws `home_unusable`, saying what to do. */
export function openShared(options: StoreOptions, beforeUpgrade: (version: number) => void): StoreContext {
  const open = () => openConnection({ ...options, busyMs: busyMs[options.role], beforeUpgrade })
  let connection = open()
  let unsaid = false
  const sql = (text: string) => connection.sql(text)
  const remembered = createRemembered(sql)
  const notice = () => {
    if (!connection.changed()) return
    unsaid = true
    remembered.forgetAll()
  }
  const refresh = oncePerTurn(notice)
  const { write, idle } = createCommitter({
    connection: () => connection,
    began: notice,
    ending: remembered.flush,
    undone: remembered.forgetAll,
    mend: () => {
      connection = renewed(connection, open)
      unsaid = true
      remembered.forgetAll()
    },
  })
  return {
    sql,
    remembered,
    revokedFile: options.revokedFile,
    now: options.now,
    write,
    read: (act) => promised(() => reading(refresh, act)),
    changedElsewhere: () => {
      notice()
      const said = unsaid
      unsaid = false
      return said
    },
    close: async () => {
      await idle()
      connection.close()
    },
  }
}

/** What an async function would give, without the cost of one: a knock reads twice. */
function promised<T>(act: () => T): Promise<T> {
  try {
    return Promise.resolve(act())
  } catch (thrown) {
    return Promise.reject(thrown)
  }
}

function reading<T>(refresh: () => void, act: () => T): T {
  try {
    refresh()
    return act()
  } catch (thrown) {
    throw unavailable(thrown)
  }
}

/** What arrives in one turn of the event loop sees one state; only the first asks the database for news. */
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
    // It was rolled back already.
  }
  const fresh = open()
  try {
    leaveMark({ sql: fresh.sql, now: Date.now })
  } catch (thrown) {
    fresh.close()
    throw thrown
  }
  old.close()
  return fresh
}

/** A write that changes nothing anyone reads. */
export function leaveMark({ sql, now }: Pick<StoreContext, 'sql' | 'now'>): void {
  sql('INSERT OR REPLACE INTO probes (id, at) VALUES (1, ?)').run(now())
}
