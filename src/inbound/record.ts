import { createHash } from 'node:crypto'
import { deliveryIdBytes } from '../domain/delivery.ts'
import type { Admission, Knock } from '../domain/knock.ts'
import type { Clock, Draft, Recorded, Store } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'
import type { Rendered } from './message.ts'

/** Durations in milliseconds. */
export interface RecordLimits {
  readonly queuePerSession: number
  readonly maxHoldMs: number
  readonly idempotencyWindowMs: number
  readonly leaseMs: number
}

export interface RecordDeps {
  readonly store: Pick<Store, 'recordDelivery'>
  readonly clock: Pick<Clock, 'bytes'>
  readonly limits: () => RecordLimits
  /** Whether messages are pushed to sessions of this driver; the others fetch theirs. */
  readonly pushes: (driver: string) => boolean
}

/** message → delivery, on disk, once per key, leased to this request when it is its session's turn. */
export function record(
  deps: RecordDeps,
  knock: Pick<Knock, 'receivedAt' | 'kept'>,
  admission: Pick<Admission, 'source' | 'action' | 'key'>,
  session: Session,
  rendered: Rendered,
): Promise<Recorded> {
  const limits = deps.limits()
  const { message, from, skill, callbackUrl, timeoutMs, payload, contentType, failed } = rendered
  return deps.store.recordDelivery({
    chance: deps.clock.bytes(deliveryIdBytes),
    session: session.id,
    source: admission.source,
    action: admission.action,
    message,
    from,
    skill,
    callbackUrl,
    timeoutMs,
    idempotency: idempotencyOf(session, admission, rendered, limits.idempotencyWindowMs),
    payload,
    contentType,
    headers: knock.kept(),
    receivedAt: knock.receivedAt,
    expiresAt: knock.receivedAt + limits.maxHoldMs,
    lease: deps.pushes(session.driver) && !failed ? { leaseMs: limits.leaseMs } : undefined,
    queueLimit: limits.queuePerSession,
    failed,
  })
}

function idempotencyOf(
  session: Session,
  admission: Pick<Admission, 'action' | 'key'>,
  rendered: Rendered,
  windowMs: number,
): Draft['idempotency'] {
  const key = rendered.idempotencyKey
  return key === undefined
    ? undefined
    : { key, fingerprint: fingerprintOf(session, admission, rendered), windowMs }
}

/**
 * What must be the same in a repeat: where it goes and what the agent gets. A sender that names its deliveries itself
 * may render differently the second time (a fence, a changed template): there its id alone decides.
 */
const fingerprintOf = (
  session: Session,
  admission: Pick<Admission, 'action' | 'key'>,
  rendered: Rendered,
): string =>
  createHash('sha256')
    .update(
      admission.key === undefined
        ? JSON.stringify([session.id, admission.action, rendered.message, rendered.skill])
        : admission.key,
    )
    .digest('hex')
