import type { Delivery } from '../domain/delivery.ts'
import { reasonOf } from '../domain/error.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { DoorStore, HostLink, Log } from '../domain/ports.ts'
import { tombstone } from './tombstone.ts'

interface SessionNoteDeps {
  readonly store: Pick<DoorStore, 'findSession'> & Pick<HostLink, 'endSession' | 'markSession' | 'failQueued'>
  readonly clock: { readonly now: () => number }
  readonly log: Log
}

interface Attempted {
  readonly delivery: Pick<Delivery, 'session'>
  /** The opening of the session that the attempt was for. */
  readonly generation?: string | undefined
}

/** What an attempt taught about the session itself. */
export async function noteSession(
  deps: SessionNoteDeps,
  { delivery, generation }: Attempted,
  outcome: Outcome,
): Promise<void> {
  const id = delivery.session
  try {
    const session = await deps.store.findSession(id)
    if (!session || session.state === 'ended' || session.generation !== generation) return
    if (outcome.kind === 'ended') await tombstone(deps, session, outcome)
    if (outcome.kind === 'offline')
      await deps.store.markSession(id, session.generation, 'offline', outcome.why)
    if (session.state === 'offline' && (outcome.kind === 'taken' || outcome.kind === 'completed'))
      await deps.store.markSession(id, session.generation, 'live')
  } catch (thrown) {
    deps.log('warn', 'session.note_failed', { session: id, why: reasonOf(thrown) })
  }
}
