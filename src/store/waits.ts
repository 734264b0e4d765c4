import type { DeliveryId } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import { forbidden, type Grant, type GrantId } from '../domain/grant.ts'
import type { DoorStore, Draft } from '../domain/ports.ts'
import { requireOpen, type SessionId } from '../domain/session.ts'
import { isOfWait, type Wait, type WaitId, type WaitState } from '../domain/wait.ts'
import { answeredMessage } from '../domain/wait-message.ts'
import type { WaitFilter, WaitOrder } from '../domain/wait-store.ts'
import type { SqlValue } from '../platform/platform.ts'
import type { ReadContext, StoreContext } from './context.ts'
import { add } from './grants.ts'
import { number, waitOf } from './rows.ts'

export const waitWrites = (context: StoreContext): Pick<DoorStore, 'openWait' | 'cancelWait'> => ({
  openWait: (order, most) => context.write(() => open(context, order, most)),
  cancelWait: (id) => context.write(() => cancel(context, id)),
})

export const findWait = (
  context: ReadContext,
  by: Parameters<DoorStore['findWait']>[0],
): Wait | undefined => {
  const wait = 'id' in by ? waitById(context, by.id) : waitOfGrant(context, by.grant)
  return wait && waitOnWall(context, wait)
}

/** In the order in which they changed last; without `after` the last of these. */
export function listWaits(context: ReadContext, filter: WaitFilter): readonly Wait[] {
  const { session, generation, open, after, limit } = filter
  const conditions: readonly (readonly [clause: string, ...values: SqlValue[]])[] = [
    ...(session === undefined ? [] : [['session = ?', session] as const]),
    ...(generation === undefined ? [] : [['generation = ?', generation] as const]),
    ...(open ? [["state = 'armed'"] as const] : []),
    ...(after === undefined ? [] : [['changed > ?', after] as const]),
  ]
  const where = conditions.length > 0 ? `WHERE ${conditions.map(([clause]) => clause).join(' AND ')}` : ''
  return context
    .sql(`SELECT * FROM waits ${where} ORDER BY changed ${after === undefined ? 'DESC' : 'ASC'} LIMIT ?`)
    .all(...conditions.flatMap(([, ...values]) => values), limit)
    .map((row) => waitOnWall(context, waitOf(row)))
    .toSorted((a, b) => a.changed - b.changed)
}

function open(context: StoreContext, order: WaitOrder, most: number): { wait: Wait; isNew: boolean } {
  const { grant, terms } = order
  const { session: id, generation } = grant
  const session = requireOpen(id === undefined ? undefined : context.cache.session(id), id ?? '')
  if (generation === undefined || session.generation !== generation) throw forbidden()
  const known = terms.key === undefined ? undefined : withKey(context, session.id, generation, terms.key)
  if (known) return { wait: waitOnWall(context, sameAs(known, order)), isNew: false }
  requireRoom(context, session.id, generation, most)
  add(context, grant)
  insert(context, order, session.id, generation)
  return { wait: waitOnWall(context, written(context, order.id)), isNew: true }
}

function sameAs(known: Wait, { terms }: WaitOrder): Wait {
  if (known.what === terms.what) return known
  throw new Failure('idempotency_conflict', `This key is that of ${known.id}, which waits for: ${known.what}`)
}

function requireRoom({ sql }: StoreContext, session: SessionId, generation: string, most: number): void {
  const open = sql(
    `SELECT id FROM waits WHERE session = ? AND generation = ? AND state = 'armed' ORDER BY seq`,
  )
    .all(session, generation)
    .map(({ id }) => id)
  if (most > 0 && open.length >= most)
    throw new Failure(
      'wait_limit',
      `${most} waits are open, and no more may be: cancel one of ${open.join(', ')}.`,
    )
}

