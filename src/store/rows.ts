import { openedBy } from '../domain/channel.ts'
import {
  type Action,
  type Attempt,
  type Delivery,
  type DeliveryEvent,
  type DeliveryId,
  type DeliveryState,
  type EventKind,
  type Phase,
  type Source,
  seqOf,
} from '../domain/delivery.ts'
import type { Grant, GrantId, Verb } from '../domain/grant.ts'
import type { Host, HostName } from '../domain/host.ts'
import type { HappeningData, HappeningName, Notice, NoticeRule, NoticeState } from '../domain/notice.ts'
import type { DriverSettings, Session, SessionId, SessionState } from '../domain/session.ts'
import type { Wait, WaitAccept, WaitId, WaitState } from '../domain/wait.ts'
import type { SqlRow, SqlValue } from '../platform/platform.ts'

// The one place where rows become records. What stands in the database was written by this program, so its columns
// are trusted.

export const text = (value: SqlValue | undefined): string => String(value)
export const number = (value: SqlValue | undefined): number => Number(value)
export const orUndefined = <T>(value: SqlValue | undefined, read: (value: SqlValue) => T): T | undefined =>
  value === null || value === undefined ? undefined : read(value)

/** Leaves out what is undefined, so that optional members are absent rather than undefined. */
function present<T extends object>(record: T): T {
  for (const key in record) if (record[key] === undefined) delete record[key]
  return record
}

export const grantOf = (row: SqlRow): Grant =>
  present({
    id: text(row.id) as GrantId,
    ...openedBy(text(row.channel)),
    verb: text(row.verb) as Verb,
    label: orUndefined(row.label, text),
    createdAt: number(row.created_at),
    expiresAt: orUndefined(row.expires_at, number),
    revokedAt: orUndefined(row.revoked_at, number),
    lastUsedAt: orUndefined(row.last_used_at, number),
    uses: number(row.uses),
    maxUses: orUndefined(row.max_uses, number),
    pausedAt: orUndefined(row.paused_at, number),
    serial: number(row.serial) || undefined,
    previousUntil: orUndefined(row.previous_until, number),
    generation: orUndefined(row.generation, text),
  } as Grant)

export const sessionOf = (row: SqlRow): Session =>
  present({
    id: text(row.id) as SessionId,
    generation: text(row.generation),
    driver: text(row.driver),
    settings: JSON.parse(text(row.settings)) as DriverSettings,
    decisions: row.decisions === 1 ? true : undefined,
    host: orUndefined(row.host, text),
    state: text(row.state) as SessionState,
    why: orUndefined(row.why, text),
    exitCode: orUndefined(row.exit_code, number),
    openedAt: number(row.opened_at),
    endedAt: orUndefined(row.ended_at, number),
  } as Session)

export const hostOf = (row: SqlRow): Host =>
  present({
    name: text(row.name) as HostName,
    epoch: number(row.epoch),
    tokenHash: text(row.token_hash),
    createdAt: number(row.created_at),
    aliveUntil: orUndefined(row.alive_until, number),
    seenAt: orUndefined(row.seen_at, number),
    revokedAt: orUndefined(row.revoked_at, number),
  } as Host)

export const noticeRuleOf = (row: SqlRow): NoticeRule => ({
  name: text(row.name),
  on: JSON.parse(text(row.wanted)) as readonly HappeningName[],
  session: text(row.session),
})

/** Of a row of `notices` beside its happening: `name`, `session`, `at`, `data`. */
export const noticeOf = (row: SqlRow): Notice =>
  present({
    seq: number(row.seq),
    id: text(row.id),
    rule: text(row.rule),
    state: text(row.state) as NoticeState,
    failures: number(row.failures),
    dueAt: number(row.due_at),
    createdAt: number(row.created_at),
    settledAt: orUndefined(row.settled_at, number),
    detail: orUndefined(row.detail, text),
    event: present({
      name: text(row.name) as HappeningName,
      session: orUndefined(row.session, text) as SessionId | undefined,
      at: number(row.at),
      data: JSON.parse(text(row.data)) as HappeningData,
    } as Notice['event']),
  } as Notice)

