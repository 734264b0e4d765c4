import { reasonOf } from '../../domain/error.ts'
import { isObject, type Json, textAt } from '../json.ts'
import type { Api, Reply } from './api.ts'
import type { Sent } from './journal.ts'
import { messageOf } from './messages.ts'
import type { Opening } from './opening.ts'
import { isSessionId } from './settings.ts'
import { type Terminal, terminalAt } from './terminal.ts'

/** A conversation, and its folder: most requests of the server's API are about one folder. */
export interface Conversation {
  readonly id: string
  readonly directory: string
}

export const directoryOf = ({ directory }: Conversation) => ({ directory })

type Located =
  | { readonly kind: 'place'; readonly conversation: Conversation }
  /** There is no conversation yet. */
  | { readonly kind: 'none' }
  | { readonly kind: 'gone'; readonly why: string }
  | { readonly kind: 'offline'; readonly why: string }

/**
 * The conversation of the settings, else the newest one of that server's folder, of a terminal the newest one that was used
 * since it was started; kept from then on.
 */
export async function locate(opening: Opening, signal: AbortSignal): Promise<Located> {
  const { sessionId } = opening.settings
  if (sessionId !== undefined)
    return conversationIn(await opening.api.get(`/session/${sessionId}`, {}, signal))
  const terminal = await terminalAt(opening.settings.url)
  const newest = await newestConversation(opening.api, signal, terminal)
  if (newest.kind === 'place') await rememberConversation(opening, newest.conversation)
  return newest
}

/** Begins a conversation, for there is none. */
export async function beginConversation(opening: Opening, signal: AbortSignal): Promise<Located> {
  const begun = conversationIn(await opening.api.post('/session', {}, {}, signal))
  if (begun.kind === 'place') await rememberConversation(opening, begun.conversation)
  if (begun.kind === 'place') await show(opening.api, begun.conversation, signal)
  return begun
}

/** A server without a screen takes no notice. */
export async function show(api: Api, conversation: Conversation, signal: AbortSignal): Promise<void> {
  await api.post('/tui/select-session', directoryOf(conversation), { sessionID: conversation.id }, signal)
}

/** None for a terminal in which none was used yet: its start page is on the screen, whatever is stored. */
export async function newestConversation(
  api: Api,
  signal: AbortSignal,
  terminal: Terminal | undefined,
): Promise<Located> {
  const reply = await api.get('/session', { roots: 'true', limit: '20' }, signal)
  if (reply.kind !== 'done') return conversationIn(reply)
  const all: readonly Json[] = Array.isArray(reply.body) ? reply.body : []
  const open = all.filter((session) => isObject(session) && !isArchived(session))
  const newest = open.toSorted((one, other) => updated(other) - updated(one)).at(0)
  const isOpen = newest !== undefined && updated(newest) >= (terminal?.startedAt ?? 0)
  return !isOpen ? { kind: 'none' } : conversationIn({ kind: 'done', body: newest })
}

const isArchived = (session: Json): boolean =>
  isObject(session) && isObject(session.time) && typeof session.time.archived === 'number'

export const updated = (session: Json): number =>
  isObject(session) && isObject(session.time) && typeof session.time.updated === 'number'
    ? session.time.updated
    : 0

function conversationIn(reply: Reply): Located {
  if (reply.kind === 'unknown') return { kind: 'gone', why: 'its conversation is gone' }
  if (reply.kind !== 'done') return { kind: 'offline', why: reply.why }
  const [id, directory] = [textAt(reply.body, 'id'), textAt(reply.body, 'directory')]
  return isSessionId(id) && directory !== undefined
    ? { kind: 'place', conversation: { id, directory } }
    : { kind: 'offline', why: 'what answers at its address is no opencode server' }
}

async function rememberConversation(opening: Opening, { id }: Conversation): Promise<void> {
  opening.settings = { ...opening.settings, sessionId: id }
  const { tools, session, settings } = opening
  try {
    await tools.remember({ ...settings })
  } catch (thrown) {
    tools.log('warn', 'opencode.remember_failed', { session: session.id, why: reasonOf(thrown) })
  }
}

/**
 * Whether a message stands in its conversation; `unsure` where its server does not show it, `away` where no server
 * answers.
 */
export async function messageStatus(
  { api }: Opening,
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
