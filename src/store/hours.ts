import type { Shared } from './context.ts'
import { createPause } from './pause.ts'
import { number } from './rows.ts'

const hourMs = 3_600_000
/** Counted piece by piece, so that knocks are answered in between. */
const pieceRows = 5000

export async function knocksByHour(shared: Shared, from: number, hours: number) {
  const found: { knocks: number; failures: number }[] = []
  let first = await shared.read(() => firstSince(shared, from))
  for (let hour = 1; hour <= hours; hour++) {
    const end = await shared.read(() => firstSince(shared, from + hour * hourMs))
    found.push({
      knocks: await countKnocks(shared, first, end),
      failures: await countFailures(shared, first, end),
    })
    first = end
  }
  return found
}

async function countKnocks(shared: Shared, first: number, end: number): Promise<number> {
  const pause = createPause()
  let knocks = 0
  for (let at = first; at < end; at += pieceRows) {
    knocks += await shared.read(() => countBetween(shared, at, Math.min(end, at + pieceRows)))
    await pause()
  }
  return knocks
}

const countBetween = ({ sql }: Shared, first: number, end: number): number =>
  number(sql('SELECT COUNT(*) AS n FROM deliveries WHERE seq >= ? AND seq < ?').get(first, end)?.n)

/** FAILED rows have an index of their own. */
const countFailures = (shared: Shared, first: number, end: number): Promise<number> =>
  shared.read(() =>
    number(
      shared
        .sql(`SELECT COUNT(*) AS n FROM deliveries WHERE state = 'FAILED' AND seq >= ? AND seq < ?`)
        .get(first, end)?.n,
    ),
  )

/** The place in the order of arrival of the first delivery stored from then on: times grow with places. */
function firstSince({ sql }: Shared, at: number): number {
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
