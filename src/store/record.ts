import { type Delivery, type DeliveryId, deliveryIdOf } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import { forbidden, type Grant, isForOpening, isUsedUp, usedUpText } from '../domain/grant.ts'
import { latencyBound } from '../domain/history.ts'
import { pausedText } from '../domain/pause.ts'
import type { Draft } from '../domain/ports.ts'
import { closedBecause, closedText, requireOpen } from '../domain/session.ts'
import { grantBehind, scopeOf, stillOpens } from '../domain/source.ts'
import type { Wait } from '../domain/wait.ts'
import type { StoreContext } from './context.ts'
import { type Filed, type Held, onStoreTime, onWall, type Row } from './filed.ts'
import { happened } from './notices.ts'
import { insertPlain, type PlainRow } from './plain-rows.ts'
import { deliveryColumns, deliveryOf, type Extra, extraOf, usualType } from './rows.ts'
import type { Moment } from './saved-time.ts'
import { addEvents } from './timeline.ts'
import { answerWait, waitBehind } from './waits.ts'

/**
 * Many knocks in one act, each with what became of it or its refusal. Throws what the store throws when one of them cannot be
 * stored at all; then nothing of them is.
 */
export function fileAll(context: StoreContext, drafts: readonly Draft[]): readonly (Filed | Failure)[] {
  const plain: PlainRow[] = []
  const filed = drafts.map((draft) => {
    try {
      return fileOne(context, draft, plain)
    } catch (thrown) {
      if (thrown instanceof Failure) return thrown
      throw thrown
    }
  })
  insertPlain(context, plain)
  return filed
}

/** One knock, inside the transaction that holds the write lock: what other processes revoked before is seen here. */
export function file(context: StoreContext, draft: Draft): Filed {
  const plain: PlainRow[] = []
  const filed = fileOne(context, draft, plain)
  insertPlain(context, plain)
  return filed
}

/**
 * Leaves a plain row in `plain`, to be inserted with the others of its act. Nothing looks for it before: it has no key, no events, and the
 * head of its session's queue is in the cache.
 */
function fileOne(context: StoreContext, draft: Draft, plain: PlainRow[]): Filed {
  const moment = context.moment()
  const grant = requireGrant(context, draft, moment.wall)
  if (grant && isUsedUp(grant)) return usedUp(context, draft, moment, grant)
  requireSession(context, draft)
  const source = scopeOf(draft.source)
  const first = draft.idempotency && firstOf(context, source, draft, moment, draft.idempotency)
  if (first) return { first: context.time.onWall(first) }
  requireRoom(context, draft)
  const wait = grant && waitBehind(context, grant)
  const row = insert(context, onStoreTime(draft, moment), source, moment.steady, plain, wait)
  if (grant && !draft.failed) context.cache.used(grant.id, moment.wall)
  return { row: moment.hasJumped ? onWall(row, context.time.toWall) : row }
}

/** A message of the store's own; its times are the store's. */
export function storeOwn(context: StoreContext, draft: Draft): DeliveryId {
  const plain: PlainRow[] = []
  const { id } = insert(context, draft, scopeOf(draft.source), context.moment().steady, plain)
  insertPlain(context, plain)
  return id
}

/** The grant behind a knock with its uses so far, if it opens what it is for; it may be used up. */
function requireGrant({ cache }: StoreContext, draft: Draft, now: number): Grant | undefined {
  const id = grantBehind(draft.source)
  if (id === undefined) return undefined
  const grant = cache.grant(id)
  if (!stillOpens(grant, draft, now) || !isForOpening(grant, cache.session(draft.session)))
    throw forbidden({ why: 'the grant was closed while the message came' })
  return grant.maxUses === undefined ? grant : cache.counted(grant)
}

/** The repeat of what the grant stored itself, also where that FAILED or its session is over; anything else is refused. */
function usedUp(context: StoreContext, draft: Draft, moment: Moment, { id }: Grant): Filed {
  const first =
    draft.idempotency && firstOf(context, scopeOf(draft.source), draft, moment, draft.idempotency, true)
  if (!first || grantBehind(first.source) !== id) throw forbidden({ why: usedUpText })
  return { first: context.time.onWall(first) }
}

function requireSession({ cache }: StoreContext, { source, session }: Draft): void {
  if (source.kind !== 'hook') requireOpen(cache.session(session), session)
}

/** What is paused waits from the beginning. That is not noted in the row: it ends for all of them at once. */
function pausedOf({ cache }: StoreContext, draft: Draft): Held | undefined {
  const detail = pausedText(cache.pauses(), draft)
  return detail === undefined ? undefined : { heldBecause: 'paused', detail }
}

/** A hook's message for a session that is not open waits from the beginning. */
function closedOf({ cache }: StoreContext, draft: Draft): Held | undefined {
  const session = cache.session(draft.session)
  const heldBecause = closedBecause(session)
  return heldBecause && { heldBecause, detail: closedText(session) }
}

