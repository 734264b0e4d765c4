import { Buffer } from 'node:buffer'
import type { Attempt, Delivery, DeliveryEvent, DeliveryRecord, Source } from '../domain/delivery.ts'
import { type Grant, isExpired } from '../domain/grant.ts'
import type { Hook } from '../domain/hook.ts'
import { channelOf, type Session, type SessionId } from '../domain/session.ts'

/** Records as programs see them: `--json` and the HTTP API alike. Times are ISO 8601 in UTC; what is not there is null. */
export interface GrantView {
  readonly id: string
  readonly channel: string
  readonly session: string
  readonly verbs: readonly string[]
  readonly label: string | null
  readonly revoked: boolean
  readonly revokedAt: string | null
  readonly expires: string | null
  readonly expired: boolean
  readonly lastUsed: string | null
  readonly uses: number
  readonly createdAt: string
}

/** A fresh grant with its URL: the only time the token is seen. */
export interface MintView {
  readonly channel: string
  readonly grantId: string
  readonly webhook: string
  readonly expires: string | null
  readonly session: string
  readonly verb: string
  readonly label: string | null
}

/** Settings stay out: they may hold keys to another party's agent. */
export interface SessionView {
  readonly id: string
  readonly channel: string
  readonly driver: string
  readonly state: Session['state']
  readonly why: string | null
  readonly exitCode: number | null
  /** Unfinished deliveries. */
  readonly queue: number
  readonly openedAt: string
  readonly endedAt: string | null
}

/** A configured hook without its secrets. */
export interface HookView {
  readonly name: string
  readonly path: string
  readonly active: boolean
  readonly action: Hook['action']
  readonly session: string | null
  readonly skill: string | null
  readonly preset: string | null
  readonly template: string | null
  readonly verify: string
  readonly maxBodyBytes: number
}

type OrNull<Member extends keyof Delivery> = NonNullable<Delivery[Member]> | null

export interface DeliveryView {
  readonly id: string
  readonly state: Delivery['state']
  readonly session: string
  readonly channel: string
  readonly source: Source['kind']
  readonly grant: string | null
  readonly hook: string | null
  readonly action: Delivery['action']
  readonly phase: Delivery['phase']
  /** The step that failed: of a FAILED delivery, and of one whose failed turn is still to be called back. */
  readonly failedStep: OrNull<'failedStep'>
  /** Why a PENDING or RETRY delivery is not further. */
  readonly heldBecause: OrNull<'heldBecause'>
  readonly detail: string | null
  readonly message: string
  readonly from: string | null
  readonly skill: string | null
  readonly callbackUrl: string | null
  readonly idempotencyKey: string | null
  readonly replayOf: string | null
  /** An attempt is under way. */
  readonly inFlight: boolean
  /** Attempts begun. */
  readonly attempts: number
  /** Attempts that reached for the agent and failed: what the retry policy counts. */
  readonly failures: number
  readonly receivedAt: string
  readonly storedAt: string
  readonly dueAt: string
  readonly expiresAt: string
  readonly acceptedAt: string | null
  /** How it is known that the agent took it: `ack`, `echo` or `marker`. */
  readonly evidence: OrNull<'evidence'>
  /** How it is known that the turn is over: `reported` or `inferred`. */
  readonly turnEnd: OrNull<'turnEnd'>
  readonly settledAt: string | null
  readonly answer: string | null
}

export interface RecordView extends DeliveryView {
  readonly events: readonly EventView[]
  readonly attemptList: readonly AttemptView[]
  readonly headers: Readonly<Record<string, string>>
  readonly contentType: string | null
  readonly payload: string | null
  readonly payloadEncoding: 'utf-8' | 'base64' | null
}

export interface EventView {
  readonly at: string
  readonly kind: string
  readonly detail: string | null
}

export interface AttemptView {
  readonly number: number
  readonly startedAt: string
  readonly endedAt: string | null
  /** Null while it is under way. */
  readonly outcome: string | null
  readonly detail: string | null
}

