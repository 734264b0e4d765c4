import type { DeliveryEvent } from '../domain/delivery.ts'
import type { StoreContext } from './context.ts'

/** Most lines of one timeline; the oldest give way. */
const mostEvents = 500

export function addEvents({ sql }: StoreContext, seq: number, events: readonly DeliveryEvent[]): void {
  for (const { at, kind, detail } of events)
    sql(
      `INSERT INTO events (delivery, n, at, kind, detail)
       SELECT ?1, COALESCE(MAX(n), 0) + 1, ?2, ?3, ?4 FROM events WHERE delivery = ?1`,
    ).run(seq, at, kind, detail ?? null)
  if (events.length > 0)
    sql(
      'DELETE FROM events WHERE delivery = ?1 AND n <= (SELECT MAX(n) FROM events WHERE delivery = ?1) - ?2',
    ).run(seq, mostEvents)
}
