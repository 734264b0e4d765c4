import type { TurnEvents } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { isTimeout, pause } from '../../wait.ts'
import type { Attempt } from './attempt.ts'
import { openScript, type Script } from './script.ts'
import { type ClaudeWire, look, type Sight } from './session-state.ts'
import { type Course, followCourse } from './turn-log.ts'

/** One message on its way, as its transcript and the registry show it. */
export interface Following {
  readonly wire: ClaudeWire
  readonly signal: AbortSignal
  readonly course: Course
  readonly script: Script
}

export const openFollowing = (wire: ClaudeWire, attempt: Attempt, signal: AbortSignal): Following => ({
  wire,
  signal,
  course: followCourse(attempt),
  script: openScript(wire.settings.configDir, attempt),
})

export type Followed =
  | { readonly kind: 'accepted' }
  /** It was read from the socket and went nowhere. */
  | { readonly kind: 'dropped' }
  /** It was not even read, and may be yet. */
  | { readonly kind: 'unread' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'aborted' }

const pollMs = 120
/** Read from its socket, yet neither queued nor begun: then it was dropped. */
const dropMs = 4000
/** One that hangs is left alone; its message is looked for again. */
const unreadMs = 10_000

/** `read`: it was taken from the socket for sure. */
export async function followAcceptance(following: Following, read: boolean): Promise<Followed> {
  const { course, signal, wire } = following
  const from = wire.tools.now()
  for (;;) {
    const sight = await step(following)
    if (course.seenAt() !== undefined) return { kind: 'accepted' }
    if (sight.kind === 'ended') return { kind: 'ended' }
    if (signal.aborted) return { kind: 'aborted' }
    const waitedMs = wire.tools.now() - from
    if (read && !course.queued() && waitedMs > dropMs) return { kind: 'dropped' }
    if (!read && waitedMs > unreadMs) return { kind: 'unread' }
    await pause(pollMs, signal)
  }
}

/** The turn of an accepted message to its end. A turn in somebody else's terminal is not cancelled from here. */
export async function followTurn(following: Following, on: TurnEvents): Promise<Outcome> {
  const { course, signal, wire } = following
  const note = timeline(wire, on)
  for (let restFrom: number | undefined; ; ) {
    const sight = await step(following)
    for (const name of course.newTools()) note('turn_started', `tool call: ${name}`)
    const now = wire.tools.now()
    restFrom = isRest(sight, course) ? (restFrom ?? now) : undefined
    if (course.over() || (restFrom !== undefined && now - restFrom >= (course.failing() ? 0 : restMs)))
      return course.outcome()
    if (sight.kind === 'ended')
      return { kind: 'turn_failed', why: 'exited', detail: 'Claude Code ended during the turn' }
    if (signal.aborted) return cutOff(signal)
    if (sight.kind === 'open' && sight.entry.status === 'waiting')
      note('held', `it waits for a person: ${sight.entry.waitingFor ?? 'a dialog'}`)
    await pause(pollMs, signal)
  }
}

/** The last rows of a turn may be written this much later than the registry shows its end. */
const restMs = 1500

/** The registry shows rest since a time after the message began: how a turn ends that failed. */
const isRest = (sight: Sight, course: Course): boolean =>
  sight.kind === 'open' && sight.entry.status === 'idle' && sight.entry.statusAt >= (course.seenAt() ?? 0)

/** Looked at first and read then, so that an end is not taken for one before its last rows are there. */
async function step({ wire, course, script }: Following): Promise<Sight> {
  const sight = await look(wire)
  course.feed(await script.read(sight.kind === 'open' ? sight.entry.sessionId : undefined))
  return sight
}

/** The turn goes on. Who stops will find out later what became of it; whose time is over will not ask. */
const cutOff = (signal: AbortSignal): Outcome =>
  isTimeout(signal)
    ? {
        kind: 'turn_failed',
        why: 'timeout',
        detail: 'its turn took longer than it may; it goes on in its terminal',
      }
    : { kind: 'busy', why: 'its turn goes on' }

const maxNotes = 40

/** Tool calls and dialogs, each dialog once. */
function timeline({ tools }: ClaudeWire, on: TurnEvents) {
  let [notes, last] = [0, '']
  return (kind: 'turn_started' | 'held', detail: string): void => {
    if (kind === 'held' && detail === last) return
    last = detail
    if (++notes <= maxNotes || kind === 'held') on.progress({ at: tools.now(), kind, detail })
  }
}
