import type { Readiness } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { blockedBy } from '../blocked.ts'
import { hasInputBox } from '../terminal/dialog.ts'
import type { Screen } from '../terminal/screen.ts'
import { readiness, rest, type Surface } from '../terminal/surface.ts'
import type { HookEventReader } from './event-file.ts'
import { openPermission, turnOf } from './events.ts'

/**
 * The permission that a person is asked for now; an input box on the screen shows that it was answered or
 * dismissed.
 */
export async function permissionAsked(screen: Screen, hooks: HookEventReader): Promise<string | undefined> {
  return hasInputBox(screen) ? undefined : openPermission(await hooks.events())
}

export async function readinessWithHooks(
  surface: Surface,
  hooks: HookEventReader,
  forMs?: number,
): Promise<Readiness> {
  const seen = await readiness(surface, forMs)
  if (seen.kind !== 'idle' && seen.kind !== 'busy') return seen
  const screen = await surface.look()
  const asks = screen.kind === 'screen' ? await permissionAsked(screen, hooks) : undefined
  return asks === undefined ? seen : blockedBy(asks)
}

const pollMs = 100
/** A hook is a process of its own: behind what the screen shows, but not by more than this. */
const acknowledgedMs = 2000

/**
 * Whether a hook event shows that the agent took the text; waited for where hooks reported before and Enter had an
 * effect.
 */
export async function isAcknowledged(
  surface: Surface,
  hooks: HookEventReader,
  text: string,
  entered: boolean,
): Promise<boolean> {
  const deadline = surface.now() + (entered && (await hooks.habit()) === 'turns' ? acknowledgedMs : 0)
  for (;;) {
    if (turnOf(await hooks.events(), text).accepted) return true
    if (surface.now() >= deadline) return false
    await surface.pause(pollMs)
  }
}

/** How long after the screen has come to rest a hook event may still come. */
const lateMs = 6000

/** The end of the turn: exact by hook events, else inferred from the screen. */
export async function endOfTurn(
  surface: Surface,
  hooks: HookEventReader,
  text: string,
  signal: AbortSignal,
  onPermission: (what: string) => void = () => {},
): Promise<Outcome> {
  const over = new AbortController()
  const both = AbortSignal.any([signal, over.signal])
  const onDialog = async (asks: string) => {
    // Its hooks tell of the same in the agent's own words.
    if (openPermission(await hooks.events()) === undefined) onPermission(asks)
  }
  try {
    const byHooks = untilHooksTellEnd(surface, hooks, text, both, onPermission)
    const rested = rest(surface, both, (asks) => void onDialog(asks)).then((outcome) =>
      endOnScreen(surface, hooks, text, outcome, byHooks),
    )
    return await Promise.race([byHooks.then((end) => end ?? rested), rested])
  } finally {
    over.abort()
  }
}

/** Undefined when `signal` aborts first. */
async function untilHooksTellEnd(
  surface: Surface,
  hooks: HookEventReader,
  text: string,
  signal: AbortSignal,
  onPermission: (what: string) => void,
): Promise<Outcome | undefined> {
  let asked: string | undefined
  while (!signal.aborted) {
    const events = await hooks.events()
    const { end } = turnOf(events, text)
    if (end) return end
    const permission = openPermission(events)
    if (permission !== undefined && permission !== asked) onPermission(permission)
    asked = permission
    await surface.pause(pollMs, signal)
  }
  return undefined
}

/** The screen is at rest. An agent whose hooks report turns reports a good end as well, if there was one. */
async function endOnScreen(
  surface: Surface,
  hooks: HookEventReader,
  text: string,
  outcome: Outcome,
  byHooks: Promise<Outcome | undefined>,
): Promise<Outcome> {
  const { accepted, end } = turnOf(await hooks.events(), text)
  if (end || outcome.kind !== 'completed') return end ?? outcome
  const habit = await hooks.habit()
  if (!accepted && habit === 'silent') return outcome
  const late = await Promise.race([byHooks, surface.pause(lateMs)])
  if (late) return late
  // An agent whose hooks report beginnings, and reported none, has not begun a turn.
  return habit === 'ends' || turnOf(await hooks.events(), text).accepted ? unfinished : outcome
}

const unfinished: Outcome = {
  kind: 'turn_failed',
  why: 'agent_error',
  detail: 'its screen came to rest, but its hooks reported no end: it was interrupted, or failed',
}
