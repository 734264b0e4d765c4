import type { StoreContext } from './context.ts'
import { createPause } from './pause.ts'
import { number } from './rows.ts'

const hourMs = 3_600_000
/** Counted piece by piece, so that knocks are answered in between. */
const pieceRows = 5000

export async function knocksByHour(context: StoreContext, from: number, hours: number) {
  const found: { knocks: number; failures: number }[] = []
  let first = await context.read(() => firstSince(context, from))
  for (let hour = 1; hour <= hours; hour++) {
    const end = await context.read(() => firstSince(context, from + hour * hourMs))
    found.push({
      knocks: await countKnocks(context, first, end),
      failures: await countFailures(context, first, end),
    })
    first = end
  }
  return found
}

async function countKnocks(context: StoreContext, first: number, end: number): Promise<number> {
  const pause = createPause()
  let knocks = 0
  for (let at = first; at < end; at += pieceRows) {
    knocks += await context.read(() => countBetween(context, at, Math.min(end, at + pieceRows)))
    await pause()
  }
  return knocks
}

const countBetween = ({ sql }: StoreContext, first: number, end: number): number =>
  number(sql('SELECT COUNT(*) AS n FROM deliveries WHERE seq >= ? AND seq < ?').get(first, end)?.n)

/** FAILED rows have an index of their own. */
const countFailures = (context: StoreContext, first: number, end: number): Promise<number> =>
  context.read(() =>
    number(
      context
        .sql(`SELECT COUNT(*) AS n FROM deliveries WHERE state = 'FAILED' AND seq >= ? AND seq < ?`)
        .get(first, end)?.n,
    ),
  )

/** The place in the order of arrival of the first delivery stored from then on: times grow with places. */
function firstSince({ sql }: StoreContext, at: number): number {
  const span = sql('SELECT MIN(seq) AS low, MAX(seq) + 1 AS high FROM deliveries').get()
  let [low, high] = [number(span?.low ?? 0), number(span?.high ?? 0)]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const row = sql('SELECT seq, stored_at FROM deliveries WHERE seq >= ? ORDER BY seq LIMIT 1').get(middle)
    if (row && number(row.stored_at) < at) low = number(row.seq) + 1
    else high = middle
  }
  return low
}
