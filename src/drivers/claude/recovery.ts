import type { Outcome } from '../../domain/outcome.ts'
import { pause } from '../../wait.ts'
import type { Attempt } from './attempt.ts'
import { post } from './inbox.ts'
import { inboxToken } from './registry.ts'
import { openScript } from './script.ts'
import { type ClaudeWire, look } from './session-state.ts'
import { type Course, followCourse } from './turn-log.ts'

/** What became of an attempt that was not followed to its end. */
export type Fate =
  | { readonly kind: 'seen'; readonly course: Course; readonly gone: boolean; readonly idle: boolean }
  /** It may still be taken. */
  | { readonly kind: 'waiting' }
  /** It did not arrive and will not any more. */
  | { readonly kind: 'lost' }

const probeMs = 1000
/** What it has read from its socket, or done, is in its transcript within this time. */
const noteMs = 1500

export async function fateOf(wire: ClaudeWire, attempt: Attempt): Promise<Fate> {
  const { settings } = wire
  const course = followCourse(attempt)
  const script = openScript(settings.configDir, attempt)
  const sight = await look(wire)
  const entry = sight.kind === 'open' ? sight.entry : undefined
  const reads = async () => course.feed(await script.read(entry?.sessionId))
  await reads()
  const seenAt = course.seenAt()
  if (seenAt !== undefined) {
    const idle = entry?.status === 'idle' && entry.statusAt >= seenAt
    if (idle && !course.over()) await pause(noteMs).then(reads)
    return { kind: 'seen', course, gone: sight.kind === 'ended', idle }
  }
  if (sight.kind === 'ended') return { kind: 'lost' }
  if (sight.kind === 'offline' || course.queued()) return { kind: 'waiting' }
  const inbox = { socket: sight.socket, token: await inboxToken(settings.configDir, settings.process.pid) }
  // Whoever answers now has read what came before.
  const probed = await post(inbox, undefined, AbortSignal.timeout(probeMs))
  if (probed.kind !== 'read') return { kind: 'waiting' }
  await pause(noteMs)
  await reads()
  return course.seenAt() === undefined && !course.queued() ? { kind: 'lost' } : { kind: 'waiting' }
}

export const notSeen = 'what was sent has not been taken yet; it is not sent a second time'

/** The same in the words of an outcome; undefined when it never arrived, so that it may be sent. */
export function recalled(fate: Fate, { turn }: Attempt): Outcome | undefined {
  if (fate.kind === 'lost') return undefined
  if (fate.kind === 'waiting') return { kind: 'busy', why: notSeen }
  if (!turn) return { kind: 'taken', evidence: 'ack' }
  if (fate.course.over() || fate.idle) return fate.course.outcome()
  if (fate.gone) return { kind: 'turn_failed', why: 'exited', detail: 'Claude Code ended during the turn' }
  return { kind: 'busy', why: 'its turn goes on' }
}
