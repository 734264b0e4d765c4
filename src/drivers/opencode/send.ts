import type { Outgoing, Readiness, TurnEvents } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { isTimeout, pause, within } from '../../wait.ts'
import { logUnstored } from '../accepted.ts'
import { noSkill } from '../agents/skills.ts'
import { heldBy, lateDetail } from '../blocked.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import {
  beginConversation,
  type Conversation,
  directoryOf,
  locate,
  messageStatus,
  show,
} from './conversation.ts'
import { listen } from './events.ts'
import { answerSoFar, createTurnProgress, follow, watchAbsence } from './follow.ts'
import type { Sent } from './journal.ts'
import { newMessageId } from './messages.ts'
import type { Opening } from './opening.ts'
import { beginMs, readinessAt, waitsFor } from './readiness.ts'
import { goOnOpening, screenToOpenOn } from './screen.ts'
import { textWithSkill } from './skill.ts'
import type { Terminal } from './terminal.ts'

/**
 * One message, and with `on` its whole turn. One at a time: what comes meanwhile would wait in the agent's own
 * queue.
 */
export const send = (
  opening: Opening,
  message: Outgoing,
  signal: AbortSignal,
  on?: TurnEvents,
): Promise<Outcome> =>
  oneAtATime(opening, 'a turn runs', async () => {
    if (signal.aborted) return released
    const cut = AbortSignal.any([signal, opening.ending.signal])
    const outcome = await sendAlone(opening, message, cut, on)
    // What went wrong may be tried again by hand, and is a new message then.
    if (outcome.kind === 'turn_failed' || outcome.kind === 'failed') await opening.journal.clear()
    return outcome
  })

const released: Outcome = { kind: 'released', why: 'let go before anything was sent' }

async function sendAlone(
  opening: Opening,
  message: Outgoing,
  cut: AbortSignal,
  on: TurnEvents | undefined,
): Promise<Outcome> {
  const found = await locate(opening, cut)
  const located = found.kind === 'none' && !cut.aborted ? await beginConversation(opening, cut) : found
  if (cut.aborted) return cutOff(opening)
  if (located.kind === 'gone') return { kind: 'ended', why: located.why }
  if (located.kind !== 'place')
    return { kind: 'offline', why: 'why' in located ? located.why : 'it has no session' }
  const { conversation } = located
  const readiness = await readinessAt(opening, conversation, cut)
  if (cut.aborted) return cutOff(opening)
  if (readiness.kind !== 'idle') return notIdle(readiness)
  const text = await textWithSkill(opening, conversation, message, cut)
  if (text === undefined) return noSkill(message.skill)
  if (typeof text !== 'string') return text
  const screen = await screenToOpenOn(opening, conversation, cut)
  if (screen) await show(opening.api, conversation, cut)
  if (cut.aborted) return cutOff(opening)
  return sendAndFollow(opening, conversation, { message, text, cut, on, screen })
}

/** Before anything was sent. */
const cutOff = ({ ending }: Opening): Outcome => (ending.signal.aborted ? { kind: 'ended' } : released)

function notIdle(readiness: Exclude<Readiness, { kind: 'idle' }>): Outcome {
  if (readiness.kind === 'offline') return readiness
  return readiness.kind === 'busy' || readiness.kind === 'blocked' ? heldBy(readiness) : { kind: 'ended' }
}

interface Sending {
  readonly message: Outgoing
  readonly text: string
  readonly cut: AbortSignal
  readonly on: TurnEvents | undefined
  /** Where the conversation is opened for this message. */
  readonly screen: Terminal | undefined
}

/** A turn goes without the server's events rather than not at all. */
const openMs = 2000

