import type { FailedStep } from './delivery.ts'

/** How long something took, as pairs of "at most so many milliseconds" (a bound of `latencyBound`) and how often, shortest first. */
export type Latencies = readonly (readonly [atMostMs: number, count: number])[]

/** What was received in one stretch of time, and what has become of it. What was purged since still counts. */
export interface HistoryStep {
  /** From the first byte until it was on disk; one for every delivery. */
  readonly stored: Latencies
  /** From the first byte until its agent surely took it. */
  readonly taken: Latencies
  /** Those that are FAILED. */
  readonly failed: Readonly<Partial<Record<FailedStep, number>>>
}

/** Unix milliseconds by the wall clock. */
export interface History {
  readonly steps: readonly HistoryStep[]
  /** From when on deliveries were counted; absent where none ever was. */
  readonly since?: number
  /** When the oldest delivery was received that is still stored. */
  readonly oldestKept?: number
}

/** How far back counts are kept. Milliseconds. */
export const historyKeptMs = 32 * 86_400_000

const firstDecade = [1, 2, 3, 4, 5, 6, 8]
const digits = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80]
/** About ten in each power of ten, up to three months. Migration 0006 has the same. */
const bounds: readonly number[] = [
  ...firstDecade,
  ...Array.from({ length: 9 }, (_, power) => digits.map((digit) => digit * 10 ** power)).flat(),
]

/** The bound under which a latency is counted: the least that is not below it. Milliseconds. */
export function latencyBound(ms: number): number {
  let [low, high] = [0, bounds.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((bounds[middle] ?? 0) < ms) low = middle + 1
    else high = middle
  }
  return bounds[low] ?? 1
}

/** The bound that so large a share, in (0, 1], does not exceed; undefined of none. Milliseconds. */
export function percentile(latencies: Latencies, share: number): number | undefined {
  const wanted = share * countOf(latencies)
  let seen = 0
  for (const [bound, count] of latencies) {
    seen += count
    if (seen >= wanted) return bound
  }
  return undefined
}

export const countOf = (latencies: Latencies): number => latencies.reduce((sum, [, count]) => sum + count, 0)

/** Of several steps as if they were one. */
export function merged(steps: readonly HistoryStep[]): HistoryStep {
  const failed: Partial<Record<FailedStep, number>> = {}
  for (const step of steps)
    for (const [name, count] of failuresOf(step)) failed[name] = (failed[name] ?? 0) + count
  return {
    stored: mergedLatencies(steps.map(({ stored }) => stored)),
    taken: mergedLatencies(steps.map(({ taken }) => taken)),
    failed,
  }
}

/** Most frequent first. */
export const failuresOf = ({ failed }: HistoryStep): readonly (readonly [FailedStep, number])[] =>
  (Object.entries(failed) as [FailedStep, number][]).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))

function mergedLatencies(all: readonly Latencies[]): Latencies {
  const counts = new Map<number, number>()
  for (const [bound, count] of all.flat()) counts.set(bound, (counts.get(bound) ?? 0) + count)
  return [...counts].sort(([a], [b]) => a - b)
}

/** A span that ends with the present, cut into steps that begin at whole hours, or multiples of them, of UTC. */
export interface HistorySpan {
  readonly name: SpanName
  readonly from: number
  readonly stepMs: number
  readonly steps: number
}

export type SpanName = keyof typeof spans
const hourMs = 3_600_000
const spans = {
  '24h': { stepMs: hourMs, steps: 24 },
  '7d': { stepMs: 4 * hourMs, steps: 42 },
  '30d': { stepMs: 24 * hourMs, steps: 30 },
} as const

export const spanNames = Object.keys(spans) as readonly SpanName[]
export const isSpanName = (text: string): text is SpanName => Object.hasOwn(spans, text)

export function spanUntil(name: SpanName, now: number): HistorySpan {
  const { stepMs, steps } = spans[name]
  return { name, stepMs, steps, from: (Math.floor(now / stepMs) - steps + 1) * stepMs }
}
