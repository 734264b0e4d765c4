import { type Delivery, type DeliveryId, isTerminal, outlivesSession, seqOf } from '../domain/delivery.ts'
import { pausedText, pauseOfSession } from '../domain/pause.ts'
import type { StoreMaintenance } from '../domain/ports.ts'
import { closedBecause, type SessionId } from '../domain/session.ts'
import { settle } from '../domain/settle.ts'
import { pause } from '../wait.ts'
import type { StoreContext } from './context.ts'
import { deliveryColumns, deliveryOf, number, text } from './rows.ts'
import { applySettlement } from './settle.ts'

/** FAILED, or held, for what waits for a session that is over; some in each transaction, others write in between. */
export async function failQueued(
  context: StoreContext,
  session: SessionId,
  why: string,
  only?: readonly DeliveryId[],
): Promise<number> {
  let failed = 0
  const fail = async (seqs: readonly number[]) => {
    failed += await context.write(() => failSome(context, session, seqs, why))
    await pause(betweenMs)
  }
  if (only) {
    const seqs = only.map(seqOf)
    for (let i = 0; i < seqs.length; i += endingBatch) await fail(seqs.slice(i, i + endingBatch))
    return failed
  }
  const last = await context.read(() => newestOf(context, session))
  for (let after = 0; after < last; ) {
    const seqs = await context.read(() => waitingAfter(context, session, after, last))
    if (seqs.length === 0) break
    await fail(seqs)
    after = seqs.at(-1) ?? last
  }
  return failed
}

/** Most deliveries that end in one transaction, and how long knocks and other processes have the lock to themselves then. */
const endingBatch = 200
const betweenMs = 1

const newestOf = ({ sql }: StoreContext, session: SessionId): number =>
  number(sql(`SELECT COALESCE(MAX(seq), 0) AS seq ${waitingOf}`).get(session)?.seq)

const waitingAfter = (
  { sql }: StoreContext,
  session: SessionId,
  after: number,
  last: number,
): readonly number[] =>
  sql(`SELECT seq ${waitingOf} AND seq > ? AND seq <= ? ORDER BY seq LIMIT ${endingBatch}`)
    .all(session, after, last)
    .map((row) => number(row.seq))

/** How many of them have failed because the session ended, here or in another process that ends it too. */
function failSome(context: StoreContext, session: SessionId, seqs: readonly number[], why: string): number {
  const now = context.time.now()
  const isOpen = closedBecause(context.cache.session(session)) === undefined
  let failed = 0
  for (const seq of seqs) {
    const row = context.sql(`SELECT ${deliveryColumns} FROM deliveries WHERE seq = ?`).get(seq)
    const delivery = row && deliveryOf(row)
    if (!delivery || delivery.session !== session) continue
    if (delivery.failedStep === 'session_ended') failed += 1
    if (!waits(delivery) || (outlivesSession(delivery) && (isOpen || isHeld(delivery)))) continue
    const settlement = settle(delivery, { kind: 'ended', why }, now, 0)
    if (settlement.failedStep !== undefined) failed += 1
    applySettlement(context, delivery, settlement, now)
  }
  return failed
}

const isHeld = ({ heldBecause }: Delivery): boolean => heldBecause === 'session_ended'

const waits = ({ state, phase, leasedUntil }: Delivery): boolean =>
  !isTerminal(state) && phase === 'deliver' && leasedUntil === undefined

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

/** Sessions whose queue may hold overdue deliveries: the head is overdue, or hides others because it is leased or the session paused. */
function suspects({ cache }: StoreContext, now: number): readonly SessionId[] {
  const queues = [...cache.queues()].filter(([, waiting]) => waiting > 0)
  return queues
    .map(([session]) => session)
    .filter((session) => {
      if (cache.pauses().has(pauseOfSession(session))) return true
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
    `SELECT seq FROM (SELECT seq, expires_at ${waitingOf} ORDER BY seq LIMIT ${expiryBatch}) AS oldest
     WHERE expires_at <= ?`,
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
    const why = pausedText(context.cache.pauses(), delivery) ?? delivery.detail ?? 'nobody took it in time'
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
