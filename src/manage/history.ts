import {
  countOf,
  failuresOf,
  type History,
  type HistorySpan,
  type HistoryStep,
  type Latencies,
  merged,
  percentile,
  type SpanName,
  spanUntil,
} from '../domain/history.ts'
import type { DoorStore } from '../domain/ports.ts'
import { iso, isoOrNull } from './views.ts'

export interface SpanHistory extends History {
  readonly span: HistorySpan
}

/** The span of that name until now (Unix milliseconds). */
export async function historyOf(
  store: Pick<DoorStore, 'history'>,
  name: SpanName,
  now: number,
): Promise<SpanHistory> {
  const span = spanUntil(name, now)
  return { span, ...(await store.history(span.from, span.stepMs, span.steps)) }
}

/** The half of a number of latencies that is quicker, and the slowest hundredth: what they do not exceed. Milliseconds. */
export function quantilesOf(latencies: Latencies): { p50Ms: number; p99Ms: number } | null {
  const [p50Ms, p99Ms] = [percentile(latencies, 0.5), percentile(latencies, 0.99)]
  return p50Ms === undefined || p99Ms === undefined ? null : { p50Ms, p99Ms }
}

export const failedIn = (step: HistoryStep): number =>
  failuresOf(step).reduce((sum, [, count]) => sum + count, 0)

/** As programs see it. */
export function historyView({ span, steps, since, oldestKept }: SpanHistory) {
  const { name, from, stepMs } = span
  return {
    span: name,
    stepSeconds: stepMs / 1000,
    countedSince: isoOrNull(since),
    oldestKept: isoOrNull(oldestKept),
    total: stepView(merged(steps)),
    steps: steps.map((step, i) => ({ from: iso(from + i * stepMs), ...stepView(step) })),
  }
}

const stepView = (step: HistoryStep) => ({
  knocks: countOf(step.stored),
  failed: failedIn(step),
  failures: failuresOf(step).map(([failedStep, count]) => ({ failedStep, count })),
  stored: quantilesOf(step.stored),
  taken: quantilesOf(step.taken),
})
