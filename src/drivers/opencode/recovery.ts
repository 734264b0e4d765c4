import type { DeliveryId } from '../../domain/delivery.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { locate, type Place } from './conversation.ts'
import { lookAt } from './follow.ts'
import type { Sent } from './record.ts'
import type { Wire } from './session-state.ts'
import { standing } from './standing.ts'

const recallMs = 10_000
/** A message that its server said yes to may still be on its way into the conversation. */
const arriveMs = 20_000

/** What became of a message that was sent before: the conversation itself tells, under the id that was chosen for it. */
export async function recall(wire: Wire, deliveryId: DeliveryId): Promise<Outcome | undefined> {
  const sent = await wire.record.read()
  if (sent?.deliveryId !== deliveryId) return undefined
  const signal = AbortSignal.timeout(recallMs)
  const located = await locate(wire, signal)
  if (located.kind === 'offline') return located
  const outcome = located.kind === 'place' ? await recallAt(wire, located.place, sent, signal) : undefined
  if (!outcome || outcome.kind === 'turn_failed') await wire.record.clear()
  return outcome
}

async function recallAt(
  wire: Wire,
  place: Place,
  sent: Sent,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const found = await standing(wire, place, sent, signal)
  if (found === 'unsure') return { kind: 'offline', why: 'its server does not tell what became of it' }
  if (found === 'missing')
    return wire.tools.now() - sent.at < arriveMs
      ? { kind: 'busy', why: 'it may be on its way into the conversation', retryAfterMs: 1000 }
      : undefined
  if (!sent.turn) return { kind: 'taken', evidence: 'ack' }
  const look = await lookAt(wire, place, sent, { error: undefined, joined: true }, signal)
  if (look.kind === 'over') return look.outcome
  if (look.kind === 'away') return { kind: 'offline', why: look.why }
  return { kind: 'busy', why: look.why, retryAfterMs: 500 }
}
