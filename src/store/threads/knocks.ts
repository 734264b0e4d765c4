import type { Failure } from '../../domain/error.ts'
import type { Draft, Recorded } from '../../domain/ports.ts'
import { recorded } from '../filed.ts'
import { failureOf, movedWith, packDrafts, type Question, unpackFiled } from './calls.ts'

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

/** Most of one transaction, in knocks and in bytes: bounds how long other processes wait for its lock, and the memory it takes. */
const [mostAtOnce, mostBytes] = [512, 8 * 1024 * 1024]

/**
 * On a slow disk callers come back in waves: whoever begins with the first of them lets the others wait for a whole commit
 * more. So after a shared commit the next one is gathered until as many are back, looking each such part of the time it took
 * whether more have come; but not for longer than this part of it.
 */
const [lookPart, gatherPart] = [1 / 8, 1 / 2]
/** No timer is shorter. Milliseconds. */
const leastLookMs = 1
/** More is not the disk, but another process that held the lock. */
const longestMs = 50

interface KnocksDeps {
  readonly ask: (question: Question, moved: ArrayBuffer[]) => void
  /** A commit that took less is so cheap that nothing is gathered for the next one. Milliseconds. */
  readonly cheapMs: number
}

export function createKnocks({ ask, cheapMs }: KnocksDeps): Knocks {
  let waiting: Knock[] = []
  let sent: readonly Knock[] = []
  let sentAt = 0
  let expected = 0
  let lastMs = 0
  let next: 'none' | 'soon' | ReturnType<typeof setTimeout> = 'none'
  let over: Failure | undefined

  const send = () => {
    next = 'none'
    if (over) return
    sent = waiting.splice(0, fitting(waiting))
    sentAt = performance.now()
    const question = packDrafts(sent.map(({ draft }) => draft))
    ask(question, movedWith(question))
  }
  const gather = (seen: number, untilMs: number) => {
    const more = waiting.length > seen && performance.now() < untilMs
    const lookMs = Math.max(leastLookMs, lastMs * lookPart)
    next = more ? setTimeout(gather, lookMs, waiting.length, untilMs) : 'none'
    if (!more) send()
  }
  /** At the end of this turn of the event loop, or once they are gathered. */
  const schedule = () => {
    if (next === 'soon' || sent.length > 0 || waiting.length === 0) return
    if (lastMs < cheapMs || waiting.length >= expected) {
      if (next !== 'none') clearTimeout(next)
      next = 'soon'
      setImmediate(send)
    } else if (next === 'none') gather(0, performance.now() + lastMs * gatherPart)
  }

  return {
    record: (draft) =>
      new Promise((resolve, reject) => {
        if (over) return reject(over)
        waiting.push({ draft, resolve, reject })
        schedule()
      }),
    settle: (text) => {
      const answered = sent
      sent = []
      expected = answered.length
      lastMs = expected > 1 ? Math.min(performance.now() - sentAt, longestMs) : 0
      // The thread stores the next ones while these are answered.
      if (lastMs < cheapMs && waiting.length > 0) send()
      for (const [i, filed] of unpackFiled(text).entries()) {
        const knock = answered[i]
        if ('refusal' in filed) knock?.reject(failureOf(filed.refusal))
        else if (knock) knock.resolve(recorded(knock.draft, filed))
      }
      schedule()
    },
    end: (why) => {
      over = why
      for (const { reject } of [...sent, ...waiting]) reject(why)
      sent = []
      waiting = []
    },
  }
}

/** How many of these one transaction takes. */
function fitting(knocks: readonly Knock[]): number {
  let bytes = 0
  const last = knocks.findIndex(({ draft }, i) => {
    bytes += draft.message.length + (draft.payload?.byteLength ?? 0)
    return bytes >= mostBytes || i + 1 === mostAtOnce
  })
  return last < 0 ? knocks.length : last + 1
}
