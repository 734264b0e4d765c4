import { type Delivery, type DeliveryId, deliveryIdOf, scopeOf } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import { forbidden } from '../domain/grant.ts'
import type { Draft, Recorded } from '../domain/ports.ts'
import { closedBecause, closedText, requireOpen } from '../domain/session.ts'
import { grantBehind, stillOpens } from '../domain/source.ts'
import type { StoreContext } from './context.ts'
import { deliveryColumns, deliveryOf, type Extra, extraOf, usualType } from './rows.ts'
import { addEvents } from './settle.ts'

/** One knock, inside the transaction that holds the write lock: what other processes revoked before is seen here. */
export function record(context: StoreContext, draft: Draft): Recorded {
  const now = context.now()
  requireSource(context, draft, now)
  const source = scopeOf(draft.source)
  const first = draft.idempotency && firstOf(context, source, draft, draft.idempotency)
  if (first) return { delivery: context.time.onWall(first), replayed: true, leased: false }
  requireRoom(context, draft)
  const held = draft.failed ? undefined : closedOf(context, draft)
  const leased =
    draft.lease !== undefined && !draft.failed && !held && context.cache.head(draft.session) === null
  const delivery = insert(
    context,
    { ...onStoreTime(context, draft), held },
    source,
    context.time.now(),
    leased,
  )
  const grant = grantBehind(draft.source)
  if (grant !== undefined) context.cache.used(grant, now)
  return { delivery: context.time.onWall(delivery), replayed: false, leased }
}

function requireSource({ cache }: StoreContext, draft: Draft, now: number): void {
  const id = grantBehind(draft.source)
  if (id !== undefined && !stillOpens(cache.grant(id), draft, now)) throw forbidden()
  if (draft.source.kind !== 'hook') requireOpen(cache.session(draft.session), draft.session)
}

type HeldDraft = Draft & { readonly held: Held | undefined }
type Held = Required<Pick<Delivery, 'heldBecause' | 'detail'>>

/** A hook's message for a session that is not open waits from the beginning. */
function closedOf({ cache }: StoreContext, draft: Draft): Held | undefined {
  const session = cache.session(draft.session)
  const heldBecause = closedBecause(session)
  return heldBecause && { heldBecause, detail: closedText(session) }
}

function firstOf(
  { sql, time }: StoreContext,
  source: string,
  draft: Draft,
  { key, fingerprint, windowMs }: NonNullable<Draft['idempotency']>,
): Delivery | undefined {
  const row = sql(
    `SELECT ${deliveryColumns} FROM deliveries
     WHERE source = ? AND idempotency_key = ? AND state <> 'FAILED' ORDER BY seq DESC LIMIT 1`,
  ).get(source, key)
  const first = row && deliveryOf(row)
  if (!first || first.storedAt <= time.now() - windowMs) return undefined
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
  if (queueLimit > 0 && (cache.queues().get(session) ?? 0) >= queueLimit)
    throw new Failure('queue_full', `${queueLimit} messages wait for this session already.`, {
      retryAfterMs: 5000,
    })
}

/** A wall clock that jumped while the knock was under way takes nothing of its time to wait. */
function onStoreTime({ time }: StoreContext, draft: Draft): Draft {
  const receivedAt = time.ofArrival(draft.receivedAt)
  if (receivedAt === draft.receivedAt) return draft
  return { ...draft, receivedAt, expiresAt: receivedAt + draft.expiresAt - draft.receivedAt }
}

function insert(
  context: StoreContext,
  draft: HeldDraft,
  source: string,
  now: number,
  leased: boolean,
): Delivery {
  const { cache, sql } = context
  const { failed, held } = draft
  const state = failed ? 'FAILED' : 'PENDING'
  const leasedUntil = leased && draft.lease ? now + draft.lease.leaseMs : null
  const seq = cache.nextSeq()
  const id = deliveryIdOf(cache.idTime(draft.receivedAt), seq, draft.chance)
  const extra = JSON.stringify(extraFor(draft))
  if (leased || failed || held || draft.idempotency)
    sql(insertSpecial).run(
      seq,
      id,
      draft.session,
      source,
      draft.action,
      state,
      failed ? failed.step : null,
      held ? held.heldBecause : null,
      (failed ?? held)?.detail ?? null,
      draft.receivedAt,
      now,
      draft.expiresAt,
      leased ? 1 : 0,
      leasedUntil,
      failed ? now : null,
      draft.idempotency ? draft.idempotency.key : null,
      draft.message,
      extra,
      draft.payload ?? null,
    )
  else
    sql(insertPlain).run(
      seq,
      id,
      draft.session,
      source,
      draft.action,
      draft.receivedAt,
      now,
      draft.expiresAt,
      draft.message,
      extra,
      draft.payload ?? null,
    )
  cache.count(state, draft.session, 1)
  if (failed)
    addEvents(context, seq, [{ at: now, kind: 'failed', detail: `${failed.step}: ${failed.detail}` }])
  else queued(context, draft, seq, now, leased)
  if (held)
    addEvents(context, seq, [{ at: now, kind: 'held', detail: `${held.heldBecause}: ${held.detail}` }])
  return stored(draft, id, seq, now, state, leasedUntil)
}

