import { type Delivery, type DeliveryEvent, type DeliveryId, isTerminal } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import { happeningsOf } from '../domain/notice.ts'
import type { Evidence } from '../domain/outcome.ts'
import { afterReply, refuseReply } from '../domain/reply.ts'
import { closedBecause, closedText, requireOpen } from '../domain/session.ts'
import { settle, submitted } from '../domain/settle.ts'
import { isUnspent, requireWaiting, type Settlement } from '../domain/settlement.ts'
import type { ReadContext, StoreContext } from './context.ts'
import { happened } from './notices.ts'
import { byId, deliveryColumns, deliveryOf, keyOf } from './rows.ts'

/** The delivery as it stands inside this transaction. */
function deliveryById({ sql }: ReadContext, id: DeliveryId): Delivery | undefined {
  const row = sql(`SELECT ${deliveryColumns} FROM deliveries ${byId}`).get(...keyOf(id))
  return row && deliveryOf(row)
}

/** The same with its times on the wall clock. */
export function readDelivery(context: ReadContext, id: DeliveryId): Delivery | undefined {
  const delivery = deliveryById(context, id)
  return delivery && context.time.onWall(delivery)
}

function requireDelivery(context: StoreContext, id: DeliveryId): Delivery {
  const delivery = deliveryById(context, id)
  if (!delivery)
    throw new Failure('not_found', `There is no delivery "${id}".`, { plain: 'There is no such delivery.' })
  return delivery
}

/** Writes how the newest attempt ended. A second call, or one for an older attempt, changes nothing. */
export function settleAttempt(
  context: StoreContext,
  id: DeliveryId,
  attempt: number,
  settlement: Settlement,
  now: number,
): void {
  const delivery = deliveryById(context, id)
  if (!delivery || delivery.attempts !== attempt || delivery.leasedUntil === undefined) return
  endAttempt(context, delivery, settlement, now)
  applySettlement(context, delivery, afterReply(delivery, settlement, now), now)
}

/** An unspent attempt (`isUnspent`) leaves a line in the timeline, none among the attempts. */
function endAttempt(
  { sql }: StoreContext,
  { seq, attempts }: Delivery,
  settlement: Settlement,
  now: number,
): void {
  if (isUnspent(settlement)) {
    sql('DELETE FROM attempts WHERE delivery = ? AND number = ?').run(seq, attempts)
    sql('UPDATE deliveries SET attempts = attempts - 1 WHERE seq = ?').run(seq)
  } else
    sql(
      'UPDATE attempts SET ended_at = ?, outcome = ?, detail = ? WHERE delivery = ? AND number = ? AND ended_at IS NULL',
    ).run(now, settlement.outcome, settlement.detail ?? null, seq, attempts)
}

/** Writes a new state and lets go of the lease. */
export function applySettlement(
  context: StoreContext,
  delivery: Delivery,
  settlement: Settlement,
  now: number,
): void {
  const { sql, cache } = context
  sql(
    `UPDATE deliveries SET state = ?, phase = ?, failed_step = ?, held_because = ?, detail = ?, due_at = ?, failures = ?,
       leased_until = NULL, accepted_at = COALESCE(accepted_at, ?), evidence = COALESCE(evidence, ?),
       turn_end = COALESCE(?, turn_end), settled_at = ?, answer = COALESCE(?, answer) WHERE seq = ?`,
  ).run(
    settlement.state,
    settlement.phase,
    settlement.failedStep ?? null,
    settlement.heldBecause ?? null,
    settlement.detail ?? null,
    settlement.dueAt,
    settlement.failures,
    settlement.accepted ? now : null,
    settlement.evidence ?? null,
    settlement.turnEnd ?? null,
    isTerminal(settlement.state) ? now : null,
    settlement.answer ?? null,
    delivery.seq,
  )
  if (settlement.responseFits !== undefined) noteFit(context, delivery, settlement.responseFits)
  addEvents(context, delivery.seq, settlement.events)
  if (cache.noticeRules().length > 0)
    for (const happening of happeningsOf(delivery, settlement)) happened(context, happening)
  cache.forgetHead(delivery.session)
  cache.count(delivery.state, delivery.session, -1)
  cache.count(settlement.state, delivery.session, 1)
}

const noteFit = ({ sql }: StoreContext, { seq }: Delivery, fits: boolean): number =>
  sql(`UPDATE deliveries SET extra = json_set(extra, '$.responseFits', json(?)) WHERE seq = ?`).run(
    String(fits),
    seq,
  )

