import { Buffer } from 'node:buffer'
import { asStored, type SessionActivity } from '../domain/activity.ts'
import { channelOfOpened } from '../domain/channel.ts'
import type { Attempt, Delivery, DeliveryEvent, DeliveryRecord } from '../domain/delivery.ts'
import { type Grant, grantState, isExpired } from '../domain/grant.ts'
import type { Hook } from '../domain/hook.ts'
import type { Notice } from '../domain/notice.ts'
import { type Pause, pausedSince, pauseOfHook, pauseOfSession } from '../domain/pause.ts'
import type { Refusal } from '../domain/refusal.ts'
import { channelOf, type Session, type SessionId } from '../domain/session.ts'

// Records as programs see them: `--json` and the HTTP API alike. Times are ISO 8601 in UTC; what is not there is null.

export type GrantView = ReturnType<typeof grantView>

/** `now` in Unix milliseconds decides what has expired. */
export const grantView = (grant: Grant, now: number) => ({
  id: grant.id,
  channel: channelOfOpened(grant),
  /** In one word: nothing but a live one opens anything. */
  state: grantState(grant, now),
  session: grant.session ?? null,
  hook: grant.hook ?? null,
  verbs: [grant.verb],
  label: grant.label ?? null,
  revoked: grant.revokedAt !== undefined,
  revokedAt: isoOrNull(grant.revokedAt),
  expires: isoOrNull(grant.expiresAt),
  expired: isExpired(grant, now),
  lastUsed: isoOrNull(grant.lastUsedAt),
  uses: grant.uses,
  /** Null: as many as one likes. */
  maxUses: grant.maxUses ?? null,
  pausedAt: isoOrNull(grant.pausedAt),
  createdAt: iso(grant.createdAt),
})

export type MintView = ReturnType<typeof mintView>

/** A fresh grant with its URL: the only time the token is seen. */
export const mintView = (grant: Grant, webhook: string) => ({
  channel: channelOfOpened(grant),
  grantId: grant.id,
  webhook,
  expires: isoOrNull(grant.expiresAt),
  session: grant.session ?? null,
  hook: grant.hook ?? null,
  verb: grant.verb,
  label: grant.label ?? null,
  maxUses: grant.maxUses ?? null,
})

export type SessionView = ReturnType<typeof sessionView>

interface Around {
  /** Unfinished deliveries of each session. */
  readonly queues: ReadonlyMap<SessionId, number>
  readonly pauses: readonly Pause[]
}

/** Settings stay out: they may hold keys to another party's agent. */
export const sessionView = (
  session: Session,
  { queues, pauses }: Around,
  seen: SessionActivity = asStored(session),
) => ({
  id: session.id,
  channel: channelOf(session.id),
  driver: session.driver,
  /** The machine that its agent runs on; null: the door's own. */
  host: session.host ?? null,
  state: seen.state,
  /** Why it is offline or how it ended. */
  why: seen.why ?? null,
  exitCode: seen.exitCode ?? null,
  /** What its agent does; null where it does not tell. */
  activity: seen.activity ?? null,
  since: isoOrNull(seen.since),
  /** What a person is asked, of a blocked one. */
  asks: seen.asks ?? null,
  /** The request that people may decide on. */
  decision: seen.decision ?? null,
  /** Unfinished deliveries. */
  queue: queues.get(session.id) ?? 0,
  /** Since when its messages are held by hand. */
  pausedAt: isoOrNull(pausedSince(pauses, pauseOfSession(session.id))),
  openedAt: iso(session.openedAt),
  endedAt: isoOrNull(session.endedAt),
})

export type RefusalView = ReturnType<typeof refusalView>

export const refusalView = (refusal: Refusal) => ({
  place: refusal.seq,
  at: iso(refusal.at),
  door: refusal.door,
  hook: refusal.hook ?? null,
  grant: refusal.grant ?? null,
  status: refusal.status,
  code: refusal.code,
  cause: refusal.cause,
  peer: refusal.peer,
  userAgent: refusal.userAgent ?? null,
  requestId: refusal.requestId,
})

export type NoticeView = ReturnType<typeof noticeView>

export const noticeView = ({ seq, event, ...notice }: Notice) => ({
  place: seq,
  id: notice.id,
  rule: notice.rule,
  event: event.name,
  session: event.session ?? null,
  at: iso(event.at),
  data: event.data,
  state: notice.state,
  failures: notice.failures,
  detail: notice.detail ?? null,
  dueAt: iso(notice.dueAt),
  createdAt: iso(notice.createdAt),
  settledAt: isoOrNull(notice.settledAt),
})

