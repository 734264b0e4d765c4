import type { Source } from './delivery.ts'
import type { Happening } from './notice.ts'
import type { SessionId } from './session.ts'

/** A hook or a session whose messages are held by hand; a paused grant is closed instead (`Grant.pausedAt`). */
export type PauseTarget = `hook:${string}` | `session:${string}`

export interface Pause {
  readonly target: PauseTarget
  /** Unix milliseconds. */
  readonly since: number
}

export const pauseOfHook = (name: string): PauseTarget => `hook:${name}`
export const pauseOfSession = (id: SessionId): PauseTarget => `session:${id}`

/** Which hook or session that is. */
export function pausedOne(target: PauseTarget): { readonly kind: 'hook' | 'session'; readonly name: string } {
  const kind = target.startsWith('hook:') ? 'hook' : 'session'
  return { kind, name: target.slice(kind.length + 1) }
}

/** What is noted when something is paused; a grant of a hook, like the hook, is about no session. */
export function pausedHappening(target: PauseTarget | `grant:${string}`, session?: SessionId): Happening {
  const about = target.startsWith('session:') ? (target.slice('session:'.length) as SessionId) : session
  return { name: 'paused', ...(about !== undefined && { session: about }), data: { target } }
}

/** Since when it is paused (Unix milliseconds); undefined when it is not. */
export const pausedSince = (pauses: readonly Pause[], target: PauseTarget): number | undefined =>
  pauses.find((pause) => pause.target === target)?.since

/** What holds a message by hand, for people; undefined where nothing does. */
export function pausedText(
  pauses: { readonly size: number; readonly has: (target: PauseTarget) => boolean },
  { session, source }: { readonly session: SessionId; readonly source: Source },
): string | undefined {
  if (pauses.size === 0) return undefined
  if (pauses.has(pauseOfSession(session))) return `the session is paused${untilResumed}`
  if (source.kind === 'hook' && pauses.has(pauseOfHook(source.hook)))
    return `the hook is paused${untilResumed}`
  return undefined
}

const untilResumed = '; it waits until it is resumed'
