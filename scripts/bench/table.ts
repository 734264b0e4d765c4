import type { Samples } from './plan.ts'
import type { Bound, Row } from './rows.ts'
import { median } from './stats.ts'

/** Markdown: the median of each row, its spread, and whether that is what SPEC asks for. */
export function table(rows: readonly Row[], samples: Samples): string {
  const lines = rows.map((row) => line(row, samples[row.key] ?? []))
  return ['| figure | median | spread | must | aim | met |', '|---|---:|---:|---:|---:|---|', ...lines].join(
    '\n',
  )
}

function line({ title, unit, bound }: Row, samples: readonly number[]): string {
  const [least, most] = [Math.min(...samples), Math.max(...samples)]
  const cells = [
    title,
    samples.length === 0 ? 'not measured' : `${shown(median(samples))} ${unit ?? ''}`.trim(),
    samples.length < 2 ? '' : `${shown(least)}–${shown(most)}`,
    bound ? asked(bound, bound.must, unit) : '',
    bound ? asked(bound, bound.aim, unit) : '',
    bound && samples.length > 0 ? verdict(bound, samples) : '',
  ]
  return `| ${cells.join(' | ')} |`
}

export const asked = ({ better }: Bound, value: number, unit = ''): string =>
  `${better === 'higher' ? '≥' : '≤'} ${value} ${unit}`.trim()

/** By the median; and whether some sample lies on the other side of what must be. */
export function verdict({ better, must, aim }: Bound, samples: readonly number[]): string {
  const holds = (value: number, bound: number) => (better === 'higher' ? value >= bound : value <= bound)
  const middle = median(samples)
  const met = holds(middle, aim) ? 'aim' : holds(middle, must) ? 'must' : 'NO'
  const crosses = samples.some((sample) => holds(sample, must) !== holds(middle, must))
  return crosses ? `${met}; the spread crosses the must` : met
}

/** Three digits, all of those before the point. */
export const shown = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
