import { countOf, failuresOf, type HistoryStep } from '../../../domain/history.ts'
import { failedIn } from '../../../manage/history.ts'
import { grouped } from '../page.ts'
import { niceTop, percent } from './scale.ts'

/** The part of the drawing that the bars take, as shares of its height from the top. */
const barsArea = { top: 0, bottom: 0.54 }
/** A bar of one is seen, too. */
const leastShare = 0.012

const yOf = (share: number): number => barsArea.bottom - share * (barsArea.bottom - barsArea.top)

/** The scale of all bars of a chart: its end, and its lines with their numbers. */
export function createBarScale(steps: readonly HistoryStep[]) {
  const top = niceTop(Math.max(1, ...steps.map(({ stored }) => countOf(stored))))
  const marks = top === 1 ? [0, 1] : [0, top / 2, top]
  return {
    top,
    ticks: marks.map((n) => ({ label: grouped(n), y: percent(yOf(n / top)) })),
  }
}

/** From the baseline up: what failed, each reason for itself, then all else, if there is any. */
export function barOf(step: HistoryStep, top: number, hrefOf: (failedStep: string) => string) {
  const heightOf = (count: number) => Math.max(leastShare, (count / top) * (barsArea.bottom - barsArea.top))
  let y = barsArea.bottom
  const failures = failuresOf(step).map(([name, count]) => {
    const h = heightOf(count)
    y -= h
    return { pattern: name, y: percent(y), h: percent(h), href: hrefOf(name) }
  })
  if (countOf(step.stored) <= failedIn(step)) return { failures, others: null }
  const h = Math.max(leastShare, y - yOf(countOf(step.stored) / top))
  return { failures, others: { y: percent(y - h), h: percent(h) } }
}
