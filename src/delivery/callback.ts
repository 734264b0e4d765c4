import { signCallback } from '../auth/callback-signature.ts'
import type { Delivery } from '../domain/delivery.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Clock } from '../domain/ports.ts'
import { responseOf } from '../domain/reply.ts'

/** Posts how a turn ended to its callback URL. Never throws: what goes wrong is the outcome. */
export type CallBack = (delivery: Delivery, signal: AbortSignal) => Promise<Outcome>

/** POSTs one order. Never throws: what goes wrong is the outcome. */
export interface Caller {
  call(order: CallOrder, signal: AbortSignal): Promise<Outcome>
}

export interface CallOrder {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

interface CallBackDeps {
  readonly caller: Caller
  readonly clock: Pick<Clock, 'now'>
  /** What callbacks are signed with, newest first. */
  readonly secrets: () => readonly string[]
}

/** Callbacks are signed by the Standard Webhooks scheme; each attempt carries the delivery's id and its own time. */
export const createCallBack =
  ({ caller, clock, secrets }: CallBackDeps): CallBack =>
  async (delivery, signal) => {
    const now = clock.now()
    const body = JSON.stringify(callbackOf(delivery, now))
    const signed = signCallback({
      id: delivery.id,
      timestamp: Math.floor(now / 1000),
      body,
      secrets: secrets(),
    })
    const headers = { 'content-type': 'application/json', 'user-agent': 'postern', ...signed }
    return caller.call({ url: delivery.callbackUrl ?? '', headers, body }, signal)
  }

/** In phase `callback`, `failedStep` is how the turn failed; the payload calls it `reason`. Members without a value are absent in JSON. */
const callbackOf = (delivery: Delivery, now: number) => ({
  type: delivery.failedStep === undefined ? 'delivery.completed' : 'delivery.failed',
  timestamp: new Date(now).toISOString(),
  data: {
    deliveryId: delivery.id,
    session: delivery.session,
    status: delivery.failedStep === undefined ? 'delivered' : 'failed',
    reason: delivery.failedStep,
    detail: delivery.detail,
    response: responseOf(delivery),
    skill: delivery.skill,
  },
})
