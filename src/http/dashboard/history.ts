import type { Delivery } from '../../domain/delivery.ts'
import type { PageView } from '../page.ts'
import type { Reading } from './shown.ts'

/** Knocks of one hour, and how many of them came to nothing. */
interface Hour {
  readonly knocks: number
  readonly failures: number
}

const hourMs = 3_600_000
const hours = 24
const batch = 1000
/** Beyond so many deliveries the drawing stops looking back. */
const most = 5000
const freshMs = 5000

/** The last 24 hours as a drawing. Looked up again after five seconds, however many look at it. */
export function createHistory(reading: Reading): () => Promise<PageView | null> {
  let drawn: { readonly at: number; readonly view: Promise<PageView | null> } | undefined
  return () => {
    const at = reading.now()
    if (!drawn || at - drawn.at > freshMs) drawn = { at, view: draw(reading, at) }
    return drawn.view
  }
}

async function draw(reading: Reading, now: number): Promise<PageView | null> {
  const since = Math.floor(now / hourMs) * hourMs - (hours - 1) * hourMs
  const recent = await recentDeliveries(reading, since)
  const perHour = Array.from({ length: hours }, (_, i) => hourOf(recent, since + i * hourMs))
  return recent.length === 0 ? null : drawing(perHour, recent.length)
}

/** Newest first, in small helpings, so that no index over times is needed. */
async function recentDeliveries({ store }: Reading, since: number): Promise<readonly Delivery[]> {
  const found: Delivery[] = []
  for (;;) {
    const after = found.at(-1)?.seq
    const helping = await store.listDeliveries({ limit: batch, ...(after !== undefined && { after }) })
    const recent = helping.filter(({ receivedAt }) => receivedAt >= since)
    found.push(...recent)
    if (recent.length < batch || found.length >= most) return found
  }
}

function hourOf(deliveries: readonly Delivery[], from: number): Hour {
  const within = deliveries.filter(({ receivedAt }) => receivedAt >= from && receivedAt < from + hourMs)
  return { knocks: within.length, failures: within.filter(({ state }) => state === 'FAILED').length }
}

const [barWidth, gap, height] = [10, 2, 48]

function drawing(perHour: readonly Hour[], total: number): PageView {
  const tallest = Math.max(1, ...perHour.map(({ knocks }) => knocks))
  const scaled = (n: number) => Math.round((n / tallest) * (height - 2) * 10) / 10
  const failures = perHour.reduce((sum, hour) => sum + hour.failures, 0)
  const knocks = total >= most ? `the newest ${total}` : String(total)
  return {
    width: hours * barWidth,
    height,
    caption: `Last 24 hours: ${knocks} ${total === 1 ? 'knock' : 'knocks'}, ${failures} failed; at most ${tallest} an hour.`,
    bars: perHour.flatMap(({ knocks: some, failures: bad }, i) => {
      const place = { x: i * barWidth + gap / 2, w: barWidth - gap }
      const of = (n: number, tone: string) => ({ ...place, tone, y: height - scaled(n), h: scaled(n) })
      return [...(some > 0 ? [of(some, 'all')] : []), ...(bad > 0 ? [of(bad, 'bad')] : [])]
    }),
  }
}
