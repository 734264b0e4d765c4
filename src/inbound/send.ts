import type { Delivery } from '../domain/delivery.ts'
import { cleanFrom, compose } from '../domain/message.ts'
import type { Clock } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'
import { whileOffline } from '../domain/shown-delivery.ts'
import { agreedKey } from './message-body.ts'
import { type RecordDeps, record } from './record.ts'

export interface SendDeps extends RecordDeps {
  /** An open session by its id. Throws `session_missing` with the nearest name, and `session_ended`. */
  readonly openSession: (id: string) => Promise<Session>
  readonly clock: Pick<Clock, 'bytes' | 'now'>
  /** Hands over a delivery that is leased to this process. */
  readonly start: (delivery: Delivery) => void
}

export interface SendOrder {
  readonly session: string
  readonly message: string
  readonly from?: string
  readonly idempotencyKey?: string
}

/** A message by the operator: the same queue and the same rules, no grant. Throws `unprocessable`, and what `openSession` and `recordDelivery` throw. */
export async function send(deps: SendDeps, order: SendOrder): Promise<Delivery> {
  const session = await deps.openSession(order.session)
  const from = cleanFrom(order.from)
  const { delivery, leased } = await record(
    deps,
    { receivedAt: deps.clock.now(), keptHeaders: () => ({}) },
    { source: { kind: 'admin' }, action: 'input', form: { kind: 'message' } },
    session,
    {
      message: compose(order.message, from),
      from,
      idempotencyKey: agreedKey(order.idempotencyKey, undefined),
    },
  )
  if (leased) deps.start(delivery)
  if (session.host !== undefined) deps.wakeHost(session.host)
  return whileOffline(delivery, session)
}
