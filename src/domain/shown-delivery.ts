import { type Delivery, type HeldBecause, isTerminal } from './delivery.ts'
import type { Session } from './session.ts'

/** The delivery as lists show it: what is held by hand (`paused` says how), or waits for what only its session knows, says so. */
export function shown<T extends Delivery>(
  delivery: T,
  session: Pick<Session, 'driver' | 'state' | 'why'> | undefined,
  paused: string | undefined,
): T {
  if (!isInQueue(delivery)) return delivery
  if (paused !== undefined) return { ...delivery, heldBecause: 'paused', detail: paused }
  return session?.driver === 'inbox' && delivery.state === 'PENDING' && delivery.heldBecause === undefined
    ? { ...delivery, heldBecause: 'inbox' }
    : whileOffline(delivery, session)
}

/** Says why it waits where its session cannot be reached, which no attempt has found out for it. */
export function whileOffline<T extends Delivery>(
  delivery: T,
  session: Pick<Session, 'state' | 'why'> | { readonly state: 'missing' } | undefined,
): T {
  if (session?.state !== 'offline' || !isInQueue(delivery)) return delivery
  if (delivery.heldBecause !== undefined && !passing.includes(delivery.heldBecause)) return delivery
  return { ...delivery, heldBecause: 'offline', ...(session.why !== undefined && { detail: session.why }) }
}

/** What an attempt found that nothing more is known of now. */
const passing: readonly HeldBecause[] = ['busy', 'released']

/** Nothing is under way for it, and its session has not had it. */
const isInQueue = ({ state, phase, leasedUntil }: Delivery): boolean =>
  !isTerminal(state) && phase === 'deliver' && leasedUntil === undefined