function firstOf(
  { sql }: StoreContext,
  source: string,
  draft: Draft,
  { steady }: Moment,
  { key, fingerprint, windowMs }: NonNullable<Draft['idempotency']>,
  evenFailed = false,
): Delivery | undefined {
  const row = sql(
    `SELECT ${deliveryColumns} FROM deliveries
     WHERE source = ? AND idempotency_key = ? ${evenFailed ? '' : `AND state <> 'FAILED'`} ORDER BY seq DESC LIMIT 1`,
  ).get(source, key)
  const first = row && deliveryOf(row)
  if (!first || first.storedAt <= steady - windowMs) return undefined
  const before = extraOf(row).fingerprint
  if (before !== fingerprint && before !== oldFingerprint(draft))
    throw new Failure('idempotency_conflict', 'This idempotency key came with another message before.', {
      deliveryId: first.id,
    })
  return first
}

/** What version 0.1.0 kept beside the key of an operator's message. */
const oldFingerprint = ({ source, session, message }: Draft): string | undefined =>
  source.kind === 'admin' ? `${session} ${message}` : undefined

function requireRoom({ cache }: StoreContext, { session, queueLimit }: Draft): void {
  if (queueLimit > 0 && cache.queue(session) >= queueLimit)
    throw new Failure('queue_full', `${queueLimit} messages wait for this session already.`, {
      retryAfterMs: 5000,
    })
}

function insert(
  context: StoreContext,
  draft: Draft,
  source: string,
  now: number,
  plain: PlainRow[],
  wait?: Wait,
): Row {
  const { cache, sql } = context
  const { failed, lease, receivedAt, expiresAt } = draft
  const closed = failed ? undefined : closedOf(context, draft)
  const paused = failed ? undefined : pausedOf(context, draft)
  const held = paused ?? closed
  const isNext = !failed && !held && lease && cache.head(draft.session) === null
  const isNextHere = isNext && cache.session(draft.session)?.host === lease.host
  const leasedUntil = isNextHere ? now + lease.leaseMs : undefined
  const state = failed ? 'FAILED' : 'PENDING'
  const seq = cache.nextSeq()
  const id = deliveryIdOf(cache.idTime(receivedAt), seq, context.chance())
  const message = wait ? answerWait(context, wait, draft, id) : draft.message
  const extra = JSON.stringify(extraFor(draft))
  if (leasedUntil !== undefined || failed || held || draft.idempotency)
    sql(insertSpecial).run(
      seq,
      id,
      draft.session,
      source,
      draft.action,
      state,
      failed ? failed.step : null,
      closed ? closed.heldBecause : null,
      (failed ?? closed)?.detail ?? null,
      receivedAt,
      now,
      expiresAt,
      leasedUntil === undefined ? 0 : 1,
      leasedUntil ?? null,
      failed ? now : null,
      draft.idempotency ? draft.idempotency.key : null,
      message,
      extra,
      draft.payload ?? null,
    )
  else
    plain.push([
      seq,
      id,
      draft.session,
      source,
      draft.action,
      receivedAt,
      now,
      now,
      expiresAt,
      message,
      extra,
      draft.payload ?? null,
    ])
  cache.count(state, draft.session, 1)
  cache.countInHistory(receivedAt, 'stored', latencyBound(now - receivedAt))
  const row = { id, seq, receivedAt, storedAt: now, expiresAt, leasedUntil, held, message: wait && message }
  if (failed) {
    cache.countInHistory(receivedAt, 'failed', failed.step)
    addEvents(context, seq, [{ at: now, kind: 'failed', detail: `${failed.step}: ${failed.detail}` }])
    const data = { delivery: id, failedStep: failed.step }
    happened(context, { name: 'delivery_failed', session: draft.session, data })
  } else if (!paused) queued(context, draft, row)
  if (held)
    addEvents(context, seq, [{ at: now, kind: 'held', detail: `${held.heldBecause}: ${held.detail}` }])
  return row
}

function queued(
  { cache, sql }: StoreContext,
  { session, source }: Draft,
  { seq, receivedAt, storedAt, expiresAt, leasedUntil }: Row,
): void {
  cache.append(session, {
    ...{ seq, dueAt: storedAt, leasedUntil, receivedAt, expiresAt },
    outlives: source.kind === 'hook',
  })
  if (leasedUntil !== undefined)
    sql('INSERT INTO attempts (delivery, number, started_at) VALUES (?, 1, ?)').run(seq, storedAt)
}

/** Absent members take no room in the JSON; what is usual is left out too. */
const extraFor = (draft: Draft): Extra => ({
  from: draft.from,
  grant: draft.source.kind === 'hook' ? draft.source.grant : undefined,
  skill: draft.skill,
  callbackUrl: draft.callbackUrl,
  timeoutMs: draft.timeoutMs,
  replayOf: draft.replayOf,
  responseSchema: draft.responseSchema,
  fingerprint: draft.idempotency?.fingerprint,
  contentType: draft.payload && draft.contentType === usualType ? undefined : draft.contentType,
  headers: isEmpty(draft.headers) ? undefined : draft.headers,
})

function isEmpty(headers: Draft['headers']): boolean {
  for (const _ in headers) return false
  return true
}

/** Leased at once, failed at once, held, or with a key to be recognised by. */
const insertSpecial = `INSERT INTO deliveries (
    seq, id, session, source, action, state, phase, failed_step, held_because, detail, received_at, stored_at, due_at, expires_at,
    failures, attempts, leased_until, settled_at, idempotency_key, message, extra, payload
  ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'deliver', ?7, ?8, ?9, ?10, ?11, ?11, ?12, 0, ?13, ?14, ?15, ?16, ?17, ?18, ?19)`
