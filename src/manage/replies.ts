import { Buffer } from 'node:buffer'
import type { FitOf } from '../domain/answer.ts'
import type { Delivery } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import type { Clock, DoorStore } from '../domain/ports.ts'
import { refuseReply } from '../domain/reply.ts'
import type { Session } from '../domain/session.ts'
import { ownDelivery } from './own-deliveries.ts'

export interface ReplyDeps {
  readonly store: Pick<DoorStore, 'findDelivery' | 'findWait' | 'replyToDelivery'>
  readonly clock: Pick<Clock, 'now'>
  readonly fitOf: FitOf
  /** Gives it to whoever waits for the delivery. */
  readonly notify: (delivery: Delivery) => void
}

/** One of both. */
export interface Reply {
  readonly text?: string | null | undefined
  readonly json?: unknown
}

/** In bytes of UTF-8. */
export const longestReply = 65_536

/**
 * What the agent of a session answers to whoever sent a message to it; the first reply counts. Throws `usage`, `too_large`, `forbidden` for
 * a message of another session, or of an earlier opening, `unprocessable` with what is wrong and where when it
 * does not fit what was asked for, `answered_already` and `nobody_waits`.
 */
export async function replyTo(deps: ReplyDeps, self: Session, id: string, reply: Reply): Promise<void> {
  const answer = answerOf(reply)
  const { store, clock } = deps
  const own = { find: store.findDelivery, findWait: store.findWait, now: clock.now }
  const delivery = await ownDelivery(own, self, id)
  refuseReply(delivery)
  const checked = await checkedAnswer(deps, delivery, answer)
  deps.notify(await store.replyToDelivery(delivery.id, checked, clock.now()))
}

function answerOf({ text, json }: Reply): string {
  const isText = text !== undefined && text !== null
  if (isText === (json !== undefined)) throw new Failure('usage', 'Give the reply as "text" or as "json".')
  const answer = isText ? text : JSON.stringify(json)
  if (Buffer.byteLength(answer) > longestReply)
    throw new Failure('too_large', `A reply has at most ${longestReply} bytes.`)
  return answer
}

async function checkedAnswer(
  { fitOf }: ReplyDeps,
  { responseSchema }: Delivery,
  answer: string,
): Promise<string> {
  if (responseSchema === undefined) return answer
  const fit = await fitOf(responseSchema, answer)
  if (fit.fits) return fit.json
  throw new Failure(
    'unprocessable',
    `The reply does not fit the JSON Schema that the sender asked for: ${fit.flaw}.`,
  )
}
