import type { Delivery } from '../domain/delivery.ts'
import { reasonOf } from '../domain/error.ts'
import type { HostLink, Log } from '../domain/ports.ts'
import type { SessionId } from '../domain/session.ts'

interface WorkerDeps {
  readonly store: Pick<HostLink, 'claimDue' | 'nextDue'>
  readonly now: () => number
  readonly log: Log
  readonly leaseMs: () => number
  /** One attempt; never throws. */
  readonly dispatch: (delivery: Delivery, stopping: AbortSignal) => Promise<void>
  /** Sessions whose agent fetches its messages itself. */
  readonly pullSessions: () => Promise<readonly SessionId[]>
}

/** Sends what falls due, one at a time for each session, all sessions side by side. */
export interface Worker {
  /** Takes over a delivery that is leased to this process already. */
  start(delivery: Delivery): void
  /** Something may have fallen due. */
  wake(): void
  /** Claims no more; resolves when what is in flight has ended, or `graceMs` after which it is let go. */
  drain(graceMs: number): Promise<void>
}

const claimLimit = 64
const maxInFlight = 512
const longestNapMs = 1000

export function createWorker(deps: WorkerDeps): Worker {
  const stopping = new AbortController()
  const inFlight = new Map<Delivery, Promise<void>>()
  let draining = false
  let claiming = false
  let wanted = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const start = (delivery: Delivery) => {
    const done = deps.dispatch(delivery, stopping.signal).finally(() => {
      inFlight.delete(delivery)
      wake()
    })
    inFlight.set(delivery, done)
  }

  const wake = () => {
    wanted = true
    if (!claiming && !draining) void claim()
  }

  const claim = async () => {
    claiming = true
    clearTimeout(timer)
    let napMs = longestNapMs
    try {
      while (wanted && !draining) {
        wanted = false
        napMs = await claimOnce()
      }
    } catch (thrown) {
      deps.log('error', 'worker.claim_failed', { why: reasonOf(thrown) })
    }
    claiming = false
    if (!draining) timer = setTimeout(wake, napMs)
  }

  const claimOnce = async (): Promise<number> => {
    const except = [...busySessions(inFlight.keys()), ...(await deps.pullSessions())]
    const room = Math.min(claimLimit, maxInFlight - inFlight.size)
    if (room <= 0) return longestNapMs
    const due = await deps.store.claimDue({ now: deps.now(), leaseMs: deps.leaseMs(), limit: room, except })
    for (const delivery of due) start(delivery)
    if (due.length === room) wanted = true
    if (wanted) return 0
    const next = await deps.store.nextDue([...except, ...busySessions(inFlight.keys())])
    return next === undefined ? longestNapMs : Math.min(longestNapMs, Math.max(1, next - deps.now()))
  }

  return {
    start,
    wake,
    async drain(graceMs) {
      draining = true
      clearTimeout(timer)
      const release = setTimeout(() => stopping.abort(), graceMs)
      await Promise.allSettled(inFlight.values())
      clearTimeout(release)
    },
  }
}

/** A session's messages must not overlap; a callback goes beside them. */
const busySessions = (inFlight: Iterable<Delivery>): readonly SessionId[] =>
  [...inFlight].filter(({ phase }) => phase === 'deliver').map(({ session }) => session)
