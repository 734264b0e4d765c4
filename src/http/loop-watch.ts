import type { Log } from '../domain/ports.ts'

/** Notes that such work is under way until the returned function is called, in several turns of the loop or in one. */
export type BeginWork = (work: string) => () => void

/** Sees when the event loop is held in one piece: everybody else waits then. */
export interface LoopWatch {
  readonly begin: BeginWork
  /** Looks how late it is called; to be called every 50 ms. The first look only begins. */
  tick(): void
  /** How often the loop was held longer than `stallMs`, by the work that was under way. */
  stalls(): ReadonlyMap<string, number>
}

/** The work of a stall of which nothing is known. */
const other = 'other'

const everyMs = 50
const stallMs = 50
const quietMs = 60_000

interface Work {
  readonly name: string
  readonly from: number
  /** Infinite while it is under way. */
  to: number
}

/** `elapsed`: milliseconds of a clock that neither jumps nor goes on while the machine sleeps. */
export function createLoopWatch(elapsed: () => number, log: Log): LoopWatch {
  const counts = new Map<string, number>([[other, 0]])
  /** Under way since the last tick, in the order in which it began. */
  let works: Work[] = []
  let tickedAt: number | undefined
  let loggedAt = Number.NEGATIVE_INFINITY
  let longest: { readonly ms: number; readonly during: string } | undefined
  let unlogged = 0

  const note = (ms: number, from: number, to: number) => {
    // What was over in a moment did not hold the loop.
    const held = (work: Work) => Math.min(work.to, to) - Math.max(work.from, from) > stallMs
    const during = works.findLast(held)?.name ?? other
    counts.set(during, (counts.get(during) ?? 0) + 1)
    unlogged += 1
    if (ms > (longest?.ms ?? 0)) longest = { ms, during }
  }
  return {
    begin(name) {
      const work: Work = { name, from: elapsed(), to: Number.POSITIVE_INFINITY }
      works.push(work)
      return () => {
        work.to = Math.min(work.to, elapsed())
      }
    },
    tick() {
      const now = elapsed()
      const from = tickedAt ?? now
      const late = now - from - everyMs
      tickedAt = now
      if (late > stallMs) note(Math.round(late), from, now)
      works = works.filter(({ to }) => to === Number.POSITIVE_INFINITY)
      if (!longest || now - loggedAt < quietMs) return
      log('warn', 'loop.stalled', { ...longest, count: unlogged })
      loggedAt = now
      longest = undefined
      unlogged = 0
    },
    stalls: () => counts,
  }
}

export async function during<T>(begin: BeginWork, work: string, act: () => Promise<T>): Promise<T> {
  const end = begin(work)
  try {
    return await act()
  } finally {
    end()
  }
}

/** Has the watch look at the loop until the returned function is called. */
export function watchLoop(watch: LoopWatch): () => void {
  watch.tick()
  const timer = setInterval(watch.tick, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