/** `now` in Unix milliseconds decides what has expired. */
export const grantView = (grant: Grant, now: number): GrantView => ({
  id: grant.id,
  channel: channelOf(grant.session),
  session: grant.session,
  verbs: [grant.verb],
  label: grant.label ?? null,
  revoked: grant.revokedAt !== undefined,
  revokedAt: isoOrNull(grant.revokedAt),
  expires: isoOrNull(grant.expiresAt),
  expired: isExpired(grant, now),
  lastUsed: isoOrNull(grant.lastUsedAt),
  uses: grant.uses,
  createdAt: iso(grant.createdAt),
})

export const mintView = (grant: Grant, webhook: string): MintView => ({
  channel: channelOf(grant.session),
  grantId: grant.id,
  webhook,
  expires: isoOrNull(grant.expiresAt),
  session: grant.session,
  verb: grant.verb,
  label: grant.label ?? null,
})

export const sessionView = (session: Session, queues: ReadonlyMap<SessionId, number>): SessionView => ({
  id: session.id,
  channel: channelOf(session.id),
  driver: session.driver,
  state: session.state,
  why: session.why ?? null,
  exitCode: session.exitCode ?? null,
  queue: queues.get(session.id) ?? 0,
  openedAt: iso(session.openedAt),
  endedAt: isoOrNull(session.endedAt),
})

export const hookView = (hook: Hook): HookView => ({
  name: hook.name,
  path: hook.path,
  active: hook.active,
  action: hook.action,
  session: hook.session ?? null,
  skill: hook.skill ?? null,
  preset: hook.preset ?? null,
  template: hook.template ?? null,
  verify: hook.verify.scheme,
  maxBodyBytes: hook.maxBodyBytes,
})

export const deliveryView = (delivery: Delivery): DeliveryView => ({
  id: delivery.id,
  state: delivery.state,
  session: delivery.session,
  channel: channelOf(delivery.session),
  source: delivery.source.kind,
  grant: delivery.source.kind === 'grant' ? delivery.source.grant : null,
  hook: delivery.source.kind === 'hook' ? delivery.source.hook : null,
  action: delivery.action,
  phase: delivery.phase,
  failedStep: delivery.failedStep ?? null,
  heldBecause: delivery.heldBecause ?? null,
  detail: delivery.detail ?? null,
  message: delivery.message,
  from: delivery.from ?? null,
  skill: delivery.skill ?? null,
  callbackUrl: delivery.callbackUrl ?? null,
  idempotencyKey: delivery.idempotencyKey ?? null,
  replayOf: delivery.replayOf ?? null,
  inFlight: delivery.leasedUntil !== undefined,
  attempts: delivery.attempts,
  failures: delivery.failures,
  receivedAt: iso(delivery.receivedAt),
  storedAt: iso(delivery.storedAt),
  dueAt: iso(delivery.dueAt),
  expiresAt: iso(delivery.expiresAt),
  acceptedAt: isoOrNull(delivery.acceptedAt),
  evidence: delivery.evidence ?? null,
  turnEnd: delivery.turnEnd ?? null,
  settledAt: isoOrNull(delivery.settledAt),
  answer: delivery.answer ?? null,
})

export const recordView = (record: DeliveryRecord): RecordView => ({
  ...deliveryView(record),
  events: record.events.map(eventView),
  attemptList: record.attemptList.map(attemptView),
  headers: record.headers,
  contentType: record.contentType ?? null,
  ...payloadView(record.payload),
})

/** ISO 8601 of Unix milliseconds. */
export const iso = (at: number): string => new Date(at).toISOString()

const isoOrNull = (at: number | undefined): string | null => (at === undefined ? null : iso(at))

const eventView = (event: DeliveryEvent): EventView => ({
  at: iso(event.at),
  kind: event.kind,
  detail: event.detail ?? null,
})

const attemptView = (attempt: Attempt): AttemptView => ({
  number: attempt.number,
  startedAt: iso(attempt.startedAt),
  endedAt: isoOrNull(attempt.endedAt),
  outcome: attempt.outcome ?? null,
  detail: attempt.detail ?? null,
})

/** Text as text; what is not UTF-8 as base64, so that no byte is lost. */
function payloadView(bytes: Uint8Array | undefined): Pick<RecordView, 'payload' | 'payloadEncoding'> {
  if (!bytes) return { payload: null, payloadEncoding: null }
  try {
    const payload = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { payload, payloadEncoding: 'utf-8' }
  } catch {
    return { payload: Buffer.from(bytes).toString('base64'), payloadEncoding: 'base64' }
  }
}
