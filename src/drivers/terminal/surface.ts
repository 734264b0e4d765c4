import type { Blocked, Readiness } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { blockedBy, lateDetail } from '../blocked.ts'
import { agentErrorOn } from './agent-error.ts'
import { dialogOn, showsStopHint } from './dialog.ts'
import type { Screen } from './screen.ts'

/** A terminal as the typing procedure needs it; two implementations, a PTY of our own and a tmux pane. */
export interface Surface {
  /** The screen as it is now, or why there is none any more. */
  look(): Promise<Screen | Gone>
  /**
   * Types a text, as one bracketed paste where the program asked for that, if the terminal still shows `onto` and nobody has
   * typed since. No Enter. Anything returned: nothing was typed.
   */
  put(text: string, onto: Screen): Promise<NotTyped | undefined>
  /** Sends bytes as keys, in a write of their own, if the terminal still shows `onto`. Anything returned: nothing was sent. */
  press(keys: string, onto: Screen): Promise<NotTyped | undefined>
  /**
   * Whether the program waits for input now; undefined when it cannot be known. Asked for terminals in line mode only:
   * there the kernel shows what is typed whether anybody reads or not.
   */
  awaitsInput?(): Promise<boolean | undefined>
  /** Milliseconds of a clock that does not jump. */
  now(): number
  /** Resolves after `ms`, or as soon as `signal` aborts. */
  pause(ms: number, signal?: AbortSignal): Promise<void>
}

/** Why nothing was typed; `changed`: the terminal shows something else now, such as a key of a person. */
export type NotTyped = Gone | { readonly kind: 'changed' }

export type Gone = Extract<Outcome, { kind: 'ended' | 'offline' }>

/** Keys of a person that come between text and Enter are to be seen soon. */
const pollMs = 25
/** While a whole turn runs. */
const restPollMs = 200
const quietMs = 1200
const restMs = 1500
/** How often a screen that is not known to be quiet is looked at. */
const freePollMs = 150
/** Agents at work pause for less, so a longer pause may become rest. */
const longestPauseMs = 400

/** Agents at work draw more often than this, so a screen that was quiet for longer is shown as idle. */
export const shownIdleMs = longestPauseMs

/** What stands in the way now, of a screen that must have been quiet for `forMs`. Does not wait. */
export async function readiness(surface: Surface, forMs = quietMs): Promise<Readiness> {
  const seen = await surface.look()
  if (seen.kind !== 'screen') return seen
  const person = blockedOn(seen)
  if (person) return person
  const why = await workOn(surface, seen, forMs)
  return why === undefined ? { kind: 'idle' } : { kind: 'busy', why }
}

export const moving = 'its screen is moving'

/** Whether a person comes first, and why. */
function blockedOn(screen: Screen): Blocked | undefined {
  const asks = dialogOn(screen)
  if (asks !== undefined) return blockedBy(asks)
  return screen.draft ? { kind: 'blocked', why: 'somebody has begun to type' } : undefined
}

export const personOn = (screen: Screen): string | undefined => blockedOn(screen)?.why

async function workOn(surface: Surface, screen: Screen, forMs = quietMs): Promise<string | undefined> {
  if (screen.quietMs < forMs) return moving
  if (showsStopHint(screen)) return 'its agent shows that it works'
  if (screen.cooked && (await surface.awaitsInput?.()) === false) return 'its program does not wait for input'
  return undefined
}

/** A quiet screen without a person in the way; waits for it unless it moves on and on. */
export async function freeScreen(surface: Surface, signal: AbortSignal): Promise<Screen | Outcome> {
  let screen = await surface.look()
  for (let waits = 0; screen.kind === 'screen' && screen.quietMs < quietMs && waits < 3; waits++) {
    if (waits > 0 && screen.quietMs < longestPauseMs) break
    screen = await until(surface, quietMs - screen.quietMs, signal, 0, isQuiet, freePollMs)
    if (signal.aborted) break
  }
  if (screen.kind !== 'screen') return screen
  if (signal.aborted) return { kind: 'released', why: 'let go before it was typed' }
  const person = personOn(screen)
  if (person !== undefined) return { kind: 'busy', why: person, blocked: true }
  const why = await workOn(surface, screen)
  return why === undefined ? screen : { kind: 'busy', why }
}

const isQuiet = (screen: Screen): boolean => screen.quietMs >= quietMs

/** Waits until the screen is quiet, free of dialogs and ready for input: the turn is probably over. */
export async function rest(
  surface: Surface,
  signal: AbortSignal,
  onDialog: (asks: string) => void = () => {},
): Promise<Outcome> {
  let noted: string | undefined
  const over = (screen: Screen) => {
    if (screen.quietMs < restMs) return false
    const asks = dialogOn(screen)
    if (asks !== undefined && asks !== noted) onDialog(asks)
    noted = asks
    return asks === undefined && !showsStopHint(screen)
  }
  for (;;) {
    const seen = await until(surface, Number.POSITIVE_INFINITY, signal, 0, over, restPollMs)
    if (seen.kind === 'ended') return { kind: 'turn_failed', why: 'exited', detail: exited(seen) }
    if (seen.kind === 'offline') return { kind: 'unknown', why: seen.why, accepted: true }
    if (!over(seen) || signal.aborted)
      return { kind: 'turn_failed', why: 'timeout', detail: lateDetail(dialogOn(seen), neverAtRest) }
    const complaint = agentErrorOn(seen)
    if (complaint !== undefined) return { kind: 'turn_failed', why: 'agent_error', detail: complaint }
    if (!seen.cooked || (await surface.awaitsInput?.()) !== false)
      return { kind: 'completed', heuristic: true }
    await surface.pause(quietMs, signal)
  }
}

const neverAtRest = 'its screen did not come to rest in time'

const exited = (end: Extract<Gone, { kind: 'ended' }>): string =>
  end.why ?? `the program ended${end.exitCode === undefined ? '' : ` with exit code ${end.exitCode}`}`

/** Looks until `done`, for `limitMs` at most and, once `signal` aborts, for `afterAbortMs`. The last look. */
export async function until(
  surface: Surface,
  limitMs: number,
  signal: AbortSignal | undefined,
  afterAbortMs: number,
  done: (screen: Screen) => boolean,
  everyMs = pollMs,
): Promise<Screen | Gone> {
  let deadline = surface.now() + limitMs
  for (let aborted = false; ; ) {
    const seen = await surface.look()
    if (seen.kind !== 'screen' || done(seen)) return seen
    if (signal?.aborted && !aborted) {
      aborted = true
      deadline = Math.min(deadline, surface.now() + afterAbortMs)
    }
    if (surface.now() >= deadline) return seen
    await surface.pause(everyMs)
  }
}
