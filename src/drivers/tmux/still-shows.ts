import { boxRowsOf } from '../terminal/input-box.ts'
import type { PaneView } from './pane.ts'

/** The rows of an input box that are compared: a key shows in the last of them, and in the cursor. */
const rowsCompared = 3

/**
 * A condition that tmux checks in the moment it acts: the cursor stands where it stood, and the input box shows what it
 * showed. A row is found by a pattern, as the first of the pane that looks like it; and there must be no other that goes on
 * behind it, because the same words may stand further up. And nobody has pressed a key since, to the second.
 */
export function stillShows(view: PaneView): string {
  const rows = view.searches ? boxRowsOf(view).slice(-rowsCompared) : []
  const shown = view.rows.map((row) => row.text)
  const conditions = rows.flatMap((row) => {
    const pattern = patternOf(shown[row] ?? '')
    return [foundAt(shown, pattern), foundAt(shown, `${pattern}..*`)]
  })
  const cursor = `#{==:#{cursor_x}.#{cursor_y},${view.cursor.replace(',', '.')}}`
  const keys = view.keyAt === undefined ? [] : [`#{==:#{session_activity},${view.keyAt}}`]
  return [cursor, ...keys, ...conditions].reduceRight((rest, one) => `#{&&:${one},${rest}}`)
}

/** Letters and digits as they are; other ASCII may mean something to tmux, and the rest be shown otherwise. */
const patternOf = (row: string): string =>
  row
    .replace(/[^\x20-\x7e]+/g, '\0')
    .replace(/[^A-Za-z0-9 \0]/g, '.')
    .replaceAll('\0', '.*')

const foundAt = (shown: readonly string[], pattern: string): string =>
  `#{==:#{C/r:^${pattern}$},${shown.findIndex((row) => isLike(row, pattern.split('.*'))) + 1}}`

/**
 * Whether a row consists of these pieces with anything between, found from the left as in a glob: a pattern of many gaps
 * keeps a RegExp at work for ever.
 */
function isLike(row: string, [head = '', ...pieces]: readonly string[]): boolean {
  const last = pieces.pop()
  if (!standsAt(row, head, 0)) return false
  if (last === undefined) return row.length === head.length
  let from = head.length
  for (const piece of pieces) {
    while (from + piece.length <= row.length && !standsAt(row, piece, from)) from++
    from += piece.length
  }
  const end = row.length - last.length
  return from <= end && standsAt(row, last, end)
}

/** A full stop stands for any character. */
const standsAt = (row: string, piece: string, at: number): boolean =>
  at + piece.length <= row.length && [...piece].every((char, i) => char === '.' || char === row[at + i])