async function sendAndFollow(
  opening: Opening,
  conversation: Conversation,
  sending: Sending,
): Promise<Outcome> {
  const { message, cut, on } = sending
  const now = opening.tools.now()
  const sent: Sent = {
    deliveryId: message.deliveryId,
    messageId: newMessageId(Date.now()),
    turn: on !== undefined,
    at: now,
  }
  if (!on) return post(opening, conversation, sent, sending)
  const progress = createTurnProgress(opening, sent, on)
  const events = listen(opening.api, conversation, progress.onEvent)
  try {
    // Events from before the stream is open are lost, and some errors are sent only once.
    await Promise.race([events.opened, pause(openMs, cut)])
    if (cut.aborted) return cutOff(opening)
    const taken = await post(opening, conversation, sent, sending)
    if (taken.kind !== 'taken') return taken
    await logUnstored(on.accepted(), opening)
    const outcome = await follow(opening, conversation, sent, { progress: progress, events }, cut)
    return outcome ?? (await givenUp(opening, conversation, sent, cut, progress.trouble))
  } finally {
    events.close()
  }
}

/** Resolves as `taken` once the message stands in the conversation. */
async function post(
  opening: Opening,
  conversation: Conversation,
  sent: Sent,
  { text, cut, screen }: Sending,
): Promise<Outcome> {
  await opening.journal.write(sent)
  const body = { messageID: sent.messageId, parts: [{ type: 'text', text }] }
  const path = `/session/${conversation.id}/prompt_async`
  const reply = await opening.api.post(path, directoryOf(conversation), body, cut)
  if (reply.kind === 'done') {
    const outcome = await appears(opening, conversation, sent, cut)
    if (screen) void goOnOpening(opening, conversation, screen)
    return outcome
  }
  if (reply.kind === 'broken') return { kind: 'unknown', why: reply.why, accepted: false }
  await opening.journal.clear()
  if (reply.kind === 'away') return { kind: 'offline', why: reply.why }
  if (reply.kind === 'unknown') return { kind: 'ended', why: 'its conversation is gone' }
  return { kind: 'failed', why: `its server refused it: ${reply.why}`, retry: reply.status >= 500 }
}

/** The server answers 204 before it has written the message anywhere, and may end in between. */
async function appears(
  opening: Opening,
  conversation: Conversation,
  sent: Sent,
  cut: AbortSignal,
): Promise<Outcome> {
  const until = performance.now() + beginMs
  const isGone = watchAbsence()
  for (let pauseMs = 20; performance.now() < until && !cut.aborted; pauseMs = Math.min(500, pauseMs * 2)) {
    const found = await messageStatus(opening, conversation, sent, cut)
    if (found === 'whole') return { kind: 'taken', evidence: 'ack' }
    if (isGone(found === 'away'))
      return { kind: 'unknown', why: 'its server went away before the message appeared', accepted: false }
    await pause(pauseMs)
  }
  return { kind: 'unknown', why: 'its server took the message, but it did not appear', accepted: false }
}

/** Well inside the second within which an abort must be over. */
const giveUpMs = 400

/** A turn that takes too long is aborted; one that is only let go runs on, and is asked about later. */
async function givenUp(
  opening: Opening,
  conversation: Conversation,
  sent: Sent,
  cut: AbortSignal,
  trouble: string | undefined,
): Promise<Outcome> {
  if (opening.ending.signal.aborted) return { kind: 'ended', why: 'it was ended while a turn ran' }
  if (!isTimeout(cut)) return { kind: 'busy', why: 'its turn runs on', retryAfterMs: 0 }
  const patience = AbortSignal.timeout(giveUpMs)
  const asks = await waitsFor(opening, conversation, patience)
  const query = directoryOf(conversation)
  const aborting = opening.api.post(
    `/session/${conversation.id}/abort`,
    query,
    {},
    AbortSignal.timeout(abortMs),
  )
  await within(aborting, giveUpMs / 2)
  const answer = await answerSoFar(opening, conversation, sent, patience)
  const detail = `${lateDetail(asks)}${trouble === undefined ? '' : `; its model: ${trouble}`}`
  return { kind: 'turn_failed', why: 'timeout', detail, ...(answer !== '' && { answer }) }
}

const abortMs = 5000
