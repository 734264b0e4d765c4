import type { TurnEvents } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { isTimeout, pause } from '../../wait.ts'
import { lateDetail } from '../blocked.ts'
import type { Attempt } from './journal.ts'
import { lookAtProcess, type Opening, type Presence, readinessOf } from './opening.ts'
import { openTranscript, type TranscriptReader } from './transcript.ts'
import { createTurnLog, type TurnLog } from './turn-log.ts'

/** One message on its way, as its transcript and the registry show it. */
interface Following {
  readonly opening: Opening
  readonly signal: AbortSignal
  readonly turnLog: TurnLog
  readonly transcript: TranscriptReader
}

export const openFollowing = (opening: Opening, attempt: Attempt, signal: AbortSignal): Following => ({
  opening,
  signal,
  turnLog: createTurnLog(attempt),
  transcript: openTranscript(opening.settings.configDir, attempt),
})

export type Followed =
  | { readonly kind: 'accepted' }
  /** Claude Code read the message from its socket and dropped it. */
  | { readonly kind: 'dropped' }
  /** Claude Code has not read the message, and may yet. */
  | { readonly kind: 'unread' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'aborted' }

const pollMs = 120
/** A message that was read, and is neither queued nor begun after this time, was dropped. */
const dropMs = 4000
/** Longest wait for a Claude Code that does not read; the next attempt looks for the message again. */
const unreadMs = 10_000

/** `read`: the message was surely taken from the socket. */
export async function followAcceptance(following: Following, read: boolean): Promise<Followed> {
  const { turnLog, signal, opening } = following
  const from = opening.tools.now()
  for (;;) {
    const presence = await step(following)
    if (turnLog.seenAt() !== undefined) return { kind: 'accepted' }
    if (presence.kind === 'ended') return { kind: 'ended' }
    if (signal.aborted) return { kind: 'aborted' }
    const waitedMs = opening.tools.now() - from
    if (read && !turnLog.queued() && waitedMs > dropMs) return { kind: 'dropped' }
    if (!read && waitedMs > unreadMs) return { kind: 'unread' }
    await pause(pollMs, signal)
  }
}

/** The turn of an accepted message to its end. The terminal is a person's, so the turn is never cancelled from here. */
export async function followTurn(following: Following, on: TurnEvents): Promise<Outcome> {
  const { turnLog, signal, opening } = following
  const note = timeline(opening, on)
  for (let restFrom: number | undefined; ; ) {
    const presence = await step(following)
    for (const name of turnLog.newTools()) note('turn_started', `tool call: ${name}`)
    const now = opening.tools.now()
    restFrom = isRest(presence, turnLog) ? (restFrom ?? now) : undefined
    if (turnLog.over() || (restFrom !== undefined && now - restFrom >= (turnLog.failing() ? 0 : restMs)))
      return turnLog.outcome()
    if (presence.kind === 'ended')
      return { kind: 'turn_failed', why: 'exited', detail: 'Claude Code ended during the turn' }
    const asks = await askedIn(opening, presence)
    if (signal.aborted) return cutOff(signal, asks)
    if (asks !== undefined) note('held', `blocked: it waits for ${asks}`)
    await pause(pollMs, signal)
  }
}

/** The last rows of a turn may be written this much later than the registry shows its end. */
const restMs = 1500

/** The registry shows rest since a time after the message began: how a turn ends that failed. */
const isRest = (presence: Presence, turnLog: TurnLog): boolean =>
  presence.kind === 'open' &&
  presence.entry.status === 'idle' &&
  presence.entry.statusAt >= (turnLog.seenAt() ?? 0)

/** The registry is read before the transcript, so that an end does not count before its last rows are there. */
async function step({ opening, turnLog, transcript }: Following): Promise<Presence> {
  const presence = await lookAtProcess(opening)
  turnLog.feed(await transcript.read(presence.kind === 'open' ? presence.entry.sessionId : undefined))
  return presence
}

async function askedIn(opening: Opening, presence: Presence): Promise<string | undefined> {
  const readiness = presence.kind === 'open' ? await readinessOf(opening, presence.entry) : presence
  return readiness.kind === 'blocked' ? (readiness.asks ?? readiness.why) : undefined
}

/** The turn goes on. After a stop of the server its outcome is found out later; after a timeout it is not. */
const cutOff = (signal: AbortSignal, asks: string | undefined): Outcome =>
  isTimeout(signal)
    ? { kind: 'turn_failed', why: 'timeout', detail: `${lateDetail(asks)}; it goes on in its terminal` }
    : { kind: 'busy', why: 'its turn goes on' }

const maxNotes = 40

/** Tool calls and dialogs, each dialog once. */
function timeline({ tools }: Opening, on: TurnEvents) {
  let [notes, last] = [0, '']
  return (kind: 'turn_started' | 'held', detail: string): void => {
    if (kind === 'held' && detail === last) return
    last = detail
    if (++notes <= maxNotes || kind === 'held') on.progress({ at: tools.now(), kind, detail })
  }
}
