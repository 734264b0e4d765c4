import type { PageDeps } from './page.ts'
import type { PageView } from './templates.ts'

const hourMs = 3_600_000
const hours = 24
const freshMs = 5000

/** The last 24 hours as a chart. Counted again after five seconds, however many pages show it. */
export function createChart(deps: PageDeps): () => Promise<PageView | null> {
  let drawn: { readonly at: number; readonly view: Promise<PageView | null> } | undefined
  return () => {
    const at = deps.now()
    if (!drawn || at - drawn.at > freshMs || at < drawn.at) drawn = { at, view: draw(deps, at) }
    return drawn.view
  }
}

/** Knocks of one hour, and how many of them failed. */
interface Hour {
  readonly from: number
  readonly knocks: number
  readonly failures: number
}

async function draw({ store }: PageDeps, now: number): Promise<PageView | null> {
  const since = Math.floor(now / hourMs) * hourMs - (hours - 1) * hourMs
  const counted = await store.knocksByHour(since, hours)
  const perHour = counted.map((hour, i) => ({ ...hour, from: since + i * hourMs }))
  return perHour.some(({ knocks }) => knocks > 0) ? drawing(perHour) : null
}

const [barWidth, gap, height] = [10, 2, 48]

function drawing(perHour: readonly Hour[]): PageView {
  const tallest = Math.max(...perHour.map(({ knocks }) => knocks))
  const sum = (of: (hour: Hour) => number) => perHour.reduce((all, hour) => all + of(hour), 0)
  return {
    width: hours * barWidth,
    height,
    caption: `Last 24 hours: ${knocksOf(sum((hour) => hour.knocks))}, ${number(sum((hour) => hour.failures))} failed; at most ${number(tallest)} an hour.`,
    hours: perHour.map((hour, i) => ({
      title: `${titleOf(hour.from)}: ${knocksOf(hour.knocks)}, ${number(hour.failures)} failed`,
      x: i * barWidth + gap / 2,
      w: barWidth - gap,
      bars: barsOf(hour, tallest),
    })),
  }
}

/** A bar for the knocks and one for the failures; even a single one is visible. */
function barsOf({ knocks, failures }: Hour, tallest: number) {
  const scaled = (n: number) => Math.max(1.5, Math.round((n / tallest) * (height - 2) * 10) / 10)
  const bar = (n: number, tone: string) => (n > 0 ? [{ tone, y: height - scaled(n), h: scaled(n) }] : [])
  return [...bar(knocks, 'all'), ...bar(failures, 'failed')]
}

const number = (n: number): string => n.toLocaleString('en')
const knocksOf = (n: number): string => `${number(n)} ${n === 1 ? 'knock' : 'knocks'}`
const titleOf = (from: number): string => `${new Date(from).toISOString().slice(0, 16).replace('T', ' ')} UTC`
