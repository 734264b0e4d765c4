/** Places that so many may hold at once. */
export interface Slots {
  /**
   * Resolves with what gives the place back: when one is free and nobody waits longer (`since`, in any one time). Undefined when
   * `signal` aborts first, too many wait already, or the places were closed.
   */
  take(since: number, signal: AbortSignal): Promise<(() => void) | undefined>
  /** Whoever waits, or comes later, gets none. */
  close(): void
}

interface Waiting {
  readonly since: number
  readonly end: (got: boolean) => void
}

/** `limit` is called each time; 0 means that there is no limit. */
export function createSlots(limit: () => number, mostWaiting = 64): Slots {
  let waiting: readonly Waiting[] = []
  let taken = 0
  let closed = false
  const isFree = () => limit() === 0 || taken < limit()
  const place = () => {
    taken += 1
    let held = true
    return () => {
      if (!held) return
      held = false
      taken -= 1
      if (waiting.length > 0 && isFree()) waiting[0]?.end(true)
    }
  }
  const wait = (since: number, signal: AbortSignal) =>
    new Promise<(() => void) | undefined>((resolve) => {
      const end = (got: boolean) => {
        waiting = waiting.filter((other) => other !== mine)
        signal.removeEventListener('abort', giveUp)
        resolve(got ? place() : undefined)
      }
      const giveUp = () => end(false)
      const mine = { since, end }
      waiting = [...waiting, mine].sort((a, b) => a.since - b.since)
      signal.addEventListener('abort', giveUp)
    })
  return {
    take: async (since, signal) => {
      if (closed || signal.aborted) return undefined
      if (isFree() && waiting.length === 0) return place()
      return waiting.length < mostWaiting ? wait(since, signal) : undefined
    },
    close: () => {
      closed = true
      for (const { end } of waiting) end(false)
    },
  }
}
