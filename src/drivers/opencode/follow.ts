import type { EventKind } from '../../domain/delivery.ts'
import type { TurnEvents } from '../../domain/driver.ts'
import { oneLine } from '../../domain/one-line.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { pause } from '../../wait.ts'
import { isObject, type JsonObject, textAt } from '../json.ts'
import { errorText } from './api.ts'
import { type Conversation, directoryOf } from './conversation.ts'
import type { Events } from './events.ts'
import type { Sent } from './journal.ts'
import { type Message, messagesIn, type Reaction, reactionTo } from './messages.ts'
import type { Opening } from './opening.ts'
import { answerIn, outcomeOf } from './outcome.ts'
import { beginMs, permissionText, statusOf } from './readiness.ts'

/** What is known of a turn at one look. */
type Look =
  | { readonly kind: 'runs'; readonly why: string }
  | { readonly kind: 'over'; readonly outcome: Outcome }
  | { readonly kind: 'away'; readonly why: string }

const manyMessages = '300'

/** Whether the turn that a message began is over, and how it went. */
export async function lookAt(
  opening: Opening,
  conversation: Conversation,
  sent: Sent,
  progress: Pick<TurnProgress, 'error' | 'joined'>,
  signal: AbortSignal,
): Promise<Look> {
  const status = await statusOf(opening, conversation, signal)
  if (status.kind === 'offline') return { kind: status.gone ? 'away' : 'runs', why: status.why }
  if (status.kind === 'busy' && !progress.joined) return { kind: 'runs', why: status.why }
  const query = { ...directoryOf(conversation), limit: manyMessages }
  const reply = await opening.api.get(`/session/${conversation.id}/message`, query, signal)
  if (reply.kind === 'unknown') return over({ kind: 'ended', why: 'its conversation is gone' })
  if (reply.kind !== 'done') return { kind: reply.kind === 'away' ? 'away' : 'runs', why: reply.why }
  const reaction = reactionTo(sent.messageId, messagesIn(reply.body))
  if (!reaction)
    return over({ kind: 'unknown', why: 'its message is gone from the conversation', accepted: true })
  if (status.kind === 'busy' && !reaction.overtaken) return { kind: 'runs', why: status.why }
  return isSettled(opening, sent, reaction, progress.error)
    ? over(outcomeOf(reaction.answers, progress.error))
    : { kind: 'runs', why: 'its turn begins or ends' }
}

const over = (outcome: Outcome): Look => ({ kind: 'over', outcome })

/** How long the end of an answer may be missing from a conversation that is idle. */
const endMs = 10_000

/** A conversation is idle for a moment before its turn begins, and before what it ended with is written. */
function isSettled(
  opening: Opening,
  { messageId }: Sent,
  { answers }: Reaction,
  error: string | undefined,
): boolean {
  const last = answers.at(-1)
  if ((last?.over && !goesOn(last)) || (!last && error !== undefined)) return true
  const [now, seen] = [opening.tools.now(), opening.unsettled]
  const isAsSeen = seen?.messageId === messageId && seen.answers === answers.length
  if (!isAsSeen) opening.unsettled = { messageId, answers: answers.length, since: now }
  // Idle at the first look may mean that the turn had not begun; idle at a second look with the same answers means over.
  if (last?.over) return isAsSeen
  return isAsSeen && now - seen.since > (last ? endMs : beginMs)
}

/** Whether the agent writes another message: its tools have run, and their results belong to the next one. */
const goesOn = ({ error, finish }: Message): boolean =>
  error === undefined && (finish === 'tool-calls' || finish === 'unknown')

/** What events have shown of the turn. */
interface TurnProgress {
  /** An error that the server reported. */
  error: string | undefined
  /** Why the server last asked its model again. */
  trouble: string | undefined
  /** Another client wrote meanwhile: the conversation may go on without a pause. */
  joined: boolean
  readonly onEvent: (event: JsonObject) => void
}

const maxNotes = 40

