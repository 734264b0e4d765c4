import type { Delivery } from '../domain/delivery.ts'
import { cleanFrom, compose } from '../domain/message.ts'
import type { Clock, DoorStore } from '../domain/ports.ts'
import {
  parseSessionId,
  requireOpen,
  type Session,
  type SessionId,
  unknownSession,
} from '../domain/session.ts'
import { agreedKey } from './message-body.ts'
import { type RecordDeps, record } from './record.ts'

export interface SendDeps extends RecordDeps {
  readonly store: Pick<DoorStore, 'findSession' | 'listSessions' | 'recordDelivery'>
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

/** A message by the operator: the same queue and the same rules, no grant. Throws `unprocessable`, `session_missing` and what `recordDelivery` throws. */
export async function send(deps: SendDeps, order: SendOrder): Promise<Delivery> {
  const session = await openSession(deps.store, parseSessionId(order.session))
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
  return delivery
}

async function openSession(store: SendDeps['store'], id: SessionId): Promise<Session> {
  const found = await store.findSession(id)
  if (!found) throw unknownSession(id, await store.listSessions())
  return requireOpen(found, id)
}
