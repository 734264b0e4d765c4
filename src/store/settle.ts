import { type Delivery, type DeliveryEvent, type DeliveryId, isTerminal } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import { latencyBound } from '../domain/history.ts'
import { happeningsOf } from '../domain/notice.ts'
import type { Evidence } from '../domain/outcome.ts'
import { afterReply, refuseReply } from '../domain/reply.ts'
import { closedBecause, closedText, requireOpen } from '../domain/session.ts'
import { settle, submitted } from '../domain/settle.ts'
import { endedBefore, isUnspent, requireWaiting, type Settlement } from '../domain/settlement.ts'
import type { ReadContext, StoreContext } from './context.ts'
import { happened } from './notices.ts'
import { byId, deliveryColumns, deliveryOf, type Extra, extraOf, keyOf, number, orUndefined } from './rows.ts'
import { addEvents } from './timeline.ts'

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

/** Writes how the newest attempt ended. A second call, or one for an older attempt, changes nothing: also for an unspent one (`endedBefore`). */
export function settleAttempt(
  context: StoreContext,
  id: DeliveryId,
  attempt: number,
  settlement: Settlement,
  now: number,
): void {
  const delivery = deliveryById(context, id)
  if (!delivery || !isUnderWay(delivery, attempt)) return
  if (isUnspent(settlement) && endedBefore(now, startOf(context, delivery))) return
  endAttempt(context, delivery, settlement, now)
  applySettlement(context, delivery, afterReply(delivery, settlement, now), now)
}

/** Not one that another process has taken over meanwhile. */
const isUnderWay = ({ attempts, leasedUntil }: Delivery, attempt: number): boolean =>
  attempts === attempt && leasedUntil !== undefined

const startOf = ({ sql }: StoreContext, { seq, attempts }: Delivery): number | undefined =>
  orUndefined(
    sql('SELECT started_at FROM attempts WHERE delivery = ? AND number = ?').get(seq, attempts)?.started_at,
    number,
  )

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
  if (settlement.state === 'FAILED' && settlement.failedStep)
    cache.countInHistory(delivery.receivedAt, 'failed', settlement.failedStep)
  if (settlement.accepted) countTaken(context, delivery, now)
}

/** Once, with the first evidence. */
function countTaken({ cache }: StoreContext, { receivedAt, acceptedAt }: Delivery, now: number): void {
  if (acceptedAt === undefined) cache.countInHistory(receivedAt, 'taken', latencyBound(now - receivedAt))
}

const noteFit = (context: StoreContext, { seq }: Delivery, responseFits: boolean): void =>
  changeExtra(context, seq, { responseFits })

/** What becomes undefined goes. */
function changeExtra({ sql }: StoreContext, seq: number, change: Partial<Extra>): void {
  const row = sql('SELECT extra FROM deliveries WHERE seq = ?').get(seq)
  if (row)
    sql('UPDATE deliveries SET extra = ? WHERE seq = ?').run(
      JSON.stringify({ ...extraOf(row), ...change }),
      seq,
    )
}

/** The agent has answered. A message under way has arrived with that. */
export function reply(context: StoreContext, id: DeliveryId, answer: string, at: number): Delivery {
  const now = at - context.time.skew()
  const delivery = requireDelivery(context, id)
  refuseReply(delivery)
  const { seq, session, attempts, acceptedAt, responseSchema } = delivery
  context.sql('UPDATE deliveries SET answer = ? WHERE seq = ?').run(answer, seq)
  changeExtra(context, seq, { repliedAt: now })
  if (responseSchema !== undefined) noteFit(context, delivery, true)
  if (acceptedAt === undefined) accept(context, id, attempts, now, 'ack')
  addEvents(context, seq, [{ at: now, kind: 'answered', detail: 'by reply' }])
  context.cache.forgetHead(session)
  return context.time.onWall(requireDelivery(context, id))
}

/** The agent surely has the message: the delivery is never sent again. */
export function accept(
  context: StoreContext,
  id: DeliveryId,
  attempt: number,
  now: number,
  evidence: Evidence,
): void {
  const delivery = deliveryById(context, id)
  if (!delivery || !isUnderWay(delivery, attempt)) return
  context
    .sql(
      'UPDATE deliveries SET accepted_at = COALESCE(accepted_at, ?), evidence = COALESCE(evidence, ?) WHERE seq = ?',
    )
    .run(now, evidence, delivery.seq)
  countTaken(context, delivery, now)
  context.cache.forgetHead(delivery.session)
  addEvents(context, delivery.seq, [submitted(now, evidence)])
}

export function append(
  context: StoreContext,
  id: DeliveryId,
  attempt: number,
  events: readonly DeliveryEvent[],
): void {
  const delivery = deliveryById(context, id)
  if (delivery?.attempts === attempt) addEvents(context, delivery.seq, events)
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
    `UPDATE deliveries SET state = 'PENDING', phase = CASE WHEN ?1 = 1 THEN 'callback' ELSE 'deliver' END, failed_step = NULL, held_because = ?5,
       detail = ?6, due_at = ?2, expires_at = ?3, failures = 0, accepted_at = CASE WHEN ?1 = 1 THEN accepted_at END,
       evidence = CASE WHEN ?1 = 1 THEN evidence END, turn_end = CASE WHEN ?1 = 1 THEN turn_end END, settled_at = NULL
     WHERE seq = ?4`,
  ).run(
    answered ? 1 : 0,
    now,
    now + expiresAt - at,
    delivery.seq,
    waits ?? null,
    waits ? closedText(session) : null,
  )
  if (!answered && delivery.responseFits !== undefined)
    changeExtra(context, delivery.seq, { responseFits: undefined })
  addEvents(context, delivery.seq, [{ at: now, kind: 'requeued', detail: 'by hand' }])
  cache.forgetHead(delivery.session)
  cache.count('FAILED', delivery.session, -1)
  cache.count('PENDING', delivery.session, 1)
  uncount(context, delivery, answered)
  return context.time.onWall(requireDelivery(context, id))
}

/** It is FAILED no more, and taken no more unless it was answered. */
function uncount({ cache }: StoreContext, delivery: Delivery, answered: boolean): void {
  const { receivedAt, failedStep, acceptedAt } = delivery
  if (failedStep) cache.countInHistory(receivedAt, 'failed', failedStep, -1)
  if (acceptedAt !== undefined && !answered)
    cache.countInHistory(receivedAt, 'taken', latencyBound(acceptedAt - receivedAt), -1)
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