export const waitOf = (row: SqlRow): Wait =>
  present({
    id: text(row.id) as WaitId,
    grant: text(row.grant_id) as GrantId,
    session: text(row.session) as SessionId,
    generation: text(row.generation),
    state: text(row.state) as WaitState,
    what: text(row.what),
    plan: orUndefined(row.plan, text),
    orElse: orUndefined(row.or_else, text),
    accept: text(row.accept) as WaitAccept,
    key: orUndefined(row.key, text),
    createdAt: number(row.created_at),
    expiresAt: number(row.expires_at),
    closedAt: orUndefined(row.closed_at, number),
    delivery: orUndefined(row.delivery, text) as DeliveryId | undefined,
    changed: number(row.changed),
  } as Wait)

/** What stands in the column `extra`: members that few deliveries have, and those that only a closer look shows. */
export interface Extra {
  readonly from?: string | undefined
  /** Of a hook's delivery: the URL that it came by. */
  readonly grant?: GrantId | undefined
  readonly skill?: string | undefined
  readonly callbackUrl?: string | undefined
  readonly timeoutMs?: number | undefined
  readonly replayOf?: DeliveryId | undefined
  readonly responseSchema?: string | undefined
  readonly repliedAt?: number | undefined
  readonly responseFits?: boolean | undefined
  readonly fingerprint?: string | undefined
  /** Absent beside a payload: the usual one. */
  readonly contentType?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** What nearly every payload is. */
export const usualType = 'application/json'

export const extraOf = (row: SqlRow): Extra => JSON.parse(text(row.extra)) as Extra

/** Finds a delivery by its id, which holds its seq; takes `keyOf` it. */
export const byId = 'WHERE seq = ? AND id = ?'
export const keyOf = (id: DeliveryId): [seq: number, id: DeliveryId] => [seqOf(id), id]

/** Every column of a delivery but its payload. */
export const deliveryColumns = [
  'seq, id, session, source, action, state, phase, failed_step, held_because, detail, received_at, stored_at, due_at',
  'expires_at, attempts, failures, leased_until, accepted_at, evidence, turn_end, settled_at, idempotency_key',
  'message, answer, extra',
].join(', ')

export function deliveryOf(row: SqlRow): Delivery {
  const { from, skill, callbackUrl, timeoutMs, replayOf, grant, ...extra } = extraOf(row)
  return present({
    id: text(row.id) as DeliveryId,
    seq: number(row.seq),
    session: text(row.session) as SessionId,
    source: sourceOf(text(row.source), grant),
    action: text(row.action) as Action,
    state: text(row.state) as DeliveryState,
    phase: text(row.phase) as Phase,
    failedStep: orUndefined(row.failed_step, text),
    heldBecause: orUndefined(row.held_because, text),
    detail: orUndefined(row.detail, text),
    message: text(row.message),
    from,
    skill,
    callbackUrl,
    timeoutMs,
    replayOf,
    idempotencyKey: orUndefined(row.idempotency_key, text),
    receivedAt: number(row.received_at),
    storedAt: number(row.stored_at),
    dueAt: number(row.due_at),
    expiresAt: number(row.expires_at),
    failures: number(row.failures),
    attempts: number(row.attempts),
    leasedUntil: orUndefined(row.leased_until, number),
    acceptedAt: orUndefined(row.accepted_at, number),
    evidence: orUndefined(row.evidence, text),
    turnEnd: orUndefined(row.turn_end, text),
    settledAt: orUndefined(row.settled_at, number),
    answer: orUndefined(row.answer, text),
    repliedAt: extra.repliedAt,
    responseSchema: extra.responseSchema,
    responseFits: extra.responseFits,
  } as Delivery)
}

export const attemptOf = (row: SqlRow): Attempt =>
  present({
    number: number(row.number),
    startedAt: number(row.started_at),
    endedAt: orUndefined(row.ended_at, number),
    outcome: orUndefined(row.outcome, text),
    detail: orUndefined(row.detail, text),
  } as Attempt)

export const eventOf = (row: SqlRow): DeliveryEvent =>
  present({
    at: number(row.at),
    kind: text(row.kind) as EventKind,
    detail: orUndefined(row.detail, text),
  } as DeliveryEvent)

function sourceOf(spelled: string, grant: GrantId | undefined): Source {
  const colon = spelled.indexOf(':')
  const rest = spelled.slice(colon + 1)
  if (spelled.startsWith('grant:')) return { kind: 'grant', grant: rest as GrantId }
  if (spelled.startsWith('wait:')) return { kind: 'wait', grant: rest as GrantId }
  if (!spelled.startsWith('hook:')) return { kind: 'admin' }
  return grant === undefined ? { kind: 'hook', hook: rest } : { kind: 'hook', hook: rest, grant }
}
