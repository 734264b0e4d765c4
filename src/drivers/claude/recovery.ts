import type { Outcome } from '../../domain/outcome.ts'
import { pause } from '../../wait.ts'
import { post } from './inbox.ts'
import type { Attempt } from './journal.ts'
import { lookAtProcess, type Opening } from './opening.ts'
import { inboxToken } from './registry.ts'
import { openTranscript } from './transcript.ts'
import { createTurnLog, type TurnLog } from './turn-log.ts'

/** What became of an attempt that was not followed to its end. */
type Recovered =
  | { readonly kind: 'seen'; readonly turnLog: TurnLog; readonly gone: boolean; readonly idle: boolean }
  /** The message may still be taken. */
  | { readonly kind: 'waiting' }
  /** The message did not arrive and will not any more. */
  | { readonly kind: 'lost' }

const probeMs = 1000
/** Within this time Claude Code's transcript shows what was read from the socket, or done. */
const noteMs = 1500

export async function recover(opening: Opening, attempt: Attempt): Promise<Recovered> {
  const { settings } = opening
  const turnLog = createTurnLog(attempt)
  const transcript = openTranscript(settings.configDir, attempt)
  const presence = await lookAtProcess(opening)
  const entry = presence.kind === 'open' ? presence.entry : undefined
  const reads = async () => turnLog.feed(await transcript.read(entry?.sessionId))
  await reads()
  const seenAt = turnLog.seenAt()
  if (seenAt !== undefined) {
    const idle = entry?.status === 'idle' && entry.statusAt >= seenAt
    if (idle && !turnLog.over()) await pause(noteMs).then(reads)
    return { kind: 'seen', turnLog, gone: presence.kind === 'ended', idle }
  }
  if (presence.kind === 'ended') return { kind: 'lost' }
  if (presence.kind === 'offline' || turnLog.queued()) return { kind: 'waiting' }
  const inbox = { socket: presence.socket, token: await inboxToken(settings.configDir, settings.process.pid) }
  // Whoever answers now has read what came before.
  const probed = await post(inbox, undefined, AbortSignal.timeout(probeMs))
  if (probed.kind !== 'read') return { kind: 'waiting' }
  await pause(noteMs)
  await reads()
  return turnLog.seenAt() === undefined && !turnLog.queued() ? { kind: 'lost' } : { kind: 'waiting' }
}

export const notSeen = 'what was sent has not been taken yet; it is not sent a second time'

/** As an outcome; undefined when the message never arrived, so that it may be sent. */
export function outcomeOf(recovered: Recovered, { turn }: Attempt): Outcome | undefined {
  if (recovered.kind === 'lost') return undefined
  if (recovered.kind === 'waiting') return { kind: 'busy', why: notSeen }
  if (!turn) return { kind: 'taken', evidence: 'ack' }
  if (recovered.turnLog.over() || recovered.idle) return recovered.turnLog.outcome()
  if (recovered.gone)
    return { kind: 'turn_failed', why: 'exited', detail: 'Claude Code ended during the turn' }
  return { kind: 'busy', why: 'its turn goes on' }
}
