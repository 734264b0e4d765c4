import { pause } from '../../wait.ts'
import { type Conversation, newestConversation, show } from './conversation.ts'
import type { Opening } from './opening.ts'
import { type Terminal, terminalAt } from './terminal.ts'

/** A terminal listens well before it obeys, and does not tell when it does: it is asked again until it is this old. */
const [startingMs, everyMs] = [60_000, 2000]

/**
 * The terminal on whose screen a conversation is to be opened, so that its person sees what comes in: one that shows none, as
 * after its start. A screen on which another one is in use stays as it is.
 */
export async function screenToOpenOn(
  { api, settings: { url } }: Opening,
  conversation: Conversation,
  signal: AbortSignal,
): Promise<Terminal | undefined> {
  const terminal = await terminalAt(url)
  if (!terminal) return undefined
  const open = await newestConversation(api, signal, terminal)
  if (open.kind === 'place' && open.conversation.id !== conversation.id) return undefined
  return open.kind === 'none' || isStarting(terminal) ? terminal : undefined
}

const isStarting = ({ startedAt }: Terminal): boolean => Date.now() - startedAt < startingMs

/** Asks again and again, as long as the terminal may still be starting. */
export async function goOnOpening(
  opening: Opening,
  conversation: Conversation,
  terminal: Terminal,
): Promise<void> {
  const { api, closing } = opening
  if (opening.showing) return
  opening.showing = true
  while (isStarting(terminal) && !closing.signal.aborted) {
    await pause(everyMs, closing.signal)
    const open = await newestConversation(api, closing.signal, terminal)
    if (open.kind === 'place' && open.conversation.id !== conversation.id) break
    await show(api, conversation, closing.signal)
  }
  opening.showing = false
}
