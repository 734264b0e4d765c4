import type { Place } from './conversation.ts'
import { messageOf } from './messages.ts'
import { placeQuery } from './readiness.ts'
import type { Sent } from './record.ts'
import type { Wire } from './session-state.ts'

/** Whether a message stands in its conversation; `unsure` where its server does not tell. */
export async function standing(
  { api }: Wire,
  place: Place,
  { messageId }: Sent,
  signal: AbortSignal,
): Promise<'whole' | 'missing' | 'unsure'> {
  const reply = await api.get(`/session/${place.id}/message/${messageId}`, placeQuery(place), signal)
  if (reply.kind === 'done') return messageOf(reply.body)?.whole ? 'whole' : 'missing'
  return reply.kind === 'unknown' ? 'missing' : 'unsure'
}
