import type { Readiness } from '../../domain/driver.ts'
import type { Evidence, Outcome } from '../../domain/outcome.ts'
import type { HookEventReader } from '../agent-hooks/event-file.ts'
import { endOfTurn, isAcknowledged, permissionAsked, readinessWithHooks } from '../agent-hooks/turn.ts'
import { blockedBy, heldBy } from '../blocked.ts'
import { dialogOn } from './dialog.ts'
import { keystrokes, type TypingRules } from './keystrokes.ts'
import { evidenceOf, fingerprint, type Screen, sameScreen, submitted, unchanged } from './screen.ts'
import { freeScreen, moving, personOn, type Surface, until } from './surface.ts'

/**
 * Types messages into one terminal, one at a time, and remembers what it could not finish. To read on: surface (waiting
 * for a screen), screen (comparing two), dialog and agent-error (reading one), keystrokes, agent-hooks/turn.
 */
export interface Typist {
  /** What stands in the way now, of a screen that must have been quiet for `forMs`. Does not wait. */
  readiness(forMs?: number): Promise<Readiness>
  /**
   * Echo-verified typing: no Enter without the text seen in the input box, no `taken` without something having
   * happened after Enter, nothing typed into a dialog, a draft or a moving screen. The same message again, after
   * a failure, continues with what stands in the input box instead of typing it twice.
   * An abort lets go as long as nothing is typed; afterwards it shortens the waiting.
   */
  type(message: string, signal: AbortSignal): Promise<Outcome>
  /**
   * Resolves when the turn of the text typed last is over: by the agent's hook events, else when the screen has
   * been quiet and free of dialogs for a while. `onPermission` is called once for each permission that a person is
   * asked for.
   */
  rest(signal: AbortSignal, onPermission?: (what: string) => void): Promise<Outcome>
  /** To be called before a person's keys reach the program: they may send or clear an unsent text. */
  onPersonKeys(enter: boolean): Promise<void>
}

const echoMs = 2500
const settleMs = 100
const settledQuietMs = 120
const settleLimitMs = 2000
const acceptMs = 1500
const clearMs = 400
/** A slow program may clear its line as late as this; until then nothing is typed and no Enter pressed. */
const clearPatienceMs = 10_000
/** How long an abort may still wait for evidence once Enter is pressed. */
const graceMs = 800

const enter = '\r'
const killLine = '\x15'

/** One message on its way: as it came, as it is typed, and the screen before that. */
interface Entry {
  readonly message: string
  readonly text: string
  readonly before: Screen
}

/** A text that was typed and is not known to be taken, with the screen as it was left. */
interface Unsettled extends Entry {
  readonly left: Screen
  readonly entered: boolean
  /** When the keys that clear the line were sent, by the surface's clock, until they have shown an effect. */
  readonly clearedAt?: number
}

interface Typing {
  readonly surface: Surface
  readonly rules: TypingRules
  readonly hooks: HookEventReader
  unsettled: Unsettled | undefined
  /** What was typed last, as it was typed. */
  last: string
}

type TypedEvidence = 'echo' | 'marker'

export function createTypist(surface: Surface, rules: TypingRules, hooks: HookEventReader): Typist {
  const typing: Typing = { surface, rules, hooks, unsettled: undefined, last: '' }
  return {
    readiness: (forMs) => readinessWithHooks(surface, hooks, forMs),
    type: (message, signal) => typeMessage(typing, message, signal),
    rest: (signal, onPermission) => endOfTurn(surface, hooks, typing.last, signal, onPermission),
    onPersonKeys: (pressedEnter) => onPersonKeys(typing, pressedEnter),
  }
}

async function typeMessage(typing: Typing, message: string, signal: AbortSignal): Promise<Outcome> {
  const screen = await freeScreen(typing.surface, signal)
  if (screen.kind !== 'screen') return screen
  const permission = await permissionAsked(screen, typing.hooks)
  if (permission !== undefined) return heldBy(blockedBy(permission))
  const resumed = typing.unsettled && (await resume(typing, typing.unsettled, screen, message, signal))
  if (resumed) return resumed
  typing.unsettled = undefined
  const keys = keystrokes(message, screen, typing.rules)
  if ('refused' in keys) return { kind: 'failed', why: keys.refused, retry: false }
  if (fingerprint(keys.text) === '')
    return { kind: 'failed', why: 'nothing in the message shows on a screen', retry: false }
  return typeInto(typing, { message, text: keys.text, before: screen }, signal)
}

/**
 * What an unfinished earlier message means now; undefined when it is of no concern any more.
 * Its program may have been slow, a person may have sent or cleared it, or it still stands there.
 */
async function resume(
  typing: Typing,
  rest: Unsettled,
  screen: Screen,
  message: string,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const same = rest.message === message
  const evidence = evidenceIn(rest, screen)
  if (isClearing(rest, screen, typing.surface.now())) return { kind: 'busy', why: clearing }
  if (rest.entered && isUndone(rest, screen)) return undefined
  if (rest.entered && wasSent(rest, rest.left, screen))
    return same ? taken(typing, evidence ?? 'echo') : undefined
  if (evidence === undefined)
    return sameScreen(rest.left, screen)
      ? { kind: 'busy', why: 'what was typed has not shown up; it is not typed a second time' }
      : undefined
  if (same)
    return rest.entered
      ? send(typing, rest, screen, evidence, 1, signal)
      : settleAndSend(typing, rest, signal)
  await clearLine(typing, rest)
  return { kind: 'busy', why: clearing }
}

