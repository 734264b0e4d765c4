import type { Sql } from './connection.ts'
import { number } from './rows.ts'
import type { SavedTime, SteadyClock } from './steady-clock.ts'

/** The time that deliveries are stored by, see `SteadyClock`; for people it is put on the wall clock (`domain/delivery.ts`). */
export interface StoreTime {
  now(): number
  /** How far the wall clock is ahead. Milliseconds. */
  skew(): number
  /** When a knock arrived, by the wall clock as it was then: it may have jumped since. */
  ofArrival(at: number): number
  /** The wall clock stood before what was saved when this process began. */
  readonly wentBack: boolean
  /** Inside a transaction of the server: keeps for the next process what has changed. */
  save(): void
  /** Another process wrote, or what was saved was undone. */
  forget(): void
}

interface StoreTimeDeps {
  readonly now: () => number
  readonly steady?: SteadyClock
  readonly role: 'server' | 'client'
}

/** Longest time from the first byte of a knock until it is stored. Milliseconds. */
const longestKnockMs = 300_000

/** How much of the time that passed a crash may forget. Milliseconds. */
const saveMs = 30_000

export function createStoreTime(sql: Sql, { now, steady, role }: StoreTimeDeps): StoreTime {
  if (!steady) return wallTime(now)
  const serves = role === 'server'
  let saved = savedTime(sql)
  const wentBack = saved !== undefined && steady.resume(saved)
  return {
    now: steady.now,
    skew: steady.skew,
    ofArrival: (at) => {
      const ageMs = now() - at
      return steady.now() - (ageMs >= 0 && ageMs <= longestKnockMs ? ageMs : 0)
    },
    wentBack,
    save: () => {
      const at = serves ? steady.now() : 0
      if (!serves || (saved && saved.skew === steady.skew() && at < saved.seen + saveMs)) return
      saved = { skew: steady.skew(), seen: at }
      sql('INSERT OR REPLACE INTO steady_time (id, skew, seen) VALUES (1, ?, ?)').run(saved.skew, saved.seen)
    },
    forget: () => {
      saved = serves ? undefined : savedTime(sql)
      if (saved) steady.resume(saved)
    },
  }
}

const wallTime = (now: () => number): StoreTime => ({
  now,
  skew: () => 0,
  ofArrival: (at) => at,
  wentBack: false,
  save: () => {},
  forget: () => {},
})

/** A home that no server of this version has served yet: its newest delivery tells how late it has been. */
function savedTime(sql: Sql): SavedTime | undefined {
  const row = sql('SELECT skew, seen FROM steady_time').get()
  if (row) return { skew: number(row.skew), seen: number(row.seen) }
  const newest = sql('SELECT stored_at FROM deliveries ORDER BY seq DESC LIMIT 1').get()
  return newest && { skew: 0, seen: number(newest.stored_at) }
}
