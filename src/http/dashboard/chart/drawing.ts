import { failedStepWords } from '../../../domain/failed-step.ts'
import { countOf, failuresOf, type HistorySpan, type HistoryStep, merged } from '../../../domain/history.ts'
import { dayMs } from '../../../domain/moment.ts'
import { spanText } from '../../../domain/span.ts'
import { quantilesOf, type SpanHistory } from '../../../manage/history.ts'
import { iso } from '../../../manage/views.ts'
import { grouped, timeView } from '../page.ts'
import type { PageView } from '../templates.ts'
import { barOf, createBarScale } from './bars.ts'
import { latencyLines } from './lines.ts'
import { percent } from './scale.ts'
import {
  clockText,
  countsText,
  dayText,
  latenciesText,
  quantilesText,
  shortCounts,
  spanWords,
  stepText,
} from './words.ts'

/** The whole chart of a span: bars of knocks and failures above, latencies below, and all of it as a table. */
export function chartView({ span, steps, since, oldestKept }: SpanHistory): PageView {
  const total = merged(steps)
  return {
    summary: `Last ${spanWords[span.name]}: ${shortCounts(total)}`,
    caption: `Last ${spanWords[span.name]}: ${countsText(total)}`,
    ...{ begin: iso(span.from), end: iso(span.from + span.steps * span.stepMs) },
    latency: latenciesText(total),
    bars: createBarScale(steps).ticks,
    steps: stepsOf(span, steps),
    ticks: ticksOf(span),
    lines: latencyLines(steps),
    legend: legendOf(span, total),
    rows: rowsOf(span, steps),
    since: noteOf(since, span),
    erased: hasErased(since, oldestKept) ? noteOf(oldestKept, span) : null,
    utc: span.stepMs >= dayMs,
  }
}

/** The list of what a step counts, or one reason of it. */
function hrefOf(span: HistorySpan, i: number, length: number, failedStep?: string): string {
  const at = (n: number) => `${new Date(span.from + n * span.stepMs).toISOString().slice(0, 16)}Z`
  const query = new URLSearchParams({
    chart: span.name,
    ...(failedStep && { failedStep }),
    ...{ since: at(i), until: at(i + length) },
  })
  return `/dashboard?${query}`
}

function stepsOf(span: HistorySpan, steps: readonly HistoryStep[]) {
  const { top } = createBarScale(steps)
  const width = 1 / steps.length
  return steps.map((step, i) => ({
    ...{ slotX: percent(i * width), slotW: percent(width) },
    ...{ x: percent((i + 0.12) * width), w: percent(0.76 * width) },
    ...momentsOf(span, i),
    counts: countsText(step),
    latency: latenciesText(step),
    href: countOf(step.stored) > 0 ? hrefOf(span, i, 1) : null,
    n: i,
    ...barOf(step, top, (failedStep) => hrefOf(span, i, 1, failedStep)),
  }))
}

/** A step's time, which a script puts into the reader's own; whole days stay those of UTC. */
function momentsOf(span: HistorySpan, i: number) {
  const from = span.from + i * span.stepMs
  const own = span.stepMs < dayMs
  return {
    when: stepText(span, from),
    from: own ? iso(from) : null,
    to: own ? iso(from + span.stepMs) : null,
  }
}

/** Every fourth hour, or each day; where there is little room, every second of them goes. */
function ticksOf({ from, stepMs, steps, name }: HistorySpan) {
  const every = { '24h': 4 * 3_600_000, '7d': dayMs, '30d': 5 * dayMs }[name]
  return Array.from({ length: steps }, (_, i) => ({ i, at: from + i * stepMs }))
    .filter(({ at }) => at % every === 0)
    .map(({ i, at }, n) => ({
      x: percent(i / steps),
      label: name === '24h' ? clockText(at) : dayText(at),
      at: stepMs < dayMs ? iso(at) : null,
      form: name === '24h' ? 'clock' : 'day',
      minor: n % 2 === 1,
    }))
}

function legendOf(span: HistorySpan, total: HistoryStep) {
  const latency = (of: 'stored' | 'taken', what: string) => {
    const quantiles = quantilesOf(total[of])
    if (!quantiles) return []
    const title = `From the first byte until ${what}: half of them took at most p50, 99 of 100 at most p99`
    const [p50, p99] = [spanText(quantiles.p50Ms), spanText(quantiles.p99Ms)]
    return [{ of, square: of === 'taken', title, p50, p99 }]
  }
  return {
    knocks: grouped(countOf(total.stored)),
    failures: failuresOf(total).map(([name, count]) => ({
      pattern: name,
      label: failedStepWords[name],
      count: grouped(count),
      href: hrefOf(span, 0, span.steps, name),
    })),
    latencies: [...latency('stored', 'it was on disk'), ...latency('taken', 'its agent surely took it')],
  }
}

/** Newest first, without the steps in which nobody knocked. */
const rowsOf = (span: HistorySpan, steps: readonly HistoryStep[]) =>
  steps
    .map((step, i) => ({ step, i }))
    .filter(({ step }) => countOf(step.stored) > 0)
    .map(({ step, i }) => ({
      ...momentsOf(span, i),
      href: hrefOf(span, i, 1),
      knocks: grouped(countOf(step.stored)),
      failures: failuresOf(step)
        .map(([name, count]) => `${grouped(count)} ${failedStepWords[name]}`)
        .join(', '),
      stored: quantilesText(step.stored) ?? '–',
      taken: quantilesText(step.taken) ?? '–',
    }))
    .reverse()

/** The first that was counted is no longer there. */
const hasErased = (since: number | undefined, oldestKept: number | undefined): boolean =>
  since !== undefined && oldestKept !== undefined && oldestKept >= since + 3_600_000

/** A time that lies inside of the span, where there is one. */
const noteOf = (at: number | undefined, span: HistorySpan) =>
  at === undefined || at < span.from + span.stepMs ? null : timeView(at)