const clearing = 'an earlier message stands unsent in the input box and is being cleared'

const isClearing = (rest: Unsettled, screen: Screen, now: number): boolean =>
  rest.clearedAt !== undefined && now - rest.clearedAt < clearPatienceMs && !isUndone(rest, screen)

async function typeInto(typing: Typing, entry: Entry, signal: AbortSignal): Promise<Outcome> {
  await typing.hooks.begin()
  typing.last = entry.text
  const gone = await typing.surface.put(entry.text)
  if (gone) return gone
  noteUnsettled(typing, entry, entry.before, false)
  const seen = await until(
    typing.surface,
    echoMs,
    signal,
    0,
    (screen) => evidenceIn(entry, screen) !== undefined,
  )
  if (seen.kind !== 'screen') return seen
  if (evidenceIn(entry, seen)) return settleAndSend(typing, entry, signal)
  noteUnsettled(typing, entry, seen, false)
  if (!sameScreen(entry.before, seen)) await clearLine(typing, entry)
  return { kind: 'busy', why: 'what was typed did not show up, so it was not sent' }
}

const evidenceIn = (entry: Entry, screen: Screen): TypedEvidence | undefined =>
  evidenceOf(entry.before, screen, entry.text)

/** The text stands in the input box. Programs swallow an Enter that follows a paste too soon. */
async function settleAndSend(typing: Typing, entry: Entry, signal: AbortSignal): Promise<Outcome> {
  const { surface } = typing
  await surface.pause(settleMs, signal)
  const settled = await until(surface, settleLimitMs, signal, 0, (seen) => seen.quietMs >= settledQuietMs)
  if (settled.kind !== 'screen') return settled
  const evidence = evidenceIn(entry, settled)
  const person = personOn(settled)
  const obstacle = person ?? (settled.quietMs < settledQuietMs ? moving : undefined)
  if (evidence && obstacle === undefined && !signal.aborted)
    return send(typing, entry, settled, evidence, 2, signal)
  noteUnsettled(typing, entry, settled, false)
  if (signal.aborted && (await clearLine(typing, entry)))
    return { kind: 'released', why: 'let go before it was sent' }
  const why = `typed but not sent: ${obstacle ?? 'it did not stay in the input box'}`
  return { kind: 'busy', why, ...(person !== undefined && { blocked: true }) }
}

async function send(
  typing: Typing,
  entry: Entry,
  echoed: Screen,
  evidence: TypedEvidence,
  enters: number,
  signal: AbortSignal,
): Promise<Outcome> {
  noteUnsettled(typing, entry, echoed, true)
  const gone = await typing.surface.press(enter)
  if (gone) return gone
  const done = (screen: Screen) => submitted(echoed, screen, entry.text)
  const after = await until(typing.surface, acceptMs, signal, graceMs, done)
  const seen = after.kind === 'ended' || (after.kind === 'screen' && done(after))
  if (await isAcknowledged(typing.surface, typing.hooks, entry.text, seen)) return taken(typing, 'ack')
  // A program that ends on Enter has read the message.
  if (seen) return taken(typing, evidence)
  if (after.kind !== 'screen') return { kind: 'unknown', why: after.why, accepted: false }
  // A second Enter is for programs that swallow the first; a person who appeared meanwhile comes before that.
  if (enters > 1 && personOn(after) === undefined && !signal.aborted)
    return send(typing, entry, echoed, evidence, enters - 1, signal)
  noteUnsettled(typing, entry, after, true)
  return { kind: 'failed', why: 'typed_not_submitted: Enter had no effect', retry: true }
}

/** Seen later, a screen as before typing is no sign of success: somebody may have cleared the text. */
const wasSent = (entry: Entry, echoed: Screen, screen: Screen): boolean =>
  submitted(echoed, screen, entry.text) && !isUndone(entry, screen)

const isUndone = ({ before }: Entry, screen: Screen): boolean =>
  unchanged(before, screen) && (screen.bracketedPaste === true || before.cursor === screen.cursor)

function taken(typing: Typing, evidence: Evidence): Outcome {
  typing.unsettled = undefined
  return { kind: 'taken', evidence }
}

function noteUnsettled(
  typing: Typing,
  { message, text, before }: Entry,
  left: Screen,
  entered: boolean,
): void {
  typing.unsettled = { message, text, before, left, entered }
}

/** Empties a one-line input box. True when the screen is again as it was before typing. */
async function clearLine(typing: Typing, entry: Entry): Promise<boolean> {
  if (entry.text.includes('\n')) return false
  await typing.surface.press(killLine)
  const undone = (screen: Screen) => isUndone(entry, screen)
  const seen = await until(typing.surface, clearMs, undefined, 0, undone)
  const cleared = seen.kind === 'screen' && undone(seen)
  const { unsettled, surface } = typing
  typing.unsettled = cleared || !unsettled ? undefined : { ...unsettled, clearedAt: surface.now() }
  return cleared
}

async function onPersonKeys(typing: Typing, pressedEnter: boolean): Promise<void> {
  if (!typing.unsettled) return
  const seen = await typing.surface.look()
  if (!typing.unsettled || seen.kind !== 'screen') return
  const entered = pressedEnter && dialogOn(seen) === undefined
  typing.unsettled = { ...typing.unsettled, entered, ...(entered && { left: seen }) }
}
