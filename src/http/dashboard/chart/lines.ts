import type { HistoryStep } from '../../../domain/history.ts'
import { spanText } from '../../../domain/span.ts'
import { quantilesOf } from '../../../manage/history.ts'
import { createLatencyScale, percent } from './scale.ts'

const area = { top: 0.66, bottom: 0.98 }

/** Each with a shape of its own: what is hollow and dashed is the slowest hundredth. */
const series = [
  { name: 'stored p50', of: 'stored', quantile: 'p50Ms', square: false, slow: false },
  { name: 'stored p99', of: 'stored', quantile: 'p99Ms', square: false, slow: true },
  { name: 'taken p50', of: 'taken', quantile: 'p50Ms', square: true, slow: false },
  { name: 'taken p99', of: 'taken', quantile: 'p99Ms', square: true, slow: true },
] as const

/** Latencies over time, on a logarithmic scale; null where nothing was measured. */
export function latencyLines(steps: readonly HistoryStep[]) {
  const valuesOf = ({ of, quantile }: (typeof series)[number]) =>
    steps.map((step) => quantilesOf(step[of])?.[quantile])
  const known = series.flatMap((each) => valuesOf(each)).filter((ms) => ms !== undefined)
  if (known.length === 0) return null
  const scale = createLatencyScale(known)
  const yOf = (ms: number) => percent(area.bottom - scale.share(ms) * (area.bottom - area.top))
  const xOf = (i: number) => percent((i + 0.5) / steps.length)
  return {
    ticks: scale.ticks.map((ms) => ({ label: spanText(ms), y: yOf(ms) })),
    series: series.map((each) => {
      const values = valuesOf(each)
      const points = values.flatMap((ms, i) => (ms === undefined ? [] : [{ x: xOf(i), y: yOf(ms) }]))
      const lines = values.flatMap((ms, i) => {
        const before = values[i - 1]
        if (ms === undefined || before === undefined) return []
        return [{ x1: xOf(i - 1), y1: yOf(before), x2: xOf(i), y2: yOf(ms) }]
      })
      return { kind: `${each.of}${each.slow ? ' slow' : ''}`, square: each.square, points, lines }
    }),
  }
}
