import { type DeliveryId, timeOfId } from '../domain/delivery.ts'
import type { SqlRow } from '../platform/platform.ts'
import type { Sql } from './connection.ts'
import { number, text } from './rows.ts'

/** What comes is above all that came before, also when the newest of that was purged meanwhile. */
export interface Arrival {
  /** The next place in the order of arrival. */
  nextSeq(): number
  /** The time for the next id: above that of every id before, whatever the clock says. */
  idTime(now: number): number
}

/** `newest` is what the transaction under way has read of these columns when it began, where it has. */
export function createArrival(sql: Sql, newest: () => SqlRow | undefined) {
  let last: { seq: number; idTime: number } | undefined
  const loaded = () => {
    last ??= lastIn(newest() ?? sql(`SELECT ${newestColumns}`).get())
    return last
  }
  return {
    nextSeq() {
      const newest = loaded()
      newest.seq += 1
      return newest.seq
    },
    idTime(now: number) {
      const newest = loaded()
      newest.idTime = Math.max(now, newest.idTime + 1)
      return newest.idTime
    },
    forget() {
      last = undefined
    },
  }
}

function lastIn(row: SqlRow | undefined) {
  const idTime = typeof row?.id === 'string' ? timeOfId(text(row.id) as DeliveryId) : 0
  return {
    seq: Math.max(number(row?.seq ?? 0), number(row?.purged_seq ?? 0)),
    idTime: Math.max(idTime, number(row?.purged_time ?? 0)),
  }
}

const newestColumns = `(SELECT MAX(seq) FROM deliveries) AS seq, (SELECT id FROM deliveries ORDER BY seq DESC LIMIT 1) AS id,
    (SELECT n FROM tallies WHERE kind = 'purged' AND name = 'seq') AS purged_seq,
    (SELECT n FROM tallies WHERE kind = 'purged' AND name = 'idTime') AS purged_time`