function queued(
  { cache, sql }: StoreContext,
  draft: HeldDraft,
  seq: number,
  now: number,
  leased: boolean,
): void {
  if (cache.head(draft.session) === null)
    cache.setHead(draft.session, {
      seq,
      dueAt: now,
      leasedUntil: leased && draft.lease ? now + draft.lease.leaseMs : undefined,
      receivedAt: draft.receivedAt,
      expiresAt: draft.expiresAt,
      outlives: draft.source.kind === 'hook',
    })
  if (leased) sql('INSERT INTO attempts (delivery, number, started_at) VALUES (?, 1, ?)').run(seq, now)
}

/** Absent members take no room in the JSON; what is usual is left out too. */
const extraFor = (draft: Draft): Extra => ({
  from: draft.from,
  grant: draft.source.kind === 'hook' ? draft.source.grant : undefined,
  skill: draft.skill,
  callbackUrl: draft.callbackUrl,
  timeoutMs: draft.timeoutMs,
  replayOf: draft.replayOf,
  fingerprint: draft.idempotency?.fingerprint,
  contentType: draft.payload && draft.contentType === usualType ? undefined : draft.contentType,
  headers: isEmpty(draft.headers) ? undefined : draft.headers,
})

function isEmpty(headers: Draft['headers']): boolean {
  for (const _ in headers) return false
  return true
}

/** The path of nearly every knock: every value that must be bound costs, so this binds only what differs. */
const insertPlain = `INSERT INTO deliveries (
    seq, id, session, source, action, state, phase, received_at, stored_at, due_at, expires_at, attempts, failures,
    message, extra, payload
  ) VALUES (?1, ?2, ?3, ?4, ?5, 'PENDING', 'deliver', ?6, ?7, ?7, ?8, 0, 0, ?9, ?10, ?11)`

/** Leased at once, failed at once, or with a key to be recognised by. */
const insertSpecial = `INSERT INTO deliveries (
    seq, id, session, source, action, state, phase, failed_step, held_because, detail, received_at, stored_at, due_at, expires_at,
    failures, attempts, leased_until, settled_at, idempotency_key, message, extra, payload
  ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'deliver', ?7, ?8, ?9, ?10, ?11, ?11, ?12, 0, ?13, ?14, ?15, ?16, ?17, ?18, ?19)`

function stored(
  draft: HeldDraft,
  id: DeliveryId,
  seq: number,
  now: number,
  state: 'PENDING' | 'FAILED',
  leasedUntil: number | null,
): Delivery {
  const delivery: { -readonly [member in keyof Delivery]: Delivery[member] } = {
    id,
    seq,
    session: draft.session,
    source: draft.source,
    action: draft.action,
    state,
    phase: 'deliver',
    message: draft.message,
    receivedAt: draft.receivedAt,
    storedAt: now,
    dueAt: now,
    expiresAt: draft.expiresAt,
    failures: 0,
    attempts: leasedUntil === null ? 0 : 1,
  }
  const { failed, held, from, skill, callbackUrl, timeoutMs, idempotency, replayOf } = draft
  // One by one: what most knocks lack costs them nothing then.
  if (failed) Object.assign(delivery, { failedStep: failed.step, detail: failed.detail, settledAt: now })
  if (held) Object.assign(delivery, held)
  if (from !== undefined) delivery.from = from
  if (skill !== undefined) delivery.skill = skill
  if (callbackUrl !== undefined) delivery.callbackUrl = callbackUrl
  if (timeoutMs !== undefined) delivery.timeoutMs = timeoutMs
  if (idempotency) delivery.idempotencyKey = idempotency.key
  if (replayOf !== undefined) delivery.replayOf = replayOf
  if (leasedUntil !== null) delivery.leasedUntil = leasedUntil
  return delivery
}
