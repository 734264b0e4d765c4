import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import type { Outgoing, TurnEvents } from '../../domain/driver.ts'
import { reasonOf } from '../../domain/error.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { withSkill } from '../agents/skills.ts'
import { type Attempt, sha256Of } from './attempt.ts'
import { type Followed, followAcceptance, followTurn, openFollowing } from './follow.ts'
import { post } from './inbox.ts'
import { fateOf, notSeen, recalled } from './recovery.ts'
import { inboxToken } from './registry.ts'
import { writtenBefore } from './script.ts'
import { type ClaudeWire, look, readinessOf, type Sight, skillPlace } from './session-state.ts'

/** One message and, with `on`, its whole turn. One at a time. */
export async function speak(
  wire: ClaudeWire,
  message: Outgoing,
  signal: AbortSignal,
  on?: TurnEvents,
): Promise<Outcome> {
  if (wire.current) return { kind: 'busy', why: 'a message is on its way' }
  wire.current = true
  try {
    return await speakAlone(wire, message, signal, on)
  } finally {
    wire.current = false
  }
}

async function speakAlone(
  wire: ClaudeWire,
  message: Outgoing,
  signal: AbortSignal,
  on: TurnEvents | undefined,
): Promise<Outcome> {
  const sight = await look(wire)
  if (sight.kind !== 'open') return sight
  const readiness = readinessOf(sight.entry)
  if (readiness.kind !== 'idle')
    return { kind: 'busy', why: 'why' in readiness ? readiness.why : 'it is busy' }
  const earlier = await earlierOutcome(wire, message)
  if (earlier) return earlier
  const text = await textFor(wire, message)
  if (text === undefined)
    return { kind: 'failed', why: `it has no skill "${message.skill}"`, retry: false, skill: true }
  if (signal.aborted) return { kind: 'released', why: 'let go before it was sent' }
  const attempt = await noted(wire, sight, message, text, on !== undefined)
  return send(wire, sight, { attempt, text, signal, on })
}

/** What an earlier message means now that was sent and lost sight of: the same one is never sent while it may arrive. */
async function earlierOutcome(wire: ClaudeWire, { deliveryId }: Outgoing): Promise<Outcome | undefined> {
  const attempt = await wire.open
  if (!attempt) return undefined
  const outcome = recalled(await fateOf(wire, attempt), attempt)
  const isSame = attempt.deliveryId === deliveryId
  if (outcome?.kind === 'busy' && (isSame || outcome.why === notSeen)) return outcome
  wire.open = Promise.resolve(undefined)
  return isSame ? outcome : undefined
}

const textFor = async (wire: ClaudeWire, { skill, text }: Outgoing): Promise<string | undefined> =>
  skill === undefined ? text : withSkill(skillPlace(wire, homedir()), skill, text)

/** On disk before anything is sent: after a crash it tells where to look. */
async function noted(
  wire: ClaudeWire,
  { entry: { sessionId } }: Extract<Sight, { kind: 'open' }>,
  { deliveryId }: Outgoing,
  text: string,
  turn: boolean,
): Promise<Attempt> {
  const from = await writtenBefore(wire.settings.configDir, sessionId)
  const attempt = { deliveryId, messageId: randomUUID(), sha256: sha256Of(text), turn, sessionId, from }
  await wire.record.write(attempt)
  wire.open = Promise.resolve(attempt)
  return attempt
}

interface Sending {
  readonly attempt: Attempt
  readonly text: string
  readonly signal: AbortSignal
  readonly on: TurnEvents | undefined
}

async function send(
  wire: ClaudeWire,
  { socket }: Extract<Sight, { kind: 'open' }>,
  { attempt, text, signal, on }: Sending,
): Promise<Outcome> {
  const { configDir, process } = wire.settings
  const inbox = { socket, token: await inboxToken(configDir, process.pid) }
  const posted = await post(inbox, { messageId: attempt.messageId, text }, signal)
  if (posted.kind === 'unreachable') {
    await forget(wire)
    return { kind: 'offline', why: `its inbox cannot be reached: ${posted.why}` }
  }
  const following = openFollowing(wire, attempt, signal)
  const accepted = await followAcceptance(following, posted.kind === 'read')
  if (accepted.kind !== 'accepted') return notAccepted(wire, accepted)
  if (!on) return reported(wire, { kind: 'taken', evidence: 'ack' })
  await tellAccepted(wire, on)
  return reported(wire, await followTurn(following, on))
}

async function notAccepted(
  wire: ClaudeWire,
  followed: Exclude<Followed, { kind: 'accepted' }>,
): Promise<Outcome> {
  switch (followed.kind) {
    case 'ended':
      await forget(wire)
      return { kind: 'ended', why: 'Claude Code has ended' }
    case 'dropped':
      await forget(wire)
      return { kind: 'busy', why: dropped, retryAfterMs: droppedMs }
    case 'unread':
      return { kind: 'busy', why: notSeen }
    case 'aborted':
      return { kind: 'unknown', why: 'it was sent and has not been taken yet', accepted: false }
  }
}

/** Its guard against sessions that talk in circles: the same words again within half a minute, or too many messages. */
const dropped =
  'Claude Code drops the same words within half a minute, and more than one message in two seconds'
const droppedMs = 5000

/**
 * What is reported need not be found out again. What went well stays on disk until the next message: the server may end
 * before it has kept it. What failed does not, or it would be found in place of a later try by hand.
 */
async function reported(wire: ClaudeWire, outcome: Outcome): Promise<Outcome> {
  if (outcome.kind === 'busy') return outcome
  if (outcome.kind === 'turn_failed') await forget(wire)
  else wire.open = Promise.resolve(undefined)
  return outcome
}

async function forget(wire: ClaudeWire): Promise<void> {
  wire.open = Promise.resolve(undefined)
  await wire.record.clear().catch((thrown: unknown) => warn(wire, 'claude.record_failed', thrown))
}

/** It has the message; a note that cannot be kept now must not make it look otherwise. */
async function tellAccepted(wire: ClaudeWire, on: TurnEvents): Promise<void> {
  await on.accepted().catch((thrown: unknown) => warn(wire, 'claude.accept_failed', thrown))
}

const warn = ({ tools, session }: ClaudeWire, event: string, thrown: unknown): void =>
  tools.log('warn', event, { session: session.id, why: reasonOf(thrown) })
