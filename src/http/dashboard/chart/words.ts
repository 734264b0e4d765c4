import { failedStepWords } from '../../../domain/failed-step.ts'
import {
  countOf,
  failuresOf,
  type HistorySpan,
  type HistoryStep,
  type Latencies,
} from '../../../domain/history.ts'
import { dayMs } from '../../../domain/moment.ts'
import { spanText } from '../../../domain/span.ts'
import { failedIn, quantilesOf } from '../../../manage/history.ts'
import { grouped } from '../page.ts'

const knocksText = (n: number): string => `${grouped(n)} ${n === 1 ? 'knock' : 'knocks'}`

/** `1,204 knocks, 12 failed`. */
export const shortCounts = (step: HistoryStep): string =>
  `${knocksText(countOf(step.stored))}, ${grouped(failedIn(step))} failed`

/** `1,204 knocks, 12 failed: turn failed 9, waited too long 3`. */
export function countsText(step: HistoryStep): string {
  const reasons = failuresOf(step).map(([name, count]) => `${failedStepWords[name]} ${grouped(count)}`)
  const failed =
    reasons.length === 0 ? 'none failed' : `${grouped(failedIn(step))} failed: ${reasons.join(', ')}`
  return `${knocksText(countOf(step.stored))}, ${failed}`
}

/** `Stored p50 2 ms, p99 9 ms; taken p50 240 ms, p99 2.5 s`; null where nothing was. */
export function latenciesText({ stored, taken }: HistoryStep): string | null {
  const parts = [
    ['Stored', quantilesText(stored)],
    ['taken', quantilesText(taken)],
  ].flatMap(([verb, text]) => (text === null ? [] : [`${verb} ${text}`]))
  return parts.length === 0 ? null : parts.join('; ')
}

/** `p50 2 ms, p99 9 ms`; null of none. */
export function quantilesText(latencies: Latencies): string | null {
  const quantiles = quantilesOf(latencies)
  return quantiles && `p50 ${spanText(quantiles.p50Ms)}, p99 ${spanText(quantiles.p99Ms)}`
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `24 Nov` in UTC. */
export function dayText(at: number): string {
  const date = new Date(at)
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]}`
}

/** `09:00` in UTC. */
export const clockText = (at: number): string => new Date(at).toISOString().slice(11, 16)

/** What a step covers, in UTC: `24 Nov` of whole days, else `24 Nov 09:00 to 10:00`. */
export function stepText({ stepMs }: HistorySpan, from: number): string {
  if (stepMs >= dayMs) return `${dayText(from)} UTC`
  return `${dayText(from)} ${clockText(from)} to ${clockText(from + stepMs)} UTC`
}

export const spanWords = { '24h': '24 hours', '7d': '7 days', '30d': '30 days' } as const
