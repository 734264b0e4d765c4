import type { DoorStore, HostLink } from '../domain/ports.ts'
import type { SessionId } from '../domain/session.ts'
import { notifyStored, type Waiters } from './waiters.ts'

interface SessionEndDeps {
  readonly store: Pick<DoorStore, 'findDelivery'> & Pick<HostLink, 'failQueued'>
  readonly waiters: Pick<Waiters, 'awaited' | 'notify'>
}

/**
 * Fails what waits for a session that has ended. Whoever waits for an answer comes first: a queue may be long. Returns how
 * many failed.
 */
export async function failQueue(deps: SessionEndDeps, session: SessionId, why: string): Promise<number> {
  const first = await failAwaited(deps, session, why)
  return first + (await deps.store.failQueued(session, why))
}

/** Fails only what somebody waits for, and tells them. */
export async function failAwaited(deps: SessionEndDeps, session: SessionId, why: string): Promise<number> {
  const { store, waiters } = deps
  const awaited = waiters.awaited(session)
  if (awaited.length === 0) return 0
  const failed = await store.failQueued(session, why, awaited)
  await notifyStored(deps, awaited)
  return failed
}

interface EndSweepDeps {
  readonly store: Pick<DoorStore, 'counts' | 'listSessions'>
  readonly failQueue: (session: SessionId, why: string) => Promise<number>
}

/** What was last seen of an ended session. */
interface Seen {
  readonly generation: string
  readonly queue: number
  /** Nothing is to be done for this end any more. */
  readonly swept: boolean
}

/** A process that ended a session and died meanwhile left some of its queue. Each end is looked at until its queue rests. */
export function createEndSweep({ store, failQueue }: EndSweepDeps): () => Promise<void> {
  const seen = new Map<SessionId, Seen>()
  return async function sweepEnded() {
    const { queues } = await store.counts()
    for (const { id, state, generation, why } of await store.listSessions()) {
      if (state !== 'ended') continue
      const known = seen.get(id)
      const before = known?.generation === generation ? known : undefined
      if (before?.swept) continue
      const queue = queues.get(id) ?? 0
      // Whoever ends it may be at work still.
      const swept = queue === 0 || before?.queue === queue
      seen.set(id, { generation, queue, swept })
      if (swept && queue > 0) await failQueue(id, why ?? 'the session ended')
    }
  }
}
