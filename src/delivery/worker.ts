import type { Claim } from '../domain/claim.ts'
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
const [leastNapMs, longestNapMs] = [1, 1000]
/** How often it is looked for what was leased without an answer, and how long the answer to a knock may be on its way. Milliseconds. */
const [lostLookMs, lostAfterMs] = [5000, 10_000]

export function createWorker(deps: WorkerDeps): Worker {
  const stopping = new AbortController()
  const inFlight = new Map<Delivery, Promise<void>>()
  let draining = false
  let claiming = false
  let wanted = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let claimedAt = Number.NEGATIVE_INFINITY
  let lookedAt = Number.NEGATIVE_INFINITY

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
    // Most of the time nothing is due. What is leased by nobody who is there any more shows itself only to a claim.
    if (performance.now() - claimedAt < longestNapMs) {
      const leftMs = ((await deps.store.nextDue(except)) ?? Number.POSITIVE_INFINITY) - deps.now()
      if (leftMs > 0) return Math.min(longestNapMs, leftMs)
    }
    const due = await deps.store.claimDue({
      now: deps.now(),
      leaseMs: deps.leaseMs(),
      limit: room,
      except,
      ...lookForLost(),
    })
    claimedAt = performance.now()
    const held = new Set(idsInFlight())
    for (const delivery of due) if (!held.has(delivery.id)) start(delivery)
    wanted ||= due.length > 0
    return leastNapMs
  }

  const idsInFlight = () => [...inFlight.keys()].map(({ id }) => id)

  /** A database that ended between a COMMIT and its answer may have leased what nobody here knows of. */
  const lookForLost = (): Partial<Claim> => {
    if (performance.now() - lookedAt < lostLookMs) return {}
    lookedAt = performance.now()
    return { holding: idsInFlight(), lostAfterMs }
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
