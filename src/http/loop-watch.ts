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
  over: boolean
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

  const note = (ms: number) => {
    const during = works.at(-1)?.name ?? other
    counts.set(during, (counts.get(during) ?? 0) + 1)
    unlogged += 1
    if (ms > (longest?.ms ?? 0)) longest = { ms, during }
  }
  return {
    begin(name) {
      const work: Work = { name, over: false }
      works.push(work)
      return () => {
        work.over = true
      }
    },
    tick() {
      const now = elapsed()
      const late = now - (tickedAt ?? now) - everyMs
      tickedAt = now
      if (late > stallMs) note(Math.round(late))
      works = works.filter(({ over }) => !over)
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
