import { createHash } from 'node:crypto'
import { withoutFence } from '../domain/fence.ts'
import { type Hook, keyWindowMs } from '../domain/hook.ts'
import type { HostName } from '../domain/host.ts'
import type { Admission, Knock } from '../domain/knock.ts'
import type { DoorStore, Draft, Recorded } from '../domain/ports.ts'
import { type Address, isClosed, type Session } from '../domain/session.ts'
import type { InboundConfig } from './config.ts'
import type { Rendered } from './message.ts'

export interface RecordDeps {
  readonly store: Pick<DoorStore, 'recordDelivery'>
  readonly config: () => Pick<InboundConfig, 'limits' | 'retry'>
  /** How long what is recorded stays leased to this process. */
  readonly leaseMs: number
  /** Whether this process pushes messages to that session; others are fetched, or brought by another machine. */
  readonly pushes: (session: Session) => boolean
  /** Something was stored for a session of that machine. */
  readonly wakeHost: (host: HostName) => void
}

/** message → delivery, on disk, once per key, leased to this request when it is its session's turn. */
export function record(
  deps: RecordDeps,
  knock: Pick<Knock, 'receivedAt' | 'keptHeaders'>,
  admission: Pick<Admission, 'source' | 'serial' | 'action' | 'key' | 'form'>,
  session: Address,
  rendered: Rendered,
): Promise<Recorded> {
  const { limits, retry } = deps.config()
  const hook = hookOf(admission.form)
  return deps.store.recordDelivery({
    session: session.id,
    source: admission.source,
    serial: admission.serial,
    action: admission.action,
    message: rendered.message,
    from: rendered.from,
    skill: rendered.skill,
    callbackUrl: rendered.callbackUrl,
    timeoutMs: rendered.timeoutMs,
    responseSchema: rendered.responseSchema,
    idempotency: idempotencyOf(session, admission, rendered),
    payload: rendered.payload,
    contentType: rendered.contentType,
    headers: withoutProof(knock.keptHeaders(admission.form.kind), admission.form),
    receivedAt: knock.receivedAt,
    expiresAt: knock.receivedAt + retry.maxHoldSeconds * 1000,
    lease:
      !rendered.failed && !isClosed(session) && deps.pushes(session)
        ? { leaseMs: deps.leaseMs, host: session.host }
        : undefined,
    nonce: rendered.nonce,
    awaited: rendered.awaited,
    queueLimit: hook?.queuePerSession ?? limits.queuePerSession,
    failed: rendered.failed,
  })
}

/** A hook may take any header for its secret or signature, also one that is worth keeping elsewhere. */
function withoutProof(
  headers: Readonly<Record<string, string>>,
  form: Admission['form'],
): Readonly<Record<string, string>> {
  const proof = form.kind === 'hook' ? form.hook.verify.header?.toLowerCase() : undefined
  if (proof === undefined || headers[proof] === undefined) return headers
  const { [proof]: _, ...rest } = headers
  return rest
}

function idempotencyOf(
  session: Pick<Address, 'id'>,
  admission: Pick<Admission, 'action' | 'key' | 'form'>,
  rendered: Rendered,
): Draft['idempotency'] {
  const key = rendered.idempotencyKey
  if (key === undefined) return undefined
  return {
    key,
    fingerprint: fingerprintOf(session, admission, rendered),
    windowMs: keyWindowMs(hookOf(admission.form)),
  }
}

const hookOf = (form: Admission['form']): Hook | undefined => (form.kind === 'hook' ? form.hook : undefined)

/**
 * What must be the same in a repeat: where it goes and what the agent gets. A sender that names its deliveries itself
 * may render differently the second time (a changed template): there its id alone decides. A fence is another each time.
 */
const fingerprintOf = (
  session: Pick<Address, 'id'>,
  admission: Pick<Admission, 'action' | 'key' | 'form'>,
  rendered: Rendered,
): string =>
  createHash('sha256')
    .update(
      admission.key === undefined
        ? JSON.stringify(comparedParts(session, admission, rendered))
        : admission.key,
    )
    .digest('hex')

/** Fewer without a schema: as every version has compared them. */
const comparedParts = (
  session: Pick<Address, 'id'>,
  admission: Pick<Admission, 'action' | 'form'>,
  rendered: Rendered,
): readonly unknown[] => {
  const parts = [session.id, admission.action, comparedText(admission, rendered), rendered.skill]
  return rendered.responseSchema === undefined ? parts : [...parts, rendered.responseSchema]
}

const comparedText = ({ form }: Pick<Admission, 'form'>, { message }: Rendered): string =>
  hookOf(form)?.fence ? withoutFence(message) : message
