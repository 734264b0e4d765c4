import { Failure, reasonOf } from '../domain/error.ts'
import { type Connection, isBusy, isLate, isOwnFault, unavailable } from './connection.ts'

/** Runs writes of this process together: what arrives meanwhile shares one transaction and one fsync. */
interface Committer {
  /**
   * Runs `act` inside the next transaction and resolves with its result once that is on disk. When `act` throws a
   * `Failure` before it wrote anything, only its own promise rejects. It may be run anew after a transaction was undone.
   */
  write<T>(act: () => T): Promise<T>
  /** Resolves when every write so far has ended. */
  idle(): Promise<void>
}

interface CommitDeps {
  readonly connection: () => Connection
  /** The transaction holds the write lock now: nobody else writes until it ends. */
  readonly began: () => void
  /** Last writes of the transaction, once for all its acts. */
  readonly ending: () => void
  /** The transaction is on disk; nobody was told yet. */
  readonly committed: () => void
  /** What the cache holds of this transaction must be forgotten. */
  readonly undone: () => void
  /** Makes sure that a transaction which failed on its way to the disk is gone for good; throws while it cannot. */
  readonly recover: () => void
}

interface Job {
  readonly act: () => unknown
  readonly askedAt: number
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

/** Most acts of one transaction: bounds how long other processes wait for the lock, and a command's own event loop. */
const batchLimit = 512
/** How long a write waits for another process to let go of the lock. */
const lockWaitMs = 4000
const lockPauseMs = 15

export function createCommitter(deps: CommitDeps): Committer {
  let waiting: Job[] = []
  let scheduled = false
  let needsRecovery = false
  const idleWaiters: (() => void)[] = []

  const schedule = (delayMs: number) => {
    scheduled = true
    if (delayMs > 0) setTimeout(flush, delayMs)
    else setImmediate(flush)
  }

  const flush = () => {
    scheduled = false
    if (begin()) {
      const batch = waiting.length > batchLimit ? waiting.splice(0, batchLimit) : waiting.splice(0)
      const ended = runBatch(deps, batch)
      needsRecovery = ended.needsRecovery && !recovered()
      if (ended.again.length > 0) waiting = [...ended.again, ...waiting]
    }
    if (scheduled) return
    if (waiting.length > 0) schedule(0)
    else for (const waiter of idleWaiters.splice(0)) waiter()
  }

  /** Tried at once, even on a failing disk: an attempt may already overwrite the log entry that must not be found. */
  const recovered = (): boolean => {
    try {
      deps.recover()
      return true
    } catch {
      return false
    }
  }

  const begin = (): boolean => {
    try {
      if (needsRecovery) deps.recover()
      needsRecovery = false
      deps.connection().exec('BEGIN IMMEDIATE')
      return true
    } catch (thrown) {
      waiting = postpone(waiting, thrown)
      if (waiting.length > 0) schedule(lockPauseMs)
      return false
    }
  }

  return {
    write: <T>(act: () => T) =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ act, askedAt: performance.now(), resolve: resolve as Job['resolve'], reject })
        if (!scheduled) schedule(0)
      }),
    idle: () =>
      scheduled
        ? new Promise((resolve) => {
            idleWaiters.push(resolve)
          })
        : Promise.resolve(),
  }
}

/** The jobs that may still wait for another process's lock; the others are refused. */
function postpone(jobs: readonly Job[], thrown: unknown): Job[] {
  const since = performance.now() - lockWaitMs
  const patient = isBusy(thrown) ? jobs.filter((job) => job.askedAt > since) : []
  for (const job of jobs) if (!patient.includes(job)) job.reject(unavailable(thrown))
  return patient
}

interface Ended {
  /** Undone through no fault of their own. */
  readonly again: readonly Job[]
  /** The disk failed: nothing may be written before that is recovered. */
  readonly needsRecovery: boolean
}

function runBatch(deps: CommitDeps, batch: readonly Job[]): Ended {
  const ends: (() => void)[] = []
  let running: Job | undefined
  try {
    deps.began()
    for (running of batch) ends.push(runJob(running))
    running = undefined
    deps.ending()
    deps.connection().exec('COMMIT')
    deps.committed()
  } catch (thrown) {
    return undo(deps, batch, running, thrown)
  }
  for (const end of ends) end()
  return { again: [], needsRecovery: false }
}

/** How the caller's promise ends once the transaction is on disk. */
function runJob(job: Job): () => void {
  try {
    const value = job.act()
    return () => job.resolve(value)
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown
    return () => job.reject(thrown)
  }
}

function undo(deps: CommitDeps, batch: readonly Job[], running: Job | undefined, thrown: unknown): Ended {
  try {
    deps.connection().exec('ROLLBACK')
  } catch {
    // SQLite has rolled back by itself.
  }
  deps.undone()
  // Whose fault it was is seen when they are waited for one by one, as the connection will now.
  if (isLate(thrown)) return { again: batch, needsRecovery: false }
  if (running && isOwnFault(thrown)) {
    running.reject(new Failure('internal', `This cannot be stored: ${reasonOf(thrown)}.`, { cause: thrown }))
    return { again: batch.filter((job) => job !== running), needsRecovery: false }
  }
  for (const job of batch) job.reject(unavailable(thrown))
  return { again: [], needsRecovery: true }
}
