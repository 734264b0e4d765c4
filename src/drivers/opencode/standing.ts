import type { Conversation } from './conversation.ts'
import { messageOf } from './messages.ts'
import { directoryOf } from './readiness.ts'
import type { Sent } from './record.ts'
import type { SessionState } from './session-state.ts'

/** Whether a message stands in its conversation; `unsure` where its server does not tell, `away` where nobody answers. */
export async function messageStatus(
  { api }: SessionState,
  conversation: Conversation,
  { messageId }: Sent,
  signal: AbortSignal,
): Promise<'whole' | 'missing' | 'unsure' | 'away'> {
  const reply = await api.get(
    `/session/${conversation.id}/message/${messageId}`,
    directoryOf(conversation),
    signal,
  )
  if (reply.kind === 'done') return messageOf(reply.body)?.whole ? 'whole' : 'missing'
  if (reply.kind === 'unknown') return 'missing'
  return reply.kind === 'away' ? 'away' : 'unsure'
}
