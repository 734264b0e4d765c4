import assert from 'node:assert/strict'
import { reasonOf } from '../../src/domain/error.ts'

// Knocks of senders that ask again until they are answered, and what became of those that were not.

type Answer = 'taken' | 'refused' | 'again'

interface Knock {
  readonly url: string
  readonly session: string
  readonly message: string
}

/** A door on this machine that says nothing for so long hangs. Milliseconds. */
const hungMs = 60_000

export function countedKnocks() {
  /** By how each was answered: how many, and how long the slowest of them took. */
  const answers = new Map<string, { readonly n: number; readonly ms: number }>()
  /** Messages with a knock that was cut off, or answered 5xx, and what the end of asking again shows of it. */
  const unanswered = new Set<string>()
  const unsure = new Set<string>()
  const fates = { stored: 0, lost: 0, refusedLater: [] as string[], storedAfter5xx: 0, askedAgain: 0 }

  const count = (answer: string, ms: number) => {
    const before = answers.get(answer) ?? { n: 0, ms: 0 }
    answers.set(answer, { n: before.n + 1, ms: Math.max(before.ms, ms) })
  }

  const noteFate = (message: string, answer: Answer, isReplayed: boolean) => {
    const wasCut = unanswered.delete(message)
    const was5xx = unsure.delete(message)
    // The client asks again by itself where a connection that it kept turns out to be closed.
    if (!wasCut && !was5xx) fates.askedAgain += isReplayed ? 1 : 0
    else if (answer === 'refused') fates.refusedLater.push(message)
    else if (!wasCut) fates.storedAfter5xx += isReplayed ? 1 : 0
    else if (isReplayed) fates.stored += 1
    else fates.lost += 1
  }

  return {
    async knock({ url, session, message }: Knock): Promise<Answer> {
      const began = performance.now()
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'wait=0', 'idempotency-key': message },
        body: JSON.stringify({ message }),
        signal: AbortSignal.timeout(hungMs),
      }).catch((thrown: unknown) => reasonOf(thrown))
      const ms = performance.now() - began
      if (typeof response === 'string') {
        const isNobody = /refused|unable to connect/i.test(response)
        count(isNobody ? 'nobody there' : 'cut off', ms)
        if (!isNobody) unanswered.add(message)
        assert.ok(ms < hungMs, `a door hung at ${message} for ${session}`)
        return 'again'
      }
      await response.arrayBuffer().catch(() => undefined)
      count(`${response.status}`, ms)
      if (response.status >= 500) unsure.add(message)
      const answer = response.status === 403 ? 'refused' : response.status === 202 ? 'taken' : 'again'
      if (answer !== 'again')
        noteFate(message, answer, response.headers.get('idempotency-replayed') === 'true')
      return answer
    },
    /** In words; `isStored` says whether there is a delivery with that message. */
    report(isStored: (message: string) => boolean): string {
      const shown = [...answers].map(
        ([answer, { n, ms }]) => `${n} ${answer} (in ${Math.round(ms)} ms at most)`,
      )
      const later = fates.refusedLater
      return [
        `knocks: ${shown.join(', ')}`,
        `messages with a knock cut off: ${fates.stored} were stored by it, ${fates.lost} were not and came with the next; ${fates.askedAgain} by one that the client repeated itself`,
        `messages answered 5xx and yet stored by that: ${fates.storedAfter5xx}`,
        `messages cut off or answered 5xx whose grant was revoked before they were asked again: ${later.length}, stored ${later.filter(isStored).length}`,
      ].join('\n')
    },
  }
}
