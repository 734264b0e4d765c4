import type { Claim } from '../domain/claim.ts'
import type { Delivery, DeliveryId } from '../domain/delivery.ts'
import type { HostName } from '../domain/host.ts'
import { closedBecause, type Session, type SessionId } from '../domain/session.ts'
import { placeText } from '../domain/taken.ts'
import type { Cache } from './cache.ts'
import type { StoreContext } from './context.ts'
import type { Head } from './heads.ts'
import { deliveryColumns, deliveryOf, number, orUndefined, text } from './rows.ts'
import { addEvents } from './timeline.ts'

/** Whether a claim would find anything: read first, because most of the time nothing is due. */
export const anythingDue = (context: StoreContext, claim: Claim): boolean =>
  lostBy(context, claim).length > 0 || dueNow(context, claim).length > 0

/** Leases each session's oldest unfinished delivery, where it is due, and what is to be called back; longest due first. */
export function claimDue(context: StoreContext, claim: Claim): readonly Delivery[] {
  const lost = lostBy(context, claim).map(({ seq }) => deliveryAt(context, seq))
  const due = dueNow(context, { ...claim, limit: claim.limit - lost.length })
  return [...lost, ...due.map(({ seq }) => lease(context, seq, claim))].filter(
    (delivery) => delivery !== undefined,
  )
}

/** The earliest time at which something unleased falls due. */
export function nextDue(
  { sql, cache }: StoreContext,
  except: readonly SessionId[],
  host?: HostName,
): number | undefined {
  let next =
    host === undefined
      ? orUndefined(
          sql(`SELECT MIN(due_at) AS at ${callbackRows} AND leased_until IS NULL`).get()?.at,
          number,
        )
      : undefined
  const skipped = new Set(except)
  for (const session of queuesOf(cache, host, skipped).keys()) {
    const head = skipped.has(session) || hostOfSession(cache, session) !== host ? null : cache.head(session)
    if (head && !waitsForSession(cache, session, head))
      next = Math.min(next ?? Number.POSITIVE_INFINITY, head.leasedUntil ?? head.dueAt)
  }
  return next
}

const stopped = 'the server stopped during this attempt'

/** Frees what a process that is gone had leased: the door's own, or that of a host. */
export function releaseLeases(
  context: StoreContext,
  now: number,
  host?: HostName,
  why = host === undefined ? stopped : 'its host stopped during this attempt',
): number {
  const isTheirs = ({ phase, session }: UnderWay) =>
    (phase === 'deliver' ? hostOfSession(context.cache, session) : undefined) === host
  return free(context, underWay(context).filter(isTheirs), now, why)
}

/** The same whoever leased it. */
export const releaseAll = (context: StoreContext, now: number): number =>
  free(context, underWay(context), now, stopped)

/** What is under way to a session was brought by a machine that it belongs to no longer. */
export const releaseMoved = (context: StoreContext, moved: Pick<Session, 'id' | 'host'>): number =>
  free(
    context,
    underWay(context).filter(({ phase, session }) => phase === 'deliver' && session === moved.id),
    context.time.now(),
    `opened ${placeText(moved)} during this attempt`,
  )

/** A delivery with an attempt that has not ended. */
interface UnderWay extends Pick<Delivery, 'seq' | 'id' | 'session'> {
  readonly phase: string
  readonly leasedUntil: number
  readonly startedAt: number
}

const underWay = ({ sql }: StoreContext): readonly UnderWay[] =>
  sql(
    `SELECT seq, id, session, phase, leased_until, open.started_at FROM deliveries
     JOIN (SELECT delivery, MAX(started_at) AS started_at FROM attempts WHERE ended_at IS NULL GROUP BY delivery) AS open
       ON seq = open.delivery ORDER BY seq`,
  )
    .all()
    .map((row) => ({
      seq: number(row.seq),
      id: text(row.id) as DeliveryId,
      session: text(row.session) as SessionId,
      phase: text(row.phase),
      leasedUntil: number(row.leased_until),
      startedAt: number(row.started_at),
    }))