export type HookView = ReturnType<typeof hookView>

/** A configured hook without its secrets. */
export const hookView = (hook: Hook, pauses: readonly Pause[]) => ({
  name: hook.name,
  path: hook.path,
  active: hook.active,
  /** Since when its messages are held by hand. */
  pausedAt: isoOrNull(pausedSince(pauses, pauseOfHook(hook.name))),
  action: hook.action,
  session: hook.session ?? null,
  skill: hook.skill ?? null,
  preset: hook.preset ?? null,
  template: hook.template ?? null,
  verify: hook.verify.scheme,
  maxBodyBytes: hook.maxBodyBytes,
})

export type DeliveryView = ReturnType<typeof deliveryView>

export const deliveryView = (delivery: Delivery) => ({
  id: delivery.id,
  state: delivery.state,
  session: delivery.session,
  channel: channelOf(delivery.session),
  source: delivery.source.kind,
  grant: delivery.source.kind === 'admin' ? null : (delivery.source.grant ?? null),
  hook: delivery.source.kind === 'hook' ? delivery.source.hook : null,
  action: delivery.action,
  phase: delivery.phase,
  /** Of a FAILED delivery, and of one whose failed turn is still to be called back. */
  failedStep: delivery.failedStep ?? null,
  /** Why a PENDING or RETRY delivery is not further. */
  heldBecause: delivery.heldBecause ?? null,
  detail: delivery.detail ?? null,
  message: delivery.message,
  from: delivery.from ?? null,
  skill: delivery.skill ?? null,
  callbackUrl: delivery.callbackUrl ?? null,
  idempotencyKey: delivery.idempotencyKey ?? null,
  replayOf: delivery.replayOf ?? null,
  /** An attempt is under way. */
  inFlight: delivery.leasedUntil !== undefined,
  /** Begun; `failures` are those that count for the retry policy. */
  attempts: delivery.attempts,
  failures: delivery.failures,
  receivedAt: iso(delivery.receivedAt),
  storedAt: iso(delivery.storedAt),
  dueAt: iso(delivery.dueAt),
  expiresAt: iso(delivery.expiresAt),
  acceptedAt: isoOrNull(delivery.acceptedAt),
  /** How it is known that the agent took it. */
  evidence: delivery.evidence ?? null,
  /** How it is known that the turn is over. */
  turnEnd: delivery.turnEnd ?? null,
  settledAt: isoOrNull(delivery.settledAt),
  answer: delivery.answer ?? null,
  repliedAt: isoOrNull(delivery.repliedAt),
  responseSchema: schemaView(delivery),
  /** Whether the answer fits it. */
  responseFits: delivery.responseFits ?? null,
})

type Schema = Readonly<Record<string, unknown>>

const schemaView = ({ responseSchema }: Delivery): Schema | null =>
  responseSchema === undefined ? null : (JSON.parse(responseSchema) as Schema)

export type RecordView = ReturnType<typeof recordView>

export const recordView = (record: DeliveryRecord) => ({
  ...deliveryView(record),
  events: record.events.map(eventView),
  attemptList: record.attemptList.map(attemptView),
  headers: record.headers,
  contentType: record.contentType ?? null,
  ...payloadView(record.payload),
})

/** ISO 8601 of Unix milliseconds. */
export const iso = (at: number): string => new Date(at).toISOString()

export const isoOrNull = (at: number | undefined): string | null => (at === undefined ? null : iso(at))

export type EventView = ReturnType<typeof eventView>

const eventView = (event: DeliveryEvent) => ({
  at: iso(event.at),
  kind: event.kind,
  detail: event.detail ?? null,
})

export type AttemptView = ReturnType<typeof attemptView>

const attemptView = (attempt: Attempt) => ({
  number: attempt.number,
  startedAt: iso(attempt.startedAt),
  endedAt: isoOrNull(attempt.endedAt),
  /** Null while it is under way. */
  outcome: attempt.outcome ?? null,
  detail: attempt.detail ?? null,
})

interface Payload {
  readonly payload: string | null
  readonly payloadEncoding: 'utf-8' | 'base64' | null
}

/** Text as text; what is not UTF-8 as base64, so that no byte is lost. */
function payloadView(bytes: Uint8Array | undefined): Payload {
  if (!bytes) return { payload: null, payloadEncoding: null }
  try {
    const payload = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { payload, payloadEncoding: 'utf-8' }
  } catch {
    return { payload: Buffer.from(bytes).toString('base64'), payloadEncoding: 'base64' }
  }
}
