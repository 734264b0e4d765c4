import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import type { Outgoing, TurnEvents } from '../../domain/driver.ts'
import { reasonOf } from '../../domain/error.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { withSkill } from '../agents/skills.ts'
import { type Followed, followAcceptance, followTurn, openFollowing } from './follow.ts'
import { post } from './inbox.ts'
import { type Attempt, sha256Of } from './journal.ts'
import { notSeen, outcomeOf, recover } from './recovery.ts'
import { inboxToken } from './registry.ts'
import { look, type Presence, readinessOf, type SessionState, skillPlace } from './session-state.ts'
import { transcriptBytes } from './transcript.ts'

/** One message and, with `on`, its whole turn. One at a time. */
export async function send(
  state: SessionState,
  message: Outgoing,
  signal: AbortSignal,
  on?: TurnEvents,
): Promise<Outcome> {
  if (state.busy) return { kind: 'busy', why: 'a message is on its way' }
  state.busy = true
  try {
    return await sendAlone(state, message, signal, on)
  } finally {
    state.busy = false
  }
}

async function sendAlone(
  state: SessionState,
  message: Outgoing,
  signal: AbortSignal,
  on: TurnEvents | undefined,
): Promise<Outcome> {
  const presence = await look(state)
  if (presence.kind !== 'open') return presence
  const readiness = readinessOf(presence.entry)
  if (readiness.kind !== 'idle')
    return { kind: 'busy', why: 'why' in readiness ? readiness.why : 'it is busy' }
  const earlier = await earlierOutcome(state, message)
  if (earlier) return earlier
  const text = await textFor(state, message)
  if (text === undefined)
    return { kind: 'failed', why: `it has no skill "${message.skill}"`, retry: false, skill: true }
  if (signal.aborted) return { kind: 'released', why: 'let go before it was sent' }
  const attempt = await recordAttempt(state, presence, message, text, on !== undefined)
  return postAndFollow(state, presence, { attempt, text, signal, on })
}

/** The outcome of an earlier message that was not followed to its end: it is never sent again while it may arrive. */
async function earlierOutcome(state: SessionState, { deliveryId }: Outgoing): Promise<Outcome | undefined> {
  const attempt = await state.pending
  if (!attempt) return undefined
  const outcome = outcomeOf(await recover(state, attempt), attempt)
  const isSame = attempt.deliveryId === deliveryId
  if (outcome?.kind === 'busy' && (isSame || outcome.why === notSeen)) return outcome
  state.pending = Promise.resolve(undefined)
  return isSame ? outcome : undefined
}

const textFor = async (state: SessionState, { skill, text }: Outgoing): Promise<string | undefined> =>
  skill === undefined ? text : withSkill(skillPlace(state, homedir()), skill, text)

/** In the journal before anything is sent: after a crash the entry shows where to look. */
async function recordAttempt(
  state: SessionState,
  { entry: { sessionId } }: Extract<Presence, { kind: 'open' }>,
  { deliveryId }: Outgoing,
  text: string,
  turn: boolean,
): Promise<Attempt> {
  const from = await transcriptBytes(state.settings.configDir, sessionId)
  const attempt = { deliveryId, messageId: randomUUID(), sha256: sha256Of(text), turn, sessionId, from }
  await state.journal.write(attempt)
  state.pending = Promise.resolve(attempt)
  return attempt
}

interface Sending {
  readonly attempt: Attempt
  readonly text: string
  readonly signal: AbortSignal
  readonly on: TurnEvents | undefined
}

async function postAndFollow(
  state: SessionState,
  { socket }: Extract<Presence, { kind: 'open' }>,
  { attempt, text, signal, on }: Sending,
): Promise<Outcome> {
  const { configDir, process } = state.settings
  const inbox = { socket, token: await inboxToken(configDir, process.pid) }
  const posted = await post(inbox, { messageId: attempt.messageId, text }, signal)
  if (posted.kind === 'unreachable') {
    await forgetAttempt(state)
    return { kind: 'offline', why: `its inbox cannot be reached: ${posted.why}` }
  }
  const following = openFollowing(state, attempt, signal)
  const accepted = await followAcceptance(following, posted.kind === 'read')
  if (accepted.kind !== 'accepted') return notAccepted(state, accepted)
  if (!on) return conclude(state, { kind: 'taken', evidence: 'ack' })
  await reportAccepted(state, on)
  return conclude(state, await followTurn(following, on))
}

async function notAccepted(
  state: SessionState,
  followed: Exclude<Followed, { kind: 'accepted' }>,
): Promise<Outcome> {
  switch (followed.kind) {
    case 'ended':
      await forgetAttempt(state)
      return { kind: 'ended', why: 'Claude Code has ended' }
    case 'dropped':
      await forgetAttempt(state)
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
async function conclude(state: SessionState, outcome: Outcome): Promise<Outcome> {
  if (outcome.kind === 'busy') return outcome
  if (outcome.kind === 'turn_failed') await forgetAttempt(state)
  else state.pending = Promise.resolve(undefined)
  return outcome
}

async function forgetAttempt(state: SessionState): Promise<void> {
  state.pending = Promise.resolve(undefined)
  await state.journal.clear().catch((thrown: unknown) => warn(state, 'claude.record_failed', thrown))
}

/** Claude Code has the message; an acceptance that cannot be stored now must not make it look otherwise. */
async function reportAccepted(state: SessionState, on: TurnEvents): Promise<void> {
  await on.accepted().catch((thrown: unknown) => warn(state, 'claude.accept_failed', thrown))
}

const warn = ({ tools, session }: SessionState, event: string, thrown: unknown): void =>
  tools.log('warn', event, { session: session.id, why: reasonOf(thrown) })
