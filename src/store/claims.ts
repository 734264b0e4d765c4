import type { Delivery } from '../domain/delivery.ts'
import type { HostLink } from '../domain/ports.ts'
import { closedBecause, type SessionId } from '../domain/session.ts'
import type { Cache, Head } from './cache.ts'
import type { StoreContext } from './context.ts'
import { deliveryColumns, deliveryOf, number, orUndefined, text } from './rows.ts'
import { addEvents } from './settle.ts'

type Claim = Parameters<HostLink['claimDue']>[0]

/** Whether a claim would find anything: read first, because most of the time nothing is due. */
export const anythingDue = (context: StoreContext, claim: Claim): boolean => dueNow(context, claim).length > 0

/** Leases each session's oldest unfinished delivery, where it is due, and what is to be called back; longest due first. */
export const claimDue = (context: StoreContext, claim: Claim): readonly Delivery[] =>
  dueNow(context, claim)
    .map(({ seq }) => lease(context, seq, claim))
    .filter((delivery) => delivery !== undefined)

/** The earliest time at which something unleased falls due. */
export function nextDue({ sql, cache }: StoreContext, except: readonly SessionId[]): number | undefined {
  let next = orUndefined(sql(`SELECT MIN(due_at) AS at ${callbackRows}`).get()?.at, number)
  const skipped = new Set(except)
  for (const session of cache.queues().keys()) {
    const head = skipped.has(session) ? null : cache.head(session)
    if (head && !waitsForSession(cache, session, head))
      next = Math.min(next ?? Number.POSITIVE_INFINITY, head.leasedUntil ?? head.dueAt)
  }
  return next
}

/** Frees what a process that is gone had leased. */
export function releaseLeases(context: StoreContext, now: number): number {
  const open = context
    .sql('SELECT delivery FROM attempts WHERE ended_at IS NULL')
    .all()
    .map((row) => number(row.delivery))
  for (const seq of open) {
    endOpenAttempts(context, seq, now, 'the server stopped during this attempt')
    const row = context
      .sql('UPDATE deliveries SET leased_until = NULL, due_at = ? WHERE seq = ? RETURNING session')
      .get(now, seq)
    if (row) context.cache.forgetHead(text(row.session) as SessionId)
  }
  return open.length
}

/** The clock stands before what was stored: how long ago that was, nobody knows, so what waits for its time has waited. */
export function makeDue({ sql, cache, time }: StoreContext): void {
  const now = time.now()
  sql(`UPDATE deliveries SET due_at = ?1 WHERE state IN ('PENDING', 'RETRY') AND due_at > ?1`).run(now)
  sql(`UPDATE notices SET due_at = ?1 WHERE state = 'PENDING' AND due_at > ?1`).run(now)
  cache.forgetAll()
}

interface Due {
  readonly seq: number
  readonly dueAt: number
}

function dueNow(context: StoreContext, claim: Claim): readonly Due[] {
  const { now, limit, except } = claim
  const { cache } = context
  const due = dueCallbacks(context, claim)
  const skipped = new Set(except)
  for (const [session, waiting] of cache.queues()) {
    const head = waiting === 0 || skipped.has(session) ? null : cache.head(session)
    if (!head || head.dueAt > now || (head.leasedUntil ?? now) > now) continue
    if (!waitsForSession(cache, session, head)) keepLongestDue(due, head, limit)
  }
  return due
}

/** It is nobody's turn there until a session is opened; `expireHeld` ends what waits too long. */
const waitsForSession = (cache: Cache, session: SessionId, { outlives }: Pick<Head, 'outlives'>): boolean =>
  outlives && closedBecause(cache.session(session)) !== undefined

const callbackRows = `FROM deliveries
  WHERE state IN ('PENDING', 'RETRY') AND phase = 'callback' AND leased_until IS NULL`

const dueCallbacks = ({ sql }: StoreContext, { now, limit }: Claim): Due[] =>
  sql(`SELECT seq, due_at ${callbackRows} AND due_at <= ? ORDER BY due_at, seq LIMIT ?`)
    .all(now, limit)
    .map((row) => ({ seq: number(row.seq), dueAt: number(row.due_at) }))

/** Inserts `due` in order; `kept` stays within `limit`, so that ten thousand sessions cost few moves. */
function keepLongestDue(kept: Due[], due: Due, limit: number): void {
  const last = kept.at(-1)
  if (last && kept.length >= limit && !isBefore(due, last)) return
  kept.splice(kept.findLastIndex((other) => isBefore(other, due)) + 1, 0, due)
  if (kept.length > limit) kept.pop()
}

const isBefore = (a: Due, b: Due): boolean => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.seq < b.seq)

function lease(context: StoreContext, seq: number, { now, leaseMs }: Claim): Delivery | undefined {
  const { sql, cache } = context
  endOpenAttempts(context, seq, now, 'its lease ran out')
  const row = sql(
    `UPDATE deliveries SET leased_until = ?, attempts = attempts + 1
     WHERE seq = ? AND (leased_until IS NULL OR leased_until <= ?) RETURNING ${deliveryColumns}`,
  ).get(now + leaseMs, seq, now)
  if (!row) return undefined
  const delivery = deliveryOf(row)
  sql('INSERT INTO attempts (delivery, number, started_at) VALUES (?, ?, ?)').run(seq, delivery.attempts, now)
  if (delivery.phase === 'deliver') cache.forgetHead(delivery.session)
  return delivery
}

/** Ends attempts that no process will settle any more: whether their message arrived is unknown. */
function endOpenAttempts(context: StoreContext, seq: number, now: number, why: string): void {
  const ended = context
    .sql(`UPDATE attempts SET ended_at = ?, outcome = 'unknown' WHERE delivery = ? AND ended_at IS NULL`)
    .run(now, seq)
  if (ended > 0) addEvents(context, seq, [{ at: now, kind: 'unknown', detail: why }])
}
