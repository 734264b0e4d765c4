import { countOf, type HistoryStep, merged } from '../../../domain/history.ts'
import { failedIn, type SpanHistory } from '../../../manage/history.ts'
import type { PageView } from '../templates.ts'
import { shortCounts } from './words.ts'

const [barWidth, gap, height] = [10, 2, 28]

/** The last day at a glance: knocks, and what of them failed. Null where nobody knocked. */
export function sparkView({ steps }: SpanHistory): PageView | null {
  const total = merged(steps)
  if (countOf(total.stored) === 0) return null
  const tallest = Math.max(...steps.map(({ stored }) => countOf(stored)))
  return {
    ...{ width: steps.length * barWidth, height, w: barWidth - gap },
    caption: `24 hours: ${shortCounts(total)}`,
    hours: steps.map((step, i) => ({ x: i * barWidth + gap / 2, bars: barsOf(step, tallest) })),
  }
}

/** A bar for the knocks and one for the failures; even a single one is visible. */
function barsOf(step: HistoryStep, tallest: number) {
  const scaled = (n: number) => Math.max(1.5, Math.round((n / tallest) * (height - 2) * 10) / 10)
  const bar = (n: number, tone: string) => (n > 0 ? [{ tone, y: height - scaled(n), h: scaled(n) }] : [])
  return [...bar(countOf(step.stored), 'all'), ...bar(failedIn(step), 'failed')]
}
