import type { Delivery, FailedStep } from '../../src/domain/delivery.ts'
import { type History, type Latencies, latencyBound } from '../../src/domain/history.ts'

const hourMs = 3_600_000

/** The history of these deliveries, worked out of the records themselves. */
export function memoryHistory(
  deliveries: readonly Delivery[],
  oldestKept: number | undefined,
  { from, stepMs, steps }: { readonly from: number; readonly stepMs: number; readonly steps: number },
): History {
  const first = deliveries.reduce(
    (least, { receivedAt }) => Math.min(least, receivedAt),
    Number.POSITIVE_INFINITY,
  )
  return {
    steps: Array.from({ length: steps }, (_, i) => {
      const start = from + i * stepMs
      const within = deliveries.filter((each) => each.receivedAt >= start && each.receivedAt < start + stepMs)
      return {
        stored: latencies(within.map(({ receivedAt, storedAt }) => storedAt - receivedAt)),
        taken: latencies(
          within.flatMap(({ receivedAt, acceptedAt }) =>
            acceptedAt === undefined ? [] : [acceptedAt - receivedAt],
          ),
        ),
        failed: failures(within),
      }
    }),
    ...(deliveries.length > 0 && { since: Math.floor(first / hourMs) * hourMs }),
    ...(oldestKept !== undefined && { oldestKept }),
  }
}

function latencies(ms: readonly number[]): Latencies {
  const groups = Map.groupBy(ms, latencyBound)
  return [...groups].map(([bound, all]) => [bound, all.length] as const).sort(([a], [b]) => a - b)
}

function failures(deliveries: readonly Delivery[]): Partial<Record<FailedStep, number>> {
  const steps = deliveries.flatMap(({ state, failedStep }) =>
    state === 'FAILED' && failedStep ? [failedStep] : [],
  )
  return Object.fromEntries([...Map.groupBy(steps, (step) => step)].map(([step, all]) => [step, all.length]))
}
