import type { DoorStore, HostLink } from '../domain/ports.ts'
import type { SessionId } from '../domain/session.ts'
import type { Waiters } from './waiters.ts'

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
  for (const id of awaited) {
    const delivery = await store.findDelivery(id)
    if (delivery) waiters.notify(delivery)
  }
  return failed
}
