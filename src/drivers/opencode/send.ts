import type { Outgoing, Readiness, TurnEvents } from '../../domain/driver.ts'
import { reasonOf } from '../../domain/error.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { isTimeout, pause, within } from '../../wait.ts'
import { begin, locate, type Place } from './conversation.ts'
import { listen } from './events.ts'
import { createCourse, follow, saidSoFar } from './follow.ts'
import { newMessageId } from './messages.ts'
import { beginMs, placeQuery, stateAt } from './readiness.ts'
import type { Sent } from './record.ts'
import type { Wire } from './session-state.ts'
import { textWithSkill } from './skill.ts'
import { standing } from './standing.ts'

/** One message, and with `on` its whole turn. One at a time: what comes meanwhile would wait in the agent's own queue. */
export async function speak(
  wire: Wire,
  message: Outgoing,
  signal: AbortSignal,
  on?: TurnEvents,
): Promise<Outcome> {
  if (wire.ending.signal.aborted) return { kind: 'ended' }
  if (wire.busy) return { kind: 'busy', why: 'a turn runs' }
  if (signal.aborted) return released
  wire.busy = true
  const cut = AbortSignal.any([signal, wire.ending.signal])
  try {
    const outcome = await speakAlone(wire, message, cut, on)
    // What went wrong may be tried again by hand, and is a new message then.
    if (outcome.kind === 'turn_failed' || outcome.kind === 'failed') await wire.record.clear()
    return outcome
  } catch (thrown) {
    return { kind: 'failed', why: reasonOf(thrown), retry: true }
  } finally {
    wire.busy = false
  }
}

const released: Outcome = { kind: 'released', why: 'let go before anything was sent' }

async function speakAlone(
  wire: Wire,
  message: Outgoing,
  cut: AbortSignal,
  on: TurnEvents | undefined,
): Promise<Outcome> {
  const found = await locate(wire, cut)
  const located = found.kind === 'none' && !cut.aborted ? await begin(wire, cut) : found
  if (cut.aborted) return cutOff(wire)
  if (located.kind === 'gone') return { kind: 'ended', why: located.why }
  if (located.kind !== 'place')
    return { kind: 'offline', why: 'why' in located ? located.why : 'it has no session' }
  const { place } = located
  const state = await stateAt(wire, place, cut)
  if (cut.aborted) return cutOff(wire)
  if (state.kind !== 'idle') return notIdle(state)
  const text = await textWithSkill(wire, place, message, cut)
  if (text === undefined)
    return { kind: 'failed', why: `it has no skill "${message.skill}"`, retry: false, skill: true }
  if (typeof text !== 'string') return text
  if (cut.aborted) return cutOff(wire)
  return send(wire, place, { message, text, cut, on })
}

/** Before anything was sent. */
const cutOff = ({ ending }: Wire): Outcome => (ending.signal.aborted ? { kind: 'ended' } : released)

function notIdle(state: Exclude<Readiness, { kind: 'idle' }>): Outcome {
  if (state.kind === 'offline') return state
  return 'why' in state && state.kind !== 'ended' ? { kind: 'busy', why: state.why } : { kind: 'ended' }
}

interface Sending {
  readonly message: Outgoing
  readonly text: string
  readonly cut: AbortSignal
  readonly on: TurnEvents | undefined
}

async function send(wire: Wire, place: Place, sending: Sending): Promise<Outcome> {
  const { message, cut, on } = sending
  const now = wire.tools.now()
  const sent: Sent = {
    deliveryId: message.deliveryId,
    messageId: newMessageId(now),
    turn: on !== undefined,
    at: now,
  }
  if (!on) return post(wire, place, sent, sending)
  const course = createCourse(wire, sent, on)
  const events = listen(wire.api, place, course.hear)
  try {
    const taken = await post(wire, place, sent, sending)
    if (taken.kind !== 'taken') return taken
    await on.accepted().catch((thrown: unknown) => warn(wire, 'accept_failed', thrown))
    const outcome = await follow(wire, place, sent, { course, events }, cut)
    return outcome ?? (await givenUp(wire, place, sent, cut, course.trouble))
  } finally {
    events.close()
  }
}

const warn = ({ tools, session }: Wire, event: string, thrown: unknown): void =>
  tools.log('warn', `opencode.${event}`, { session: session.id, why: reasonOf(thrown) })

/** Resolves as `taken` once the message stands in the conversation. */
async function post(wire: Wire, place: Place, sent: Sent, { text, cut }: Sending): Promise<Outcome> {
  await wire.record.write(sent)
  const body = { messageID: sent.messageId, parts: [{ type: 'text', text }] }
  const path = `/session/${place.id}/prompt_async`
  const reply = await wire.api.post(path, placeQuery(place), body, cut)
  if (reply.kind === 'done') return appears(wire, place, sent, cut)
  if (reply.kind === 'broken') return { kind: 'unknown', why: reply.why, accepted: false }
  await wire.record.clear()
  if (reply.kind === 'away') return { kind: 'offline', why: reply.why }
  if (reply.kind === 'unknown') return { kind: 'ended', why: 'its conversation is gone' }
  return { kind: 'failed', why: `its server refused it: ${reply.why}`, retry: reply.status >= 500 }
}

/** The server says yes before it has written the message anywhere. */
async function appears(wire: Wire, place: Place, sent: Sent, cut: AbortSignal): Promise<Outcome> {
  const until = Date.now() + beginMs
  for (let pauseMs = 20; Date.now() < until && !cut.aborted; pauseMs = Math.min(500, pauseMs * 2)) {
    if ((await standing(wire, place, sent, cut)) === 'whole') return { kind: 'taken', evidence: 'ack' }
    await pause(pauseMs)
  }
  return { kind: 'unknown', why: 'its server took the message, but it did not appear', accepted: false }
}

/** Well inside the second within which an abort must be over. */
const giveUpMs = 400

/** A turn that takes too long is aborted; one that is only let go runs on, and is asked about later. */
async function givenUp(
  wire: Wire,
  place: Place,
  sent: Sent,
  cut: AbortSignal,
  trouble: string | undefined,
): Promise<Outcome> {
  if (wire.ending.signal.aborted) return { kind: 'ended', why: 'it was ended while a turn ran' }
  if (!isTimeout(cut)) return { kind: 'busy', why: 'its turn runs on', retryAfterMs: 0 }
  const patience = AbortSignal.timeout(giveUpMs)
  const query = placeQuery(place)
  const aborting = wire.api.post(`/session/${place.id}/abort`, query, {}, AbortSignal.timeout(abortMs))
  await within(aborting, giveUpMs / 2)
  const answer = await saidSoFar(wire, place, sent, patience)
  const detail = `its turn took longer than it may${trouble === undefined ? '' : `; its model: ${trouble}`}`
  return { kind: 'turn_failed', why: 'timeout', detail, ...(answer !== '' && { answer }) }
}

const abortMs = 5000
