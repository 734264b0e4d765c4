import { randomUUID } from 'node:crypto'
import type { Outgoing, TurnEvents } from '../../domain/driver.ts'
import { reasonOf } from '../../domain/error.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { logUnstored } from '../accepted.ts'
import { noSkill, withSkill } from '../agents/skills.ts'
import { heldBy } from '../blocked.ts'
import { type Followed, followAcceptance, followTurn, openFollowing } from './follow.ts'
import { post } from './inbox.ts'
import { type Attempt, sha256Of } from './journal.ts'
import { hasEnded, look, type Opening, type Presence, placeOf, readinessOf } from './opening.ts'
import { notSeen, outcomeOf, recover } from './recovery.ts'
import { inboxToken } from './registry.ts'
import { transcriptBytes } from './transcript.ts'

/** One message and, with `on`, its whole turn. One at a time. */
export async function send(
  opening: Opening,
  message: Outgoing,
  signal: AbortSignal,
  on?: TurnEvents,
): Promise<Outcome> {
  if (opening.busy) return { kind: 'busy', why: 'a message is on its way' }
  opening.busy = true
  try {
    return await sendAlone(opening, message, signal, on)
  } finally {
    opening.busy = false
  }
}

async function sendAlone(
  opening: Opening,
  message: Outgoing,
  signal: AbortSignal,
  on: TurnEvents | undefined,
): Promise<Outcome> {
  const presence = await look(opening)
  if (presence.kind !== 'open') return presence
  const readiness = await readinessOf(opening, presence.entry)
  if (readiness.kind !== 'idle') return heldBy(readiness)
  const earlier = await earlierOutcome(opening, message)
  if (earlier) return earlier
  const text = await textFor(opening, message)
  if (text === undefined) return noSkill(message.skill)
  if (signal.aborted) return { kind: 'released', why: 'let go before it was sent' }
  const attempt = await recordAttempt(opening, presence, message, text, on !== undefined)
  return postAndFollow(opening, presence, { attempt, text, signal, on })
}

/** The outcome of an earlier message that was not followed to its end: it is never sent again while it may arrive. */
async function earlierOutcome(opening: Opening, { deliveryId }: Outgoing): Promise<Outcome | undefined> {
  const attempt = await opening.pending
  if (!attempt) return undefined
  const outcome = outcomeOf(await recover(opening, attempt), attempt)
  const isSame = attempt.deliveryId === deliveryId
  if (outcome?.kind === 'busy' && (isSame || outcome.why === notSeen)) return outcome
  opening.pending = Promise.resolve(undefined)
  return isSame ? outcome : undefined
}

const textFor = async (opening: Opening, { skill, text }: Outgoing): Promise<string | undefined> =>
  skill === undefined ? text : withSkill(placeOf(opening), skill, text)

/** In the journal before anything is sent: after a crash the entry shows where to look. */
async function recordAttempt(
  opening: Opening,
  { entry: { sessionId } }: Extract<Presence, { kind: 'open' }>,
  { deliveryId }: Outgoing,
  text: string,
  turn: boolean,
): Promise<Attempt> {
  const from = await transcriptBytes(opening.settings.configDir, sessionId)
  const attempt = { deliveryId, messageId: randomUUID(), sha256: sha256Of(text), turn, sessionId, from }
  await opening.journal.write(attempt)
  opening.pending = Promise.resolve(attempt)
  return attempt
}

interface Sending {
  readonly attempt: Attempt
  readonly text: string
  readonly signal: AbortSignal
  readonly on: TurnEvents | undefined
}

async function postAndFollow(
  opening: Opening,
  { socket }: Extract<Presence, { kind: 'open' }>,
  { attempt, text, signal, on }: Sending,
): Promise<Outcome> {
  const { configDir, process } = opening.settings
  const inbox = { socket, token: await inboxToken(configDir, process.pid) }
  const posted = await post(inbox, { messageId: attempt.messageId, text }, signal)
  if (posted.kind === 'unreachable') {
    await forgetAttempt(opening)
    return { kind: 'offline', why: `its inbox cannot be reached: ${posted.why}` }
  }
  const following = openFollowing(opening, attempt, signal)
  const accepted = await followAcceptance(following, posted.kind === 'read')
  if (accepted.kind !== 'accepted') return notAccepted(opening, accepted)
  if (!on) return conclude(opening, { kind: 'taken', evidence: 'ack' })
  await logUnstored(on.accepted(), opening)
  return conclude(opening, await followTurn(following, on))
}

async function notAccepted(
  opening: Opening,
  followed: Exclude<Followed, { kind: 'accepted' }>,
): Promise<Outcome> {
  switch (followed.kind) {
    case 'ended':
      await forgetAttempt(opening)
      return opening.settings.follow === undefined
        ? { kind: 'ended', why: hasEnded }
        : { kind: 'offline', why: 'Claude Code ended before it took the message' }
    case 'dropped':
      await forgetAttempt(opening)
      return { kind: 'busy', why: dropped, retryAfterMs: droppedMs }
    case 'unread':
      return { kind: 'busy', why: notSeen }
    case 'aborted':
      return { kind: 'unknown', why: 'it was sent and has not been taken yet', accepted: false }
  }
}

/** Claude Code's guard against sessions that answer each other without end. */
const dropped =
  'Claude Code drops the same text within half a minute, and more than one message in two seconds'
const droppedMs = 5000

/**
 * An outcome that is returned need not be found out again. After a good one the attempt stays in the journal until
 * the next message: the server may end before it has stored the outcome. After a failed turn it is cleared, or it
 * would be found in place of a later retry by hand.
 */
async function conclude(opening: Opening, outcome: Outcome): Promise<Outcome> {
  if (outcome.kind === 'busy') return outcome
  if (outcome.kind === 'turn_failed') await forgetAttempt(opening)
  else opening.pending = Promise.resolve(undefined)
  return outcome
}

async function forgetAttempt(opening: Opening): Promise<void> {
  opening.pending = Promise.resolve(undefined)
  const { journal, session, tools } = opening
  await journal
    .clear()
    .catch((thrown: unknown) =>
      tools.log('warn', 'claude.record_failed', { session: session.id, why: reasonOf(thrown) }),
    )
}
