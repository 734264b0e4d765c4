import type { DeliveryId } from '../../domain/delivery.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { type Conversation, locate, messageStatus } from './conversation.ts'
import { lookAt } from './follow.ts'
import type { Sent } from './journal.ts'
import type { Opening } from './opening.ts'

const recallMs = 10_000
/** A message that its server answered with 204 may still be on its way into the conversation. */
const arriveMs = 20_000

/**
 * What became of a message that was sent before, as the conversation shows it under the id that was chosen for it.
 */
export async function recover(opening: Opening, deliveryId: DeliveryId): Promise<Outcome | undefined> {
  const sent = await opening.journal.read()
  if (sent?.deliveryId !== deliveryId) return undefined
  const signal = AbortSignal.timeout(recallMs)
  const located = await locate(opening, signal)
  if (located.kind === 'offline') return located
  const outcome =
    located.kind === 'place' ? await recoverIn(opening, located.conversation, sent, signal) : undefined
  if (!outcome || outcome.kind === 'turn_failed') await opening.journal.clear()
  return outcome
}

async function recoverIn(
  opening: Opening,
  conversation: Conversation,
  sent: Sent,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const found = await messageStatus(opening, conversation, sent, signal)
  if (found === 'unsure' || found === 'away')
    return { kind: 'offline', why: 'its server does not show what became of it' }
  if (found === 'missing')
    return opening.tools.now() - sent.at < arriveMs
      ? { kind: 'busy', why: 'it may be on its way into the conversation', retryAfterMs: 1000 }
      : undefined
  if (!sent.turn) return { kind: 'taken', evidence: 'ack' }
  const look = await lookAt(opening, conversation, sent, { error: undefined, joined: true }, signal)
  if (look.kind === 'over') return look.outcome
  if (look.kind === 'away') return { kind: 'offline', why: look.why }
  return { kind: 'busy', why: look.why, retryAfterMs: 500 }
}