/** The agent has answered. A message under way has arrived with that. */
export function reply(context: StoreContext, id: DeliveryId, answer: string, at: number): Delivery {
  const now = at - context.time.skew()
  const delivery = requireDelivery(context, id)
  refuseReply(delivery)
  const { seq, session, leasedUntil, acceptedAt, responseSchema } = delivery
  context
    .sql(`UPDATE deliveries SET answer = ?, extra = json_set(extra, '$.repliedAt', ?) WHERE seq = ?`)
    .run(answer, now, seq)
  if (responseSchema !== undefined) noteFit(context, delivery, true)
  if (leasedUntil !== undefined && acceptedAt === undefined) accept(context, id, now, 'ack')
  addEvents(context, seq, [{ at: now, kind: 'answered', detail: 'by reply' }])
  context.cache.forgetHead(session)
  return context.time.onWall(requireDelivery(context, id))
}

/** The agent surely has the message: the delivery is never sent again. */
export function accept(context: StoreContext, id: DeliveryId, now: number, evidence: Evidence): void {
  const delivery = deliveryById(context, id)
  if (!delivery) return
  context
    .sql(
      'UPDATE deliveries SET accepted_at = COALESCE(accepted_at, ?), evidence = COALESCE(evidence, ?) WHERE seq = ?',
    )
    .run(now, evidence, delivery.seq)
  context.cache.forgetHead(delivery.session)
  addEvents(context, delivery.seq, [submitted(now, evidence)])
}

export function append(context: StoreContext, id: DeliveryId, events: readonly DeliveryEvent[]): void {
  const delivery = deliveryById(context, id)
  if (delivery) addEvents(context, delivery.seq, events)
}

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

/** FAILED → PENDING by hand. What had been answered already is only called back again, never a second turn. */
export function requeue(context: StoreContext, id: DeliveryId, at: number, expiresAt: number): Delivery {
  const { sql, cache } = context
  const now = at - context.time.skew()
  const delivery = requireDelivery(context, id)
  if (delivery.state !== 'FAILED')
    throw new Failure('in_flight', `It is ${delivery.state}; only a FAILED delivery can be retried.`)
  if (delivery.message === '')
    throw new Failure(
      'unprocessable',
      'It never became a message: mend the template, then replay it with a message of your own.',
    )
  const answered =
    delivery.phase === 'callback' && delivery.failedStep === 'callback' && delivery.acceptedAt !== undefined
  const session = cache.session(delivery.session)
  const outlives = delivery.source.kind === 'hook' && !answered
  const waits = outlives ? closedBecause(session) : undefined
  if (!outlives) requireOpen(session, delivery.session)
  sql(
    `UPDATE deliveries SET state = 'PENDING', phase = iif(?1, 'callback', 'deliver'), failed_step = NULL, held_because = ?5,
       detail = ?6, due_at = ?2, expires_at = ?3, failures = 0, accepted_at = iif(?1, accepted_at, NULL),
       extra = iif(?1, extra, json_remove(extra, '$.responseFits')), evidence = iif(?1, evidence, NULL), turn_end = iif(?1, turn_end, NULL), settled_at = NULL WHERE seq = ?4`,
  ).run(
    answered ? 1 : 0,
    now,
    now + expiresAt - at,
    delivery.seq,
    waits ?? null,
    waits ? closedText(session) : null,
  )
  addEvents(context, delivery.seq, [{ at: now, kind: 'requeued', detail: 'by hand' }])
  cache.forgetHead(delivery.session)
  cache.count('FAILED', delivery.session, -1)
  cache.count('PENDING', delivery.session, 1)
  return context.time.onWall(requireDelivery(context, id))
}

/** PENDING or RETRY → FAILED by hand. */
export function cancel(context: StoreContext, id: DeliveryId, at: number): Delivery {
  const now = at - context.time.skew()
  const delivery = requireDelivery(context, id)
  requireWaiting(delivery)
  applySettlement(context, delivery, settle(delivery, { kind: 'cancelled' }, now, 0), now)
  return context.time.onWall(requireDelivery(context, id))
}

/** The agent side has the message. A second acknowledgement changes nothing. */
export function acknowledge(context: StoreContext, id: DeliveryId, now: number): Delivery {
  const at = now - context.time.skew()
  return context.time.onWall(acknowledged(context, requireDelivery(context, id), at))
}

function acknowledged(context: StoreContext, delivery: Delivery, now: number): Delivery {
  if (delivery.state === 'DELIVERED') return delivery
  if (delivery.phase === 'callback' && delivery.acceptedAt !== undefined) return delivery
  if (delivery.state === 'FAILED' || delivery.phase === 'callback' || delivery.leasedUntil !== undefined)
    throw new Failure('in_flight', `It does not wait in an inbox (any more): it is ${delivery.state}.`)
  applySettlement(context, delivery, settle(delivery, { kind: 'taken', evidence: 'ack' }, now, 0), now)
  return requireDelivery(context, delivery.id)
}
