import type { Happening } from '../domain/notice.ts'
import { pausedText } from '../domain/pause.ts'
import type { SessionId } from '../domain/session.ts'
import { whileOffline } from '../domain/shown-delivery.ts'
import type { StoreContext } from './context.ts'
import type { Head } from './heads.ts'
import { deliveryColumns, deliveryOf, number, orUndefined } from './rows.ts'

/** The oldest of each queue that has waited for so long, but for those that were told already. */
export function waitingSince(context: StoreContext, before: number): readonly Happening[] {
  const { sql, cache, time } = context
  if (!cache.noticeRules().some(({ on }) => on.includes('delivery_waiting'))) return []
  const queues = [...cache.queues()].filter(([, waiting]) => waiting > 0)
  return queues.flatMap(([session, waiting]) => {
    const oldest = oldestIn(context, session)
    if (!oldest || oldest.leasedUntil !== undefined || oldest.receivedAt > before) return []
    const row = sql(untold).get(oldest.seq)
    if (!row) return []
    const delivery = deliveryOf(row)
    const isPaused = pausedText(cache.pauses(), delivery) !== undefined
    const heldBecause = isPaused ? 'paused' : whileOffline(delivery, cache.session(session)).heldBecause
    return [
      {
        name: 'delivery_waiting',
        session,
        data: {
          delivery: delivery.id,
          ...(heldBecause !== undefined && { heldBecause }),
          since: time.toWall(delivery.receivedAt),
          waiting,
        },
        once: `delivery_waiting ${delivery.id}`,
      },
    ]
  })
}

const untold = `SELECT ${deliveryColumns} FROM deliveries
  WHERE seq = ? AND NOT EXISTS (SELECT 1 FROM happenings WHERE once = 'delivery_waiting ' || deliveries.id)`

type Oldest = Pick<Head, 'seq' | 'leasedUntil' | 'receivedAt'>

/** Also where it is paused: what nobody resumes expires as everything does. */
function oldestIn({ sql, cache }: StoreContext, session: SessionId): Oldest | undefined {
  if (cache.pauses().size === 0) return cache.head(session) ?? undefined
  const row = sql(
    `SELECT seq, leased_until, received_at FROM deliveries
     WHERE session = ? AND state IN ('PENDING', 'RETRY') AND phase = 'deliver' ORDER BY seq LIMIT 1`,
  ).get(session)
  return (
    row && {
      seq: number(row.seq),
      leasedUntil: orUndefined(row.leased_until, number),
      receivedAt: number(row.received_at),
    }
  )
}
