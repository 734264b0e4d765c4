import { fit, widthOf } from './terminal-text.ts'

export type Tone = 'plain' | 'faint' | 'good' | 'warn' | 'bad'

interface Heading {
  readonly title: string
  readonly flexible?: boolean
}

interface Painted {
  readonly text: string
  readonly tone: Tone
}

type Paint = (text: string, tone: Tone) => string

const gap = 2
const narrowest = 8

/**
 * Lines of a table no wider than `width`: flexible columns are cut first, and where that is not enough each row
 * becomes a block of its own. Texts must be escaped already.
 */
export function layOut(
  columns: readonly Heading[],
  rows: readonly (readonly Painted[])[],
  width: number,
  paint: Paint,
): readonly string[] {
  const widths = squeeze(columns, naturalWidths(columns, rows), width)
  if (!widths) return blocks(columns, rows, width, paint)
  const heading = columns.map(({ title }): Painted => ({ text: title, tone: 'faint' }))
  return [heading, ...rows].map((row) => spellRow(row, widths, paint))
}

const naturalWidths = (columns: readonly Heading[], rows: readonly (readonly Painted[])[]): number[] =>
  columns.map(({ title }, i) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[i]?.text ?? '')), title.length),
  )

/** Takes from the widest flexible column until all fit; undefined when they never do. */
function squeeze(columns: readonly Heading[], natural: number[], width: number): number[] | undefined {
  const widths = [...natural]
  let excess = widths.reduce((sum, w) => sum + w, 0) + gap * (widths.length - 1) - width
  while (excess > 0) {
    const widest = widths.reduce(
      (best, w, i) => (columns[i]?.flexible && w > (best < 0 ? narrowest : (widths[best] ?? 0)) ? i : best),
      -1,
    )
    if (widest < 0) return undefined
    widths[widest] = (widths[widest] ?? 0) - 1
    excess--
  }
  return widths
}

function spellRow(row: readonly Painted[], widths: readonly number[], paint: Paint): string {
  const last = row.length - 1
  return row
    .map(({ text, tone }, i) => {
      const cut = fit(text, widths[i] ?? 0)
      const padding = i === last ? '' : ' '.repeat((widths[i] ?? 0) - widthOf(cut) + gap)
      return paint(cut, tone) + padding
    })
    .join('')
    .trimEnd()
}

function blocks(
  columns: readonly Heading[],
  rows: readonly (readonly Painted[])[],
  width: number,
  paint: Paint,
): readonly string[] {
  const longest = Math.max(...columns.map(({ title }) => title.length))
  return rows.flatMap((row, n) => [
    ...(n > 0 ? [''] : []),
    ...row.map(({ text, tone }, i) => {
      const label = (columns[i]?.title ?? '').padEnd(longest + gap)
      return paint(label, 'faint') + paint(fit(text, Math.max(narrowest, width - label.length)), tone)
    }),
  ])
}
