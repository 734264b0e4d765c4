import { boxInk, graphemes, type OwnPart, ownPart, restOf } from './own-text.ts'
import { evidenceOf, type Screen, unchanged } from './screen.ts'
import { type Gone, type Surface, until } from './surface.ts'

/** How taking a text back out of the input box ended. */
export type TakenBack =
  /** Nothing of it stands there. */
  | 'done'
  /** It was gone before a key was pressed for it: a person has sent it or thrown it away. */
  | 'vanished'
  /** It stands there still, or what is shown is not known to be ours: the program does not react, or only later. */
  | 'stays'

/** A text as it was typed, and the screen before that. */
export interface Typed {
  readonly text: string
  readonly before: Screen
  /** Its screen with and without it may look the same. */
  readonly probed?: boolean
  /** So many Enters had no effect but perhaps a new line. */
  readonly enters?: number
}

interface Progress {
  readonly typed: Typed
  /** How many characters of the text Backspace was pressed for. */
  removed: number
  /** Keys were pressed that may have taken the text back. */
  touched: boolean
  pressedAt: number
  /** Since when the text is on the screen and not in the box: a program that draws may show it so for a moment. */
  missedAt: number | undefined
  beside: OwnPart
}

const limitMs = 6000
const effectMs = 400
/** A program that has so much time takes no keys, or not these. */
const slowMs = 1500
const pollMs = 25
const stayMs = 600
const backspace = '\x7f'
const killLine = '\x15'
/** Programs redraw for each key. */
const maxKeys = 1000

/**
 * Takes what we typed out of the input box again, and nothing else: what a person has typed before it stays, and what they
 * typed behind it is typed anew for them, in one go with the keys that take the text away. Each step holds for the screen
 * it was made up for: a key that comes meanwhile is looked at first. Begins with the screen `found`, while it is fresh: the
 * next key of a person is then the least likely to be on its way.
 */
export async function takeBack(surface: Surface, typed: Typed, found?: Screen): Promise<TakenBack> {
  const beside = { before: '', after: '', keys: 0 }
  const progress: Progress = { typed, removed: 0, touched: false, pressedAt: 0, missedAt: undefined, beside }
  let first = found
  for (const end = surface.now() + limitMs; surface.now() < end; ) {
    const seen: Screen | Gone = first ?? (await surface.look())
    first = undefined
    if (seen.kind !== 'screen') return 'done'
    const part = standing(progress, seen)
    if (part === 'nothing') {
      const end = ended(progress, seen, surface.now())
      if (end === 'vanished') await takeBackRetyped(surface, progress, seen)
      if (end) return end
      await surface.pause(pollMs)
      continue
    }
    progress.missedAt = undefined
    if (part === 'stuck') {
      if (surface.now() - progress.pressedAt > slowMs) return 'stays'
      await surface.pause(pollMs)
      continue
    }
    const failed = await pressFor(surface, progress, part, seen)
    if (failed?.kind === 'changed') continue
    if (failed) return 'done'
    await until(surface, effectMs, undefined, 0, (screen) => differs(seen, screen))
  }
  return 'stays'
}

/**
 * A text that is not in the box was taken back, or a person has sent it or thrown it away. Undefined where a moment must
 * tell: it is still on the screen, or no key was pressed for it yet, and the program may just be drawing.
 */
function ended(progress: Progress, seen: Screen, now: number): TakenBack | undefined {
  const { typed, touched } = progress
  if (typed.probed || isAsBefore(typed, seen)) return touched ? 'done' : 'vanished'
  if (touched && !evidenceOf(typed.before, seen, typed.text)) return 'done'
  progress.missedAt ??= now
  return now - progress.missedAt >= stayMs ? 'vanished' : undefined
}

/** It was sent together with what the person had typed behind it: typed anew, that is one too many. */
async function takeBackRetyped(surface: Surface, { beside: { after }, touched }: Progress, seen: Screen) {
  if (touched && !seen.edits && after !== '' && seen.input?.trim() === after.trim())
    await surface.press(backspace.repeat(graphemes(after)), seen)
}

/** What keys were pressed for is noted only if they were. */
async function pressFor(surface: Surface, progress: Progress, part: OwnPart, seen: Screen) {
  const { text } = progress.typed
  const alone = part.before.trim() === '' && part.after.trim() === ''
  const wholeLine = alone && !progress.touched && !text.includes('\n')
  const count = Math.min(part.keys, maxKeys)
  const failed = await surface.press(wholeLine ? killLine : keysFor(text, part, count, seen), seen)
  if (failed) return failed
  progress.touched = true
  progress.pressedAt = surface.now()
  if (wholeLine) return undefined
  progress.removed += count
  progress.beside = part
  return undefined
}

/** From the front, where that is safe: then no key matters that a person pressed and the screen does not show yet. */
function keysFor(text: string, { before, after, keys }: OwnPart, count: number, seen: Screen): string {
  const typed = graphemes(after)
  const fromFront = seen.edits && before.trim() === '' && typed > 0 && count === keys && keys > 1
  if (fromFront && simple.test(text))
    return `${left.repeat(count + typed + unseenKeys)}${deleteAhead.repeat(count)}${lineEnd}`
  return `${backspace.repeat(count + typed)}${after}`
}

/** Texts of which one key moves over or removes one character, in every editor. */
const simple = /^[\n\x20-\x7e\u00a0-\u02ff\u0390-\u03ff\u0410-\u044f\u3040-\u30ff\u4e00-\u9fff]*$/

const [left, deleteAhead, lineEnd] = ['\x1b[D', '\x1b[3~', '\x05']
/** So many may be on their way; at the beginning of a text, Left does nothing. */
const unseenKeys = 8

/** What still stands of the text. */
function standing(progress: Progress, seen: Screen): OwnPart | 'nothing' | 'stuck' {
  const { typed, removed, beside } = progress
  const left = graphemes(typed.text) + (typed.enters ?? 0) - removed
  if (typed.probed) return left > 0 && !seen.draft ? { ...beside, keys: left } : 'nothing'
  if (isAsBefore(typed, seen)) return 'nothing'
  if (seen.input === undefined) {
    if (left > 0 && (removed > 0 || evidenceOf(typed.before, seen, typed.text)))
      return { ...beside, keys: left }
    return removed > 0 ? 'stuck' : 'nothing'
  }
  const whole = ownPart(typed.text, seen.input)
  if (removed === 0) return whole ?? 'nothing'
  if (left > 0 && boxInk(typed.text).includes(boxInk(seen.input))) return { ...beside, keys: left }
  return whole ? 'stuck' : (restOf(typed.text, seen.input, beside) ?? 'nothing')
}

export const isAsBefore = ({ before }: Typed, screen: Screen): boolean =>
  unchanged(before, screen) && (screen.bracketedPaste === true || before.cursor === screen.cursor)

const differs = (a: Screen, b: Screen): boolean =>
  a.cursor !== b.cursor ||
  a.lines.length !== b.lines.length ||
  a.lines.some((line, at) => line !== b.lines[at])
