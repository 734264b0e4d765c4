import type { Delivery } from '../domain/delivery.ts'
import type { StoreMaintenance } from '../domain/ports.ts'
import type { SessionId } from '../domain/session.ts'
import { settle } from '../domain/settle.ts'
import type { StoreContext } from './context.ts'
import { deliveryColumns, deliveryOf, number, text } from './rows.ts'
import { applySettlement } from './settle.ts'

/** FAILED for all that waits for a session that is over. */
export function failQueued(context: StoreContext, session: SessionId, now: number, why: string): number {
  const waiting = context
    .sql(`SELECT ${deliveryColumns} ${waitingOf} ORDER BY seq`)
    .all(session)
    .map(deliveryOf)
  for (const delivery of waiting)
    applySettlement(context, delivery, settle(delivery, { kind: 'ended', why }, now, 0), now)
  return waiting.length
}

/** FAILED for what waited too long, some in each transaction. */
export function createExpiry(context: StoreContext): Pick<StoreMaintenance, 'expireHeld'> {
  const walk = createWalk(context)
  return {
    async expireHeld(now) {
      let expired = 0
      const expireAll = async (overdue: readonly number[]) => {
        if (overdue.length > 0) expired += await context.write(() => expire(context, overdue, now))
        return overdue.length > 0
      }
      for (const session of await context.read(() => suspects(context, now)))
        while (await expireAll(await context.read(() => overdueIn(context, session, now))));
      await expireAll(await context.read(() => walk(now)))
      return expired
    },
  }
}

/** Sessions whose queue may hold overdue deliveries: the head is overdue, or is leased and so hides those behind it. */
function suspects({ cache }: StoreContext, now: number): readonly SessionId[] {
  const queues = [...cache.queues()].filter(([, waiting]) => waiting > 0)
  return queues
    .map(([session]) => session)
    .filter((session) => {
      const head = cache.head(session)
      return head !== null && (head.leasedUntil !== undefined || head.expiresAt <= now)
    })
}

const waitingOf = `FROM deliveries
  WHERE session = ? AND state IN ('PENDING', 'RETRY') AND phase = 'deliver' AND leased_until IS NULL`

/** Most deliveries that expire in one transaction, and how many of a queue `overdueIn` looks at. */
const expiryBatch = 100

const overdueIn = ({ sql }: StoreContext, session: SessionId, now: number): readonly number[] =>
  sql(
    `SELECT seq FROM (SELECT seq, expires_at ${waitingOf} ORDER BY seq LIMIT ${expiryBatch}) WHERE expires_at <= ?`,
  )
    .all(session, now)
    .map((row) => number(row.seq))

const walkRows = 1000

/**
 * A delivery may be overdue behind a head that is not (a retry by hand, a hold that was shortened).
 * An index over these times would cost every knock; instead each call looks at the next `walkRows` that wait.
 */
function createWalk({ sql }: StoreContext): (now: number) => readonly number[] {
  let at: readonly [session: string, seq: number] = ['', 0]
  return (now) => {
    const rows = sql(
      `SELECT session, seq, expires_at, leased_until FROM deliveries
       WHERE state IN ('PENDING', 'RETRY') AND phase = 'deliver' AND (session, seq) > (?, ?)
       ORDER BY session, seq LIMIT ${walkRows}`,
    ).all(...at)
    const last = rows.length < walkRows ? undefined : rows.at(-1)
    at = last ? [text(last.session), number(last.seq)] : ['', 0]
    return rows
      .filter((row) => row.leased_until === null && number(row.expires_at) <= now)
      .map((row) => number(row.seq))
  }
}

function expire(context: StoreContext, seqs: readonly number[], now: number): number {
  const overdue = seqs
    .map((seq) => stillOverdue(context, seq, now))
    .filter((delivery) => delivery !== undefined)
  for (const delivery of overdue) {
    const why = delivery.detail ?? 'nobody took it in time'
    applySettlement(context, delivery, settle(delivery, { kind: 'expired', why }, now, 0), now)
  }
  return overdue.length
}

function stillOverdue({ sql }: StoreContext, seq: number, now: number): Delivery | undefined {
  const row = sql(
    `SELECT ${deliveryColumns} FROM deliveries WHERE seq = ? AND state IN ('PENDING', 'RETRY')
       AND phase = 'deliver' AND leased_until IS NULL AND expires_at <= ?`,
  ).get(seq, now)
  return row && deliveryOf(row)
}