function insert(context: StoreContext, order: WaitOrder, session: SessionId, generation: string): void {
  const { id, grant, terms, ttlMs } = order
  const { steady: now } = context.moment()
  context
    .sql(
      `INSERT INTO waits (id, grant_id, session, generation, state, what, plan, or_else, accept, key, created_at, expires_at, changed)
       VALUES (?, ?, ?, ?, 'armed', ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      id,
      grant.id,
      session,
      generation,
      terms.what,
      terms.plan ?? null,
      terms.orElse ?? null,
      terms.accept,
      terms.key ?? null,
      now,
      now + ttlMs,
      nextChange(context, now),
    )
}

/**
 * The wait whose URL a message came by, for the transaction that stores it; undefined where that is no wait's. Throws `forbidden`
 * for one that is closed, or whose end has come although nobody has closed it yet.
 */
export function waitBehind(context: StoreContext, grant: Grant): Wait | undefined {
  if (!isOfWait(grant)) return undefined
  const wait = waitOfGrant(context, grant.id)
  if (wait === undefined) return undefined
  if (wait.state !== 'armed' || context.moment().steady >= wait.expiresAt) throw forbidden()
  return wait
}

/** The message of a draft that came by the URL of a wait, which is answered by it. */
export function answerWait(context: StoreContext, wait: Wait, draft: Draft, delivery: DeliveryId): string {
  const { steady } = context.moment()
  closeWait(context, wait, 'answered', delivery)
  return answeredMessage(wait, {
    delivery,
    text: draft.message,
    nonce: draft.nonce ?? '',
    afterMs: steady - wait.createdAt,
    awaited: draft.awaited === true,
  })
}

function cancel(context: StoreContext, id: WaitId): Wait | undefined {
  const wait = waitById(context, id)
  if (wait?.state === 'armed') cancelOpenWait(context, wait)
  const after = waitById(context, id)
  return after && waitOnWall(context, after)
}

/** An opening of a session is over: nobody is left to be woken. */
export function cancelWaits(context: StoreContext, session: SessionId): void {
  const open = context.sql(`SELECT * FROM waits WHERE session = ? AND state = 'armed'`).all(session)
  for (const row of open) cancelOpenWait(context, waitOf(row))
}

export function cancelOpenWait(context: StoreContext, wait: Wait): void {
  const { sql, cache, now } = context
  sql('UPDATE grants SET revoked_at = COALESCE(revoked_at, ?) WHERE id = ?').run(now(), wait.grant)
  cache.forgetGrant(wait.grant)
  closeWait(context, wait, 'cancelled')
}

export function closeWait(
  context: StoreContext,
  { id }: Wait,
  state: WaitState,
  delivery?: DeliveryId,
): void {
  const { steady: now } = context.moment()
  context
    .sql('UPDATE waits SET state = ?, closed_at = ?, delivery = ?, changed = ? WHERE id = ?')
    .run(state, now, delivery ?? null, nextChange(context, now), id)
}

/** Also above that of every wait that was purged: those are older. */
const nextChange = ({ sql }: StoreContext, now: number): number =>
  Math.max(now, number(sql('SELECT COALESCE(MAX(changed), 0) AS last FROM waits').get()?.last) + 1)

/** What is closed for so long goes, with its grant. */
export function purgeWaits(context: StoreContext, before: number, limit: number): void {
  const { sql, cache } = context
  for (const { id, grant } of oldWaits(context, before, limit)) {
    sql('DELETE FROM waits WHERE id = ?').run(id)
    sql('DELETE FROM grants WHERE id = ?').run(grant)
    cache.forgetGrant(grant)
  }
}

export const hasOldWaits = (context: ReadContext, before: number): boolean =>
  oldWaits(context, before, 1).length > 0

/** The last change of a closed one is that it was closed. */
const oldWaits = ({ sql }: ReadContext, before: number, limit: number): readonly Wait[] =>
  sql(`SELECT * FROM waits WHERE changed < ? AND state <> 'armed' AND closed_at < ? ORDER BY changed LIMIT ?`)
    .all(before, before, limit)
    .map(waitOf)

function waitById({ sql }: ReadContext, id: WaitId): Wait | undefined {
  const row = sql('SELECT * FROM waits WHERE id = ?').get(id)
  return row && waitOf(row)
}

function waitOfGrant({ sql }: ReadContext, grant: GrantId): Wait | undefined {
  const row = sql('SELECT * FROM waits WHERE grant_id = ?').get(grant)
  return row && waitOf(row)
}

function written(context: StoreContext, id: WaitId): Wait {
  const wait = waitById(context, id)
  if (!wait) throw new Failure('internal', 'The wait that was just written is not there.')
  return wait
}

function withKey(
  { sql }: StoreContext,
  session: SessionId,
  generation: string,
  key: string,
): Wait | undefined {
  const row = sql(
    'SELECT * FROM waits WHERE session = ? AND generation = ? AND key = ? ORDER BY seq DESC LIMIT 1',
  ).get(session, generation, key)
  return row && waitOf(row)
}

/** For people and programs; inside, waits go by the time of deliveries. */
export const waitOnWall = ({ time: { toWall } }: ReadContext, wait: Wait): Wait => ({
  ...wait,
  createdAt: toWall(wait.createdAt),
  expiresAt: toWall(wait.expiresAt),
  ...(wait.closedAt !== undefined && { closedAt: toWall(wait.closedAt) }),
})
