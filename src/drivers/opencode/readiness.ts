import type { Readiness } from '../../domain/driver.ts'
import { oneLine } from '../../domain/one-line.ts'
import { answersTo } from '../agents/asked-question.ts'
import { blockedBy } from '../blocked.ts'
import { isObject, type JsonObject, textAt } from '../json.ts'
import type { Reply } from './api.ts'
import { type Conversation, directoryOf, locate } from './conversation.ts'
import { messagesIn, reactionTo } from './messages.ts'
import type { Opening } from './opening.ts'

export async function readiness(opening: Opening, signal: AbortSignal): Promise<Readiness> {
  if (opening.ending.signal.aborted) return { kind: 'ended' }
  const located = await locate(opening, signal)
  if (located.kind === 'gone') return { kind: 'ended', why: located.why }
  if (located.kind === 'offline') return located
  return located.kind === 'none' ? { kind: 'idle' } : readinessAt(opening, located.conversation, signal)
}

/** What goes on in a conversation, whoever began it. */
export async function readinessAt(
  opening: Opening,
  conversation: Conversation,
  signal: AbortSignal,
): Promise<Readiness> {
  const status = await statusOf(opening, conversation, signal)
  if (status.kind === 'offline') return { kind: 'offline', why: status.why }
  if (status.kind === 'idle')
    return (await isAboutToBegin(opening, conversation, signal))
      ? { kind: 'busy', why: 'a turn begins' }
      : { kind: 'idle' }
  const asks = await waitsFor(opening, conversation, signal)
  return asks === undefined ? { kind: 'busy', why: status.why } : blockedBy(asks)
}

type Status =
  | { readonly kind: 'idle' }
  | { readonly kind: 'busy'; readonly why: string }
  /** `gone`: nothing listens there, or another program; else the server only did not answer in time. */
  | { readonly kind: 'offline'; readonly why: string; readonly gone: boolean }

export async function statusOf(
  { api }: Opening,
  conversation: Conversation,
  signal: AbortSignal,
): Promise<Status> {
  const reply = await api.get('/session/status', { directory: conversation.directory }, signal)
  if (reply.kind !== 'done') return { kind: 'offline', why: reply.why, gone: reply.kind === 'away' }
  const status = isObject(reply.body) ? reply.body[conversation.id] : undefined
  const type = textAt(status, 'type') ?? 'idle'
  if (type === 'idle') return { kind: 'idle' }
  const trouble = textAt(status, 'message')
  return type === 'retry' && trouble !== undefined
    ? { kind: 'busy', why: `its model is asked again: ${oneLine(trouble)}` }
    : { kind: 'busy', why: 'a turn runs' }
}

/** A person is asked something. A request may outlive the turn that asked, so it only counts while one runs. */
export async function waitsFor(
  opening: Pick<Opening, 'api'>,
  conversation: Conversation,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [permissions = [], questions = []] = await Promise.all([
    askedIn(opening, conversation, '/permission', signal),
    askedIn(opening, conversation, '/question', signal),
  ])
  const [permission] = permissions
  if (permission) return `permission: ${permissionText(permission)}`
  return questions[0] && answersTo(questions[0].questions)
}

/** What a conversation asks a person, or one that it began; its own first. Undefined when the server does not tell. */
export async function askedIn(
  { api }: Pick<Opening, 'api'>,
  conversation: Conversation,
  path: '/permission' | '/question',
  signal: AbortSignal,
): Promise<readonly JsonObject[] | undefined> {
  const query = directoryOf(conversation)
  const reply = await api.get(path, query, signal)
  if (reply.kind !== 'done') return undefined
  const all = listIn(reply)
  const own = all.filter(({ sessionID }) => sessionID === conversation.id)
  if (own.length === all.length) return own
  const children = listIn(await api.get(`/session/${conversation.id}/children`, query, signal))
  const ids = new Set(children.map(({ id }) => id))
  return [...own, ...all.filter(({ sessionID }) => sessionID !== undefined && ids.has(sessionID))]
}

export function permissionText(request: JsonObject): string {
  const patterns = Array.isArray(request.patterns) ? request.patterns : []
  const all = [
    textAt(request, 'permission') ?? 'a tool',
    ...patterns.filter((one) => typeof one === 'string'),
  ]
  return oneLine(all.join(' '))
}

function listIn(reply: Reply): readonly JsonObject[] {
  return reply.kind === 'done' && Array.isArray(reply.body) ? reply.body.filter(isObject) : []
}

/** A message is taken well before its turn shows. Beyond this it is taken to have come to nothing. */
export const beginMs = 60_000

async function isAboutToBegin(
  opening: Opening,
  conversation: Conversation,
  signal: AbortSignal,
): Promise<boolean> {
  const sent = await opening.journal.read()
  if (!sent || opening.tools.now() - sent.at > beginMs) return false
  const reply = await opening.api.get(
    `/session/${conversation.id}/message`,
    { ...directoryOf(conversation), limit: '20' },
    signal,
  )
  if (reply.kind !== 'done') return false
  const reaction = reactionTo(sent.messageId, messagesIn(reply.body))
  return reaction !== undefined && reaction.answers.length === 0 && !reaction.overtaken
}
