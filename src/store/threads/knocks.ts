import type { Failure } from '../../domain/error.ts'
import type { Draft, Recorded } from '../../domain/ports.ts'
import { recorded } from '../filed.ts'
import { failureOf, movable, packDrafts, type Question, unpackFiled } from './calls.ts'

/** The way of knocks to the thread that writes: one message, one transaction and one fsync for what arrives during those before it. */
export interface Knocks {
  /** `DoorStore.recordDelivery`. */
  readonly record: (draft: Draft) => Promise<Recorded>
  /** The thread has answered the knocks that it was sent last. */
  readonly settle: (filed: string) => void
  readonly end: (why: Failure) => void
}

interface Knock {
  readonly draft: Draft
  readonly resolve: (recorded: Recorded) => void
  readonly reject: (reason: Failure) => void
}

/** Most of one transaction: bounds how long other processes wait for its lock. */
const mostAtOnce = 512

/**
 * On a slow disk callers come back in waves: whoever begins with the first of them lets the others wait for a whole commit
 * more. So after a shared commit the next one is gathered for this part of the time it took.
 */
const gatherPart = 1 / 8

export function createKnocks(ask: (question: Question, moved: ArrayBuffer[]) => void): Knocks {
  let waiting: Knock[] = []
  let sent: readonly Knock[] = []
  let sentAt = 0
  let scheduled = false
  let over: Failure | undefined

  const send = () => {
    scheduled = false
    if (over) return
    sent = waiting.splice(0, mostAtOnce)
    sentAt = performance.now()
    const question = packDrafts(sent.map(({ draft }) => draft))
    ask(question, movable(question.payloads))
  }
  const schedule = (delayMs: number) => {
    if (scheduled || sent.length > 0 || waiting.length === 0) return
    scheduled = true
    if (delayMs >= 1) setTimeout(send, delayMs)
    else setImmediate(send)
  }
  let gatherMs = 0

  return {
    record: (draft) =>
      new Promise((resolve, reject) => {
        if (over) return reject(over)
        waiting.push({ draft, resolve, reject })
        schedule(gatherMs)
      }),
    settle: (text) => {
      const answered = sent
      sent = []
      gatherMs = answered.length > 1 ? (performance.now() - sentAt) * gatherPart : 0
      for (const [i, filed] of unpackFiled(text).entries()) {
        const knock = answered[i]
        if ('refusal' in filed) knock?.reject(failureOf(filed.refusal))
        else if (knock) knock.resolve(recorded(knock.draft, filed))
      }
      schedule(gatherMs)
    },
    end: (why) => {
      over = why
      for (const { reject } of [...sent, ...waiting]) reject(why)
      sent = []
      waiting = []
    },
  }
}
