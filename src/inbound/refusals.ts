import { hookRoot } from '../domain/hook.ts'
import type { DoorStore, Log } from '../domain/ports.ts'
import {
  addCount,
  countOf,
  filterRefusals,
  likeness,
  mostAlike,
  type NewRefusal,
  type Refusal,
  type RefusalCount,
  type RefusalFilter,
  withinBounds,
} from '../domain/refusal.ts'
import { createGuessAlarm, type Guessing } from './guess-alarm.ts'
import { createRefusalLog } from './refusal-log.ts'

/** What remembers the knocks that were turned away. */
export interface Refusals {
  /** Takes microseconds and never throws. `guess`: a wrong secret, signature or token. */
  note(refusal: NewRefusal, guess: boolean): void
  /** What is stored and what is still to be. */
  list(filter: RefusalFilter): Promise<readonly Refusal[]>
  /** Since the start, by door and code. */
  totals(): readonly RefusalTotal[]
  /** Guesses since the start. */
  guesses(): number
  /** Stores the rest. */
  close(): Promise<void>
}

interface RefusalTotal {
  readonly door: string
  readonly code: string
  readonly count: number
}

interface RefusalsDeps {
  readonly store: Pick<DoorStore, 'recordRefusals' | 'listRefusals'>
  readonly log: Log
  readonly now: () => number
  /** Secrets are being guessed. */
  readonly guessing?: (guessing: Guessing) => void
  /** How many doors there are now, with this one. */
  readonly doors?: () => number
}

/** One write a second: what a crash may lose. */
const everyMs = 1000
/** Doors are few, codes too. */
const mostTotals = 500

export function createRefusals({ store, log, now, guessing, doors = () => 1 }: RefusalsDeps): Refusals {
  const lines = createRefusalLog({ log, now })
  const alarm = createGuessAlarm({ log, raised: guessing, doors })
  const totals = new Map<string, { readonly door: string; readonly code: string; count: number }>()
  let waiting: NewRefusal[] = []
  let alike = new Map<string, number>()
  let counts = new Map<string, RefusalCount>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const keep = (refusal: NewRefusal) => {
    const name = likeness(refusal)
    const count = (alike.get(name) ?? 0) + 1
    alike.set(name, count)
    waiting.push(refusal)
    // Sorted out now and then: a flood must not fill the memory within its second.
    if (count > 2 * mostAlike || waiting.length > longestWaiting) restart(withinBounds(waiting))
  }
  const restart = (kept: readonly NewRefusal[]) => {
    waiting = [...kept]
    alike = new Map()
    for (const each of waiting) alike.set(likeness(each), (alike.get(likeness(each)) ?? 0) + 1)
  }
  const flush = async () => {
    timer = undefined
    lines.sweep()
    const [batch, counted] = [withinBounds(waiting), counts]
    restart([])
    counts = new Map()
    if (batch.length === 0) return
    try {
      await store.recordRefusals(batch, [...counted.values()])
    } catch {
      // The disk may be full, which is why there is something to refuse: tried again with the next.
      restart(withinBounds([...batch, ...waiting]))
      for (const each of counts.values()) addCount(counted, each)
      counts = counted
    }
  }
  const schedule = () => {
    timer ??= setTimeout(() => void flush().finally(resume), everyMs)
  }
  const resume = () => {
    if (waiting.length > 0 || lines.busy()) schedule()
  }
  return {
    note(refusal, guess) {
      lines.write(refusal)
      if (guess) alarm.guessed(refusal)
      total(totals, refusal)
      addCount(counts, countOf(refusal.at, refusal.code, refusal.cause, guess))
      keep(refusal)
      schedule()
    },
    async list(filter) {
      const stored = await store.listRefusals({ limit: Number.POSITIVE_INFINITY, oldestFirst: true })
      const last = stored.at(-1)?.seq ?? 0
      const all = [...stored, ...waiting.map((refusal, i) => ({ ...refusal, seq: last + 1 + i }))]
      return filterRefusals(withinBounds(all), filter)
    },
    totals: () => [...totals.values()],
    guesses: alarm.total,
    async close() {
      clearTimeout(timer)
      await flush()
      lines.close()
    },
  }
}

const longestWaiting = 4000

function total(
  totals: Map<string, { readonly door: string; readonly code: string; count: number }>,
  { door: asked, code, hook }: NewRefusal,
): void {
  // Paths that strangers make up share one number.
  const door = hook === undefined && asked.startsWith(hookRoot) ? `${hookRoot}…` : asked
  const name = `${door} ${code}`
  const known = totals.get(name)
  if (known) known.count += 1
  else if (totals.size < mostTotals) totals.set(name, { door, code, count: 1 })
}
