import { fit, widthOf } from './terminal-text.ts'

export type Tone = 'plain' | 'faint' | 'good' | 'warn' | 'bad'

interface Heading {
  readonly title: string
  /** May be cut when the terminal is narrow, to 8 columns or as many as are named. */
  readonly flexible?: boolean | number
  /** Where there is no room for all: what has the lowest number goes first, what has none stays. */
  readonly goes?: number
  readonly right?: boolean
}

interface Painted {
  readonly text: string
  readonly tone: Tone
}

type Row = readonly Painted[]
type Paint = (text: string, tone: Tone) => string

const gap = 2
const narrowest = 8

/**
 * Lines of a table no wider than `width`, one a row: flexible columns are cut first, then the least needed columns go, and
 * where that is not enough every column is cut. Texts must be escaped already.
 */
export function layOut(
  columns: readonly Heading[],
  rows: readonly Row[],
  width: number,
  paint: Paint,
): readonly string[] {
  const heading = columns.map(({ title }): Painted => ({ text: title, tone: 'faint' }))
  const places = placesFor(columns, naturalWidths(columns, rows), width)
  return [heading, ...rows].map((row) => spellRow(row, columns, places, paint))
}

const naturalWidths = (columns: readonly Heading[], rows: readonly Row[]): number[] =>
  columns.map(({ title }, i) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[i]?.text ?? '')), title.length),
  )

/** A column that is shown: which one, and how wide. */
interface Place {
  readonly index: number
  readonly width: number
}

function placesFor(columns: readonly Heading[], natural: readonly number[], width: number): readonly Place[] {
  let shown = columns.map((column, index) => ({ column, index, width: natural[index] ?? 0 }))
  for (;;) {
    const fitting = squeeze(shown, width, leastOf)
    const first = Math.min(...shown.map(({ column }) => column.goes ?? Number.POSITIVE_INFINITY))
    if (fitting || first === Number.POSITIVE_INFINITY)
      return fitting ?? squeeze(shown, width, () => 1) ?? shown
    shown = shown.filter(({ column }) => column.goes !== first)
  }
}

function leastOf({ flexible = false }: Heading): number | undefined {
  return flexible === true ? narrowest : flexible === false ? undefined : flexible
}

interface Wanted extends Place {
  readonly column: Heading
}

/** Takes from the widest column that may be cut until all fit; undefined when they never do. */
function squeeze(
  wanted: readonly Wanted[],
  width: number,
  least: (column: Heading) => number | undefined,
): readonly Wanted[] | undefined {
  const widths = wanted.map((one) => one.width)
  const limits = wanted.map(({ column }) => least(column) ?? Number.POSITIVE_INFINITY)
  let excess = widths.reduce((sum, w) => sum + w, 0) + gap * (widths.length - 1) - width
  for (; excess > 0; excess--) {
    const widest = widths.reduce(
      (best, w, i) => (w > (limits[i] ?? 0) && w > (widths[best] ?? 0) ? i : best),
      -1,
    )
    if (widest < 0) return undefined
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return wanted.map((one, i) => ({ ...one, width: widths[i] ?? 0 }))
}

function spellRow(row: Row, columns: readonly Heading[], places: readonly Place[], paint: Paint): string {
  return places
    .map(({ index, width }, i) => {
      const { text = '', tone = 'plain' } = row[index] ?? {}
      const cut = fit(text, width)
      const padding = ' '.repeat(width - widthOf(cut))
      if (columns[index]?.right) return padding + paint(cut, tone)
      return paint(cut, tone) + (i === places.length - 1 ? '' : padding)
    })
    .join(' '.repeat(gap))
    .trimEnd()
}

/** As much of each text's beginning as tells them all apart, `least` characters or more. */
export function shortened(texts: readonly string[], least: number): readonly string[] {
  const longest = Math.max(0, ...texts.map(({ length }) => length))
  const different = new Set(texts).size
  let length = least
  while (length < longest && new Set(texts.map((text) => text.slice(0, length))).size < different) length++
  return texts.map((text) => text.slice(0, length))
}
