import type { FailedStep } from '../domain/delivery.ts'
import { type History, type HistoryStep, historyKeptMs } from '../domain/history.ts'
import type { SqlRow } from '../platform/platform.ts'
import type { ReadContext, StoreContext } from './context.ts'
import type { HistoryKind } from './history-counts.ts'
import { number, orUndefined, text } from './rows.ts'

const hourMs = 3_600_000

/**
 * Sums of so many steps of `stepMs` from a time by the wall clock on. An hour of the store's own time belongs to the step that
 * holds its middle: a clock that has jumped by less than half an hour moves nothing.
 */
export function history({ sql, time }: ReadContext, from: number, stepMs: number, steps: number): History {
  const first = from - time.skew() - hourMs / 2
  const rows = sql(
    `SELECT CAST((hour * ${hourMs} - ?1) / ?2 AS INTEGER) AS step, kind, name, SUM(n) AS n FROM history
     WHERE hour * ${hourMs} >= ?1 AND hour >= ?3 AND hour * ${hourMs} < ?1 + ?2 * ?4 GROUP BY 1, 2, 3 HAVING SUM(n) > 0`,
  ).all(first, stepMs, Math.floor(first / hourMs), steps)
  const byStep = Map.groupBy(rows, ({ step }) => number(step))
  const edges = sql(
    `SELECT (SELECT MIN(hour) FROM history) AS since, (SELECT received_at FROM deliveries ORDER BY seq LIMIT 1) AS oldest`,
  ).get()
  const [since, oldest] = [orUndefined(edges?.since, number), orUndefined(edges?.oldest, number)]
  return {
    steps: Array.from({ length: steps }, (_, step) => stepOf(byStep.get(step) ?? [])),
    ...(since !== undefined && { since: time.toWall(since * hourMs) }),
    ...(oldest !== undefined && { oldestKept: time.toWall(oldest) }),
  }
}

function stepOf(rows: readonly SqlRow[]): HistoryStep {
  const of = (kind: HistoryKind) => rows.filter((row) => row.kind === kind)
  const latencies = (kind: HistoryKind) =>
    of(kind)
      .map((row) => [number(row.name), number(row.n)] as const)
      .sort(([a], [b]) => a - b)
  return {
    stored: latencies('stored'),
    taken: latencies('taken'),
    failed: Object.fromEntries(of('failed').map((row) => [text(row.name) as FailedStep, number(row.n)])),
  }
}

/** The hour before which nothing is kept. */
const oldestHour = ({ time }: ReadContext): number => Math.floor((time.now() - historyKeptMs) / hourMs)

export const hasOldHistory = (context: ReadContext): boolean =>
  context.sql('SELECT 1 FROM history WHERE hour < ? LIMIT 1').get(oldestHour(context)) !== undefined

export const purgeHistory = (context: StoreContext): number =>
  context.sql('DELETE FROM history WHERE hour < ?').run(oldestHour(context))
