import type { DeliveryId } from '../../domain/delivery.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { type Conversation, locate, messageStatus } from './conversation.ts'
import { lookAt } from './follow.ts'
import type { Sent } from './journal.ts'
import type { SessionState } from './session-state.ts'

const recallMs = 10_000
/** A message that its server answered with 204 may still be on its way into the conversation. */
const arriveMs = 20_000

/**
 * What became of a message that was sent before, as the conversation shows it under the id that was chosen for it.
 */
export async function recover(state: SessionState, deliveryId: DeliveryId): Promise<Outcome | undefined> {
  const sent = await state.journal.read()
  if (sent?.deliveryId !== deliveryId) return undefined
  const signal = AbortSignal.timeout(recallMs)
  const located = await locate(state, signal)
  if (located.kind === 'offline') return located
  const outcome =
    located.kind === 'place' ? await recoverIn(state, located.conversation, sent, signal) : undefined
  if (!outcome || outcome.kind === 'turn_failed') await state.journal.clear()
  return outcome
}

async function recoverIn(
  state: SessionState,
  conversation: Conversation,
  sent: Sent,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const found = await messageStatus(state, conversation, sent, signal)
  if (found === 'unsure' || found === 'away')
    return { kind: 'offline', why: 'its server does not show what became of it' }
  if (found === 'missing')
    return state.tools.now() - sent.at < arriveMs
      ? { kind: 'busy', why: 'it may be on its way into the conversation', retryAfterMs: 1000 }
      : undefined
  if (!sent.turn) return { kind: 'taken', evidence: 'ack' }
  const look = await lookAt(state, conversation, sent, { error: undefined, joined: true }, signal)
  if (look.kind === 'over') return look.outcome
  if (look.kind === 'away') return { kind: 'offline', why: look.why }
  return { kind: 'busy', why: look.why, retryAfterMs: 500 }
}