/** The timeline: tool calls and what a person is asked, not every message. */
export function createTurnProgress(opening: Opening, { messageId }: Sent, on: TurnEvents): TurnProgress {
  const noted = new Set<string>()
  const note = (kind: EventKind, key: string, detail: string) => {
    if (noted.has(key) || noted.size >= maxNotes) return
    noted.add(key)
    on.progress({ at: opening.tools.now(), kind, detail })
  }
  const progress: TurnProgress = {
    error: undefined,
    trouble: undefined,
    joined: false,
    onEvent: ({ type, properties }) => {
      if (!isObject(properties)) return
      if (type === 'session.error') progress.error = errorText(properties.error) ?? progress.error
      if (type === 'permission.asked')
        note('held', textAt(properties, 'id') ?? '', `permission: ${permissionText(properties)}`)
      if (type === 'question.asked') note('held', textAt(properties, 'id') ?? '', 'a question for a person')
      if (type === 'message.updated') progress.joined ||= isOthers(properties.info, messageId)
      if (type === 'message.part.updated') onPart(properties.part, note)
      if (type === 'session.status') onStatus(properties.status)
    },
  }
  const onStatus = (status: JsonObject[string] | undefined) => {
    const message = textAt(status, 'type') === 'retry' ? textAt(status, 'message') : undefined
    if (message === undefined) return
    progress.trouble = oneLine(message)
    note('turn_started', `retry ${progress.trouble}`, `its model is asked again: ${progress.trouble}`)
  }
  return progress
}

const isOthers = (info: JsonObject[string] | undefined, messageId: string): boolean =>
  textAt(info, 'role') === 'user' && textAt(info, 'id') !== messageId

function onPart(
  part: JsonObject[string] | undefined,
  note: (kind: EventKind, key: string, detail: string) => void,
): void {
  if (textAt(part, 'type') === 'step-start') note('turn_started', 'step', 'the agent reacts')
  if (textAt(part, 'type') === 'tool')
    note('turn_started', textAt(part, 'id') ?? '', `tool call: ${oneLine(textAt(part, 'tool') ?? 'a tool')}`)
}

/** How long to wait without an event before the next look. */
const tickMs = 2000
/** Events come in bursts: one look is enough for each. */
const calmMs = 100

/** Waits for the end of the turn. Undefined when `signal` aborts first. */
export async function follow(
  opening: Opening,
  conversation: Conversation,
  sent: Sent,
  { progress, events }: { readonly progress: TurnProgress; readonly events: Events },
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const isGone = watchAbsence()
  while (!signal.aborted) {
    const next = events.next()
    const look = await lookAt(opening, conversation, sent, progress, signal)
    if (signal.aborted) break
    if (look.kind === 'over') return look.outcome
    if (isGone(look.kind === 'away'))
      return { kind: 'turn_failed', why: 'exited', detail: 'its server went away while the turn ran' }
    await Promise.race([next, pause(tickMs, signal)])
    await pause(calmMs)
  }
  return undefined
}

/** A server that cannot be reached for this long has ended, and every turn with it. */
const awayMs = 3000

/** Called at each look with whether no server answered; returns whether that has lasted too long. */
export function watchAbsence(): (away: boolean) => boolean {
  let since: number | undefined
  return (away) => {
    since = away ? (since ?? performance.now()) : undefined
    return since !== undefined && performance.now() - since > awayMs
  }
}

/** The answer so far, for a turn that is given up. */
export async function answerSoFar(
  opening: Opening,
  conversation: Conversation,
  sent: Sent,
  signal: AbortSignal,
): Promise<string> {
  const query = { ...directoryOf(conversation), limit: manyMessages }
  const reply = await opening.api.get(`/session/${conversation.id}/message`, query, signal)
  const reaction = reply.kind === 'done' ? reactionTo(sent.messageId, messagesIn(reply.body)) : undefined
  return reaction ? answerIn(reaction.answers) : ''
}
