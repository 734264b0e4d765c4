import type { Readiness } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { hasInputBox } from '../terminal/dialog.ts'
import type { Screen } from '../terminal/screen.ts'
import { readiness, rest, type Surface } from '../terminal/surface.ts'
import type { Ear } from './event-file.ts'
import { openRequest, toldOf } from './events.ts'

/** The permission a person is asked for now; a screen with an input box shows that it was answered or put away. */
export async function requestOn(screen: Screen, ear: Ear): Promise<string | undefined> {
  return hasInputBox(screen) ? undefined : openRequest(await ear.words())
}

export async function readinessHeard(surface: Surface, ear: Ear): Promise<Readiness> {
  const seen = await readiness(surface)
  if (seen.kind !== 'idle' && seen.kind !== 'busy') return seen
  const screen = await surface.look()
  const why = screen.kind === 'screen' ? await requestOn(screen, ear) : undefined
  return why === undefined ? seen : { kind: 'blocked', why }
}

const pollMs = 100
/** A hook is a process of its own: behind what the screen shows, but not by more than this. */
const acknowledgedMs = 2000

/** Whether the agent itself said that it took the text. It is waited for where it has spoken before and Enter worked. */
export async function isAcknowledged(
  surface: Surface,
  ear: Ear,
  text: string,
  entered: boolean,
): Promise<boolean> {
  const deadline = surface.now() + (entered && (await ear.habit()) === 'turns' ? acknowledgedMs : 0)
  for (;;) {
    if (toldOf(await ear.words(), text).accepted) return true
    if (surface.now() >= deadline) return false
    await surface.pause(pollMs)
  }
}

/** How long its hooks may be silent behind a screen that has come to rest. */
const lateMs = 6000

/** The end of the turn: exact where it is told, else inferred from the screen. */
export async function restHeard(
  surface: Surface,
  ear: Ear,
  text: string,
  signal: AbortSignal,
  asks: (what: string) => void = () => {},
): Promise<Outcome> {
  const over = new AbortController()
  const both = AbortSignal.any([signal, over.signal])
  try {
    const told = untilTold(surface, ear, text, both, asks)
    const rested = rest(surface, both).then((outcome) => settled(surface, ear, text, outcome, told))
    return await Promise.race([told.then((end) => end ?? rested), rested])
  } finally {
    over.abort()
  }
}

/** Undefined when `signal` aborts first. */
async function untilTold(
  surface: Surface,
  ear: Ear,
  text: string,
  signal: AbortSignal,
  asks: (what: string) => void,
): Promise<Outcome | undefined> {
  let asked: string | undefined
  while (!signal.aborted) {
    const words = await ear.words()
    const { end } = toldOf(words, text)
    if (end) return end
    const request = openRequest(words)
    if (request !== undefined && request !== asked) asks(request)
    asked = request
    await surface.pause(pollMs, signal)
  }
  return undefined
}

/** The screen is at rest. An agent whose hooks tell of turns tells of a good end as well, if there was one. */
async function settled(
  surface: Surface,
  ear: Ear,
  text: string,
  outcome: Outcome,
  told: Promise<Outcome | undefined>,
): Promise<Outcome> {
  const { accepted, end } = toldOf(await ear.words(), text)
  if (end || outcome.kind !== 'completed') return end ?? outcome
  const habit = await ear.habit()
  if (!accepted && habit === 'silent') return outcome
  const late = await Promise.race([told, surface.pause(lateMs)])
  if (late) return late
  // An agent that tells when it begins, and did not, has not begun a turn.
  return habit === 'ends' || toldOf(await ear.words(), text).accepted ? unfinished : outcome
}

const unfinished: Outcome = {
  kind: 'turn_failed',
  why: 'agent_error',
  detail: 'its screen came to rest, but its hooks told of no end: it was interrupted, or failed',
}
