import { type InkMap, ink, mapInk } from './ink.ts'

/** A run of so much ink is no coincidence; a shorter one counts where it is a whole text that stands alone. */
const certainLength = 8
/** How many lines back a text may have begun that a program wraps itself. */
const wrappedLines = 8

/**
 * Lines of a screen without what we typed there ourselves, wherever it ends a line: in the input box, in the transcript of
 * an agent that repeats it, in the echo of a terminal. A dialog that only shares some words with a message keeps them,
 * because its lines go on in another way.
 */
export function withoutOwnText(lines: readonly string[], typed: readonly string[]): readonly string[] {
  const own = typed.map(ink).filter((text) => text !== '')
  const maps = lines.map((line) => mapInk(line.replace(lineEnd, '')))
  const kept = maps.map((map) => map.ink.length)
  for (let at = maps.length - 1; at >= 0; at--) if (kept[at]) erase(maps, kept, at, own)
  return lines.map((line, at) => shorten(line, maps[at], kept[at]))
}

/** What an agent adds behind a text that it shortens or frames. */
const lineEnd = /[\s│┃|▌▐▕…]+$/u

function shorten(line: string, map: InkMap | undefined, kept = 0): string {
  const end = map?.from[kept]
  return end === undefined ? line : line.slice(0, end)
}

/** Notes in `kept` how much ink each line up to `last` keeps. */
function erase(maps: readonly InkMap[], kept: number[], last: number, own: readonly string[]): void {
  const first = Math.max(0, last - wrappedLines)
  const shown = maps
    .slice(first, last + 1)
    .map((map, at) => map.ink.slice(0, kept[first + at]))
    .join('')
  const length = Math.max(0, ...own.map((text) => sharedEnd(shown, text)))
  if (!isOwn(maps[last]?.ink.slice(0, kept[last]) ?? '', length, own)) return
  for (let at = last, left = length; at >= first && left > 0; at--) {
    const before = kept[at] ?? 0
    kept[at] = Math.max(0, before - left)
    left -= before
  }
}

function isOwn(line: string, length: number, own: readonly string[]): boolean {
  if (length >= certainLength) return true
  const before = line.slice(0, Math.max(0, line.length - length))
  return own.some((text) => text.length === length) && !/[\p{L}\p{N}]/u.test(before)
}

/** The length of the longest end of `shown` that stands somewhere in `text`. */
function sharedEnd(shown: string, text: string): number {
  let known = 0
  for (let open = Math.min(shown.length, text.length); known < open; ) {
    const middle = Math.ceil((known + open) / 2)
    if (text.includes(shown.slice(-middle))) known = middle
    else open = middle - 1
  }
  return known
}