function free(context: StoreContext, these: readonly UnderWay[], now: number, why: string): number {
  for (const { seq, session } of these) {
    endOpenAttempts(context, seq, now, why)
    context.sql('UPDATE deliveries SET leased_until = NULL, due_at = ? WHERE seq = ?').run(now, seq)
    context.cache.forgetHead(session)
  }
  return these.length
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
  const { now, limit, except, host } = claim
  const { cache } = context
  const due = host === undefined ? dueCallbacks(context, claim) : []
  const skipped = new Set(except)
  for (const [session, waiting] of queuesOf(cache, host, skipped)) {
    if (waiting === 0 || skipped.has(session) || hostOfSession(cache, session) !== host) continue
    const head = cache.head(session)
    if (!head || head.dueAt > now || (head.leasedUntil ?? now) > now) continue
    if (!waitsForSession(cache, session, head)) keepLongestDue(due, head, limit)
  }
  return due
}

/** `Cache.queues`, which are not read where all sessions of that host are skipped. */
const queuesOf = (
  cache: Cache,
  host: HostName | undefined,
  skipped: ReadonlySet<SessionId>,
): ReadonlyMap<SessionId, number> =>
  cache.sessions().some((session) => session.host === host && !skipped.has(session.id))
    ? cache.queues()
    : new Map()

const hostOfSession = (cache: Cache, session: SessionId): HostName | undefined => cache.session(session)?.host

/** Leased to a host, which has not heard of it. */
function lostBy(context: StoreContext, claim: Claim): readonly UnderWay[] {
  const { now, limit, host, holding, lostAfterMs = 0 } = claim
  if (host === undefined || holding === undefined) return []
  return underWay(context)
    .filter(
      ({ id, phase, session, leasedUntil, startedAt }) =>
        phase === 'deliver' &&
        hostOfSession(context.cache, session) === host &&
        leasedUntil > now &&
        startedAt <= now - lostAfterMs &&
        !holding.includes(id),
    )
    .slice(0, limit)
}

/** It is nobody's turn there until a session is opened; `expireHeld` ends what waits too long. */
const waitsForSession = (cache: Cache, session: SessionId, { outlives }: Pick<Head, 'outlives'>): boolean =>
  outlives && closedBecause(cache.session(session)) !== undefined

const callbackRows = `FROM deliveries
  WHERE state IN ('PENDING', 'RETRY') AND phase = 'callback'`

const dueCallbacks = ({ sql }: StoreContext, { now, limit }: Claim): Due[] =>
  sql(
    `SELECT seq, due_at ${callbackRows} AND due_at <= ? AND (leased_until IS NULL OR leased_until <= ?)
     ORDER BY due_at, seq LIMIT ?`,
  )
    .all(now, now, limit)
    .map((row) => ({ seq: number(row.seq), dueAt: number(row.due_at) }))

/** Inserts `due` in order; `kept` stays within `limit`, so that ten thousand sessions cost few moves. */
function keepLongestDue(kept: Due[], due: Due, limit: number): void {
  const last = kept.at(-1)
  if (last && kept.length >= limit && !isBefore(due, last)) return
  kept.splice(kept.findLastIndex((other) => isBefore(other, due)) + 1, 0, due)
  if (kept.length > limit) kept.pop()
}

const isBefore = (a: Due, b: Due): boolean => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.seq < b.seq)

function deliveryAt({ sql }: StoreContext, seq: number): Delivery | undefined {
  const row = sql(`SELECT ${deliveryColumns} FROM deliveries WHERE seq = ?`).get(seq)
  return row && deliveryOf(row)
}

function lease(context: StoreContext, seq: number, claim: Claim): Delivery | undefined {
  const { sql, cache } = context
  const { now, leaseMs, callbackLeaseMs = leaseMs } = claim
  endOpenAttempts(context, seq, now, 'its lease ran out')
  const row = sql(
    `UPDATE deliveries SET leased_until = CASE phase WHEN 'callback' THEN CAST(?1 AS bigint) ELSE CAST(?2 AS bigint) END,
       attempts = attempts + 1
     WHERE seq = ?3 AND (leased_until IS NULL OR leased_until <= ?4) RETURNING ${deliveryColumns}`,
  ).get(now + callbackLeaseMs, now + leaseMs, seq, now)
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
