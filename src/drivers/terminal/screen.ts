import { ink } from './ink.ts'
import { isMarker, markersIn } from './paste-marker.ts'

/**
 * What a terminal shows at one moment. Text only: lines that were wrapped are joined, what scrolled away may
 * precede.
 */
export interface Screen {
  readonly kind: 'screen'
  readonly lines: readonly string[]
  /** Where the cursor stands, in any spelling: it is only compared. */
  readonly cursor: string
  /** The row it stands in, as drawn, where that is known. */
  readonly cursorRow?: string
  /** Mode 2004; undefined when it cannot be known. */
  readonly bracketedPaste: boolean | undefined
  /** The kernel collects lines for the program (ICANON); undefined when it cannot be known. */
  readonly cooked: boolean | undefined
  /** The kernel shows what is typed (ECHO); undefined when it cannot be known. */
  readonly echo: boolean | undefined
  /** Milliseconds since anything was drawn. */
  readonly quietMs: number
  /** A person has typed something and not sent it. */
  readonly draft: boolean
  /** What stands in the input box, whoever typed it, where that can be told. */
  readonly input?: string
  /** The program is an agent that is known to obey arrows, Delete and ^E in its input box. */
  readonly edits?: boolean
  /** By what the surface can tell, in the moment it acts, that the terminal still shows this. */
  readonly still?: string
  /** What we typed lately, newest last. */
  readonly own?: readonly string[]
}

const fingerprintLength = 24
const shortFingerprint = 8

/** The last 24 characters of a text that leave ink on a screen; empty when nothing in it does. */
export const fingerprint = (text: string): string => [...ink(text)].slice(-fingerprintLength).join('')

/**
 * How `after` shows that `text` has arrived in the input box, given the screen `before` it was typed: the end of
 * the text, or a paste marker, is there once more than before.
 */
export function evidenceOf(before: Screen, after: Screen, text: string): 'echo' | 'marker' | undefined {
  const print = fingerprint(text)
  if (
    print.length < shortFingerprint
      ? showsShort(before, after, text)
      : count(after, print) > count(before, print)
  )
    return 'echo'
  const isAlone = after.input !== undefined && isMarker(after.input) && ink(after.input) !== ink(text)
  return newMarkers(before, after, isAlone ? '' : text).length > 0 ? 'marker' : undefined
}

/** Markers that `after` shows and `before` does not, or less often; those that the text spells prove nothing. */
function newMarkers(before: Screen, after: Screen, text: string): readonly string[] {
  const spelled = markersIn(text)
  return beyond(markersOn(before), markersOn(after)).filter((shown) => !spelled.includes(shown))
}

/**
 * A few letters stand in many places, also in the hint that they replace: here a line that is new must end with them,
 * with the last of them when the text has several lines.
 */
function showsShort(before: Screen, after: Screen, text: string): boolean {
  const typed = inked(text.split('\n'))
  const last = typed.at(-1)
  const fresh = beyond(inked(before.lines), inked(after.lines))
  return last !== undefined && fresh.length <= typed.length + 2 && fresh.some((line) => line.endsWith(last))
}

/** How often a run of ink stands on the screen, across borders and line ends. */
const count = (screen: Screen, print: string): number =>
  print === '' ? 0 : ink(screen.lines.join('\n')).split(print).length - 1

/**
 * True when Enter did something: a line is new, the text moved or is there once more, or the program put its paste
 * mode away. An animated spinner, a counter, a box that grew by an empty line and a paste marker are not enough. A
 * program without bracketed paste has no multi-line input box, so there a cursor on another place means that the
 * line was taken. `alike`: an empty box looks as if it held the text, so the cursor behind it proves nothing.
 */
export function submitted(echoed: Screen, after: Screen, text: string, alike = false): boolean {
  if (newMarkers(echoed, after, text).length > 0) return false
  if (!alike && cursorStays(echoed, after, text)) return false
  if (echoed.bracketedPaste !== after.bracketedPaste) return true
  const takesLines = after.bracketedPaste === false || (after.bracketedPaste === undefined && after.cooked)
  if (takesLines && echoed.cursor !== after.cursor) return true
  if (added(echoed, after).length > 0 || linesBelow(echoed, text) !== linesBelow(after, text)) return true
  return count(after, tailOf(text)) > count(echoed, tailOf(text))
}

/**
 * The cursor was behind the text and still is: Enter went to a list of suggestions, for example, and the text still
 * stands there.
 */
const cursorStays = (echoed: Screen, after: Screen, text: string): boolean =>
  isBehind(echoed, text) && isBehind(after, text)

/** The cursor is in a row that ends as the text does. */
export function isBehind({ bracketedPaste, cursorRow = '' }: Screen, text: string): boolean {
  const tail = tailOf(text)
  return tail.length >= shortTail && bracketedPaste !== false && ink(cursorRow).endsWith(tail)
}

const shortTail = 3

/** True when both show the very same, counters too; only spinners, clocks and empty lines may differ. */
export const unchanged = (a: Screen, b: Screen): boolean =>
  beyond(exactLines(a), exactLines(b)).length + beyond(exactLines(b), exactLines(a)).length === 0

/** True when both show the same, apart from spinners, counters and empty lines. */
export const sameScreen = (a: Screen, b: Screen): boolean => added(a, b).length + added(b, a).length === 0

const added = (before: Screen, after: Screen): readonly string[] =>
  beyond(bareLines(before), bareLines(after))

/** Those of `after` that `before` does not have, or has less often. */
function beyond(before: readonly string[], after: readonly string[]): readonly string[] {
  const left = new Map<string, number>()
  for (const line of before) left.set(line, (left.get(line) ?? 0) + 1)
  return after.filter((line) => {
    const rest = left.get(line) ?? 0
    left.set(line, rest - 1)
    return rest <= 0
  })
}

/** Lines with content below the last one that ends the text; -1 when none does. */
function linesBelow(screen: Screen, text: string): number {
  const tail = tailOf(text)
  const lines = screen.lines.filter((line) => bare(line) !== '')
  const at = lines.findLastIndex((line) => ink(line).includes(tail))
  return at < 0 ? -1 : lines.length - 1 - at
}

const tailOf = (text: string): string => [...fingerprint(text)].slice(-shortFingerprint).join('')

const inked = (lines: readonly string[]): readonly string[] => lines.map(ink).filter((line) => line !== '')

const bareLines = (screen: Screen): readonly string[] => screen.lines.map(bare).filter((line) => line !== '')

const exactLines = (screen: Screen): readonly string[] =>
  screen.lines.map((line) => unspun(ink(line).replace(clock, ''))).filter((line) => line !== '')

/** A line without what moves by itself: digits and the glyphs spinners are made of. */
const bare = (line: string): string => unspun(ink(line)).replace(/\d/g, '')

const unspun = (line: string): string => line.replace(/[|/\\\-+*·•●○◌◉◎◐-◕✢-❋⏺⠀-⣿…█]/gu, '')

const clock = /\d{1,2}:\d\d(?::\d\d)?/g

const markersOn = (screen: Screen): readonly string[] => markersIn(screen.lines.join('\n'))
