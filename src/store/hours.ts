import { deliveryIdFloor } from '../domain/delivery.ts'
import { createPause } from './pause.ts'
import { number } from './rows.ts'
import type { Shared } from './shared.ts'

const hourMs = 3_600_000
/** Counted piece by piece, so that knocks are answered in between. */
const pieceMs = 300_000

/** Counted in indexes alone: ids begin with their time, and FAILED rows have an index of their own. */
export async function knocksByHour(shared: Shared, from: number, hours: number) {
  const found: { knocks: number; failures: number }[] = []
  const pause = createPause()
  for (let start = from; start < from + hours * hourMs; start += hourMs) {
    let knocks = 0
    for (let at = start; at < start + hourMs; at += pieceMs) {
      knocks += await shared.read(() => knocksBetween(shared, at, at + pieceMs))
      await pause()
    }
    const failures =
      knocks === 0 ? 0 : await shared.read(() => failuresBetween(shared, start, start + hourMs))
    found.push({ knocks, failures })
  }
  return found
}

function knocksBetween({ sql }: Shared, from: number, to: number): number {
  const row = sql('SELECT COUNT(*) AS n FROM deliveries WHERE id >= ? AND id < ?').get(
    deliveryIdFloor(from),
    deliveryIdFloor(to),
  )
  return number(row?.n ?? 0)
}

function failuresBetween(shared: Shared, from: number, to: number): number {
  const row = shared
    .sql(`SELECT COUNT(*) AS n FROM deliveries WHERE state = 'FAILED' AND seq >= ? AND seq < ?`)
    .get(firstPlace(shared, from), firstPlace(shared, to))
  return number(row?.n ?? 0)
}

/** The place in the order of arrival of the first delivery from then on. */
function firstPlace({ sql }: Shared, at: number): number {
  const row = sql('SELECT seq FROM deliveries WHERE id >= ? ORDER BY id LIMIT 1').get(deliveryIdFloor(at))
  return number(row?.seq ?? Number.MAX_SAFE_INTEGER)
}
