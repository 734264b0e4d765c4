import { type Delivery, onClock } from '../domain/delivery.ts'
import type { Sql } from './connection.ts'
import { databaseAhead } from './postgres/clock.ts'
import { number } from './rows.ts'
import type { SavedTime, SteadyClock } from './steady-clock.ts'

/** The time that deliveries are stored by, see `SteadyClock`; for people it is put on the wall clock (`domain/delivery.ts`). */
export interface StoreTime {
  now(): number
  /** How far the wall clock is ahead now. Milliseconds. Zero where the clock of the database stands in for it. */
  skew(): number
  /** How far the clock of this machine is ahead of `now`. Milliseconds. */
  ahead(): number
  /** What the wall clock showed then; of a time to come, what it will show if it does not jump. */
  toWall(at: number): number
  onWall<T extends Delivery>(delivery: T): T
  /** Both clocks now. */
  moment(): Moment
  /** The wall clock stood before what was saved when this process began. */
  readonly wentBack: boolean
  /** Inside a transaction of the server: keeps for the next process what has changed. */
  save(): void
  /** What was saved in this transaction was undone. */
  undone(): void
  /** Another process wrote: a command learns from a server how far the clock has jumped. */
  reread(): void
}

/** One instant by both clocks, Unix milliseconds. */
export interface Moment {
  readonly wall: number
  readonly steady: number
  /** The two differ, or did for some of what is stored. */
  readonly hasJumped: boolean
}

interface StoreTimeDeps {
  readonly now: () => number
  readonly steady?: SteadyClock
  /** Only the server writes; who reads beside it in its own process shares its clock. */
  readonly role: 'server' | 'client' | 'reader'
}

/** How much of the time that passed a crash may forget. Milliseconds. */
const saveMs = 30_000

/** A clock that jumps for ever is remembered so far back; what lies before is shown as if it had not jumped until then. */
const mostJumps = 1000

export function createStoreTime(
  sql: Sql,
  deps: StoreTimeDeps,
  engine: 'sqlite' | 'postgres' = 'sqlite',
): StoreTime {
  const { now, steady, role } = deps
  if (!steady) return wallTime(now)
  if (engine === 'postgres') return databaseTime(sql, { ...deps, steady })
  const serves = role === 'server'
  let saved = savedTime(sql)
  let unsaved = false
  let jumps = savedJumps(sql)
  const toWall = (at: number) => {
    const before = jumps.findLast(({ since }) => since <= at)
    return at + (before === jumps.at(-1) ? steady.skew() : (before?.skew ?? 0))
  }
  const hasJumped = () => jumps.length > 0 || steady.skew() !== 0
  const wentBack = saved !== undefined && steady.resume(saved)
  return {
    now: steady.now,
    skew: steady.skew,
    ahead: steady.skew,
    toWall,
    onWall: (delivery) => (hasJumped() ? onClock(delivery, toWall) : delivery),
    moment: () => ({ wall: now(), steady: steady.now(), hasJumped: hasJumped() }),
    wentBack,
    save: () => {
      if (!serves) return
      const [at, skew] = [steady.now(), steady.skew()]
      if (!unsaved && saved?.skew === skew && at < saved.seen + saveMs) return
      if (skew !== (jumps.at(-1)?.skew ?? 0)) jumps = [...jumps, { since: at, skew }].slice(-mostJumps)
      saved = { skew, seen: at }
      unsaved = false
      writeTime(sql, saved, jumps)
    },
    undone: () => {
      unsaved = true
    },
    reread: () => {
      if (serves) return
      jumps = savedJumps(sql)
      const read = role === 'client' ? savedTime(sql) : undefined
      if (read) steady.resume(read)
    },
  }
}

/** Machines that share a database go by its clock, as it was when they came, for everything: else a URL would end at one door before another. */
function databaseTime(
  sql: Sql,
  { now, steady, role }: StoreTimeDeps & { readonly steady: SteadyClock },
): StoreTime {
  const serves = role === 'server'
  let saved = serves ? savedTime(sql)?.seen : undefined
  const wentBack = steady.resume({ skew: aheadOf(sql, now), seen: saved ?? 0 })
  return {
    now: steady.now,
    skew: () => 0,
    ahead: steady.skew,
    toWall: (at) => at,
    onWall: (delivery) => delivery,
    moment: () => ({ wall: steady.now(), steady: steady.now(), hasJumped: false }),
    wentBack,
    save: () => {
      const at = steady.now()
      if (!serves || (saved !== undefined && at < saved + saveMs)) return
      saved = at
      writeTime(sql, { skew: 0, seen: at }, [])
    },
    undone: () => {
      saved = undefined
    },
    reread: () => {},
  }
}

/** Less is the time that a question takes, and two clocks that are set right. Milliseconds. */
const noticedMs = 1000

/** How far the wall clock of this machine is ahead of the database's. Milliseconds. */
function aheadOf(sql: Sql, now: () => number): number {
  const ahead = -databaseAhead(sql, now)
  return Math.abs(ahead) < noticedMs ? 0 : ahead
}

const wallTime = (now: () => number): StoreTime => ({
  now,
  skew: () => 0,
  ahead: () => 0,
  toWall: (at) => at,
  onWall: (delivery) => delivery,
  moment: () => ({ wall: now(), steady: now(), hasJumped: false }),
  wentBack: false,
  save: () => {},
  undone: () => {},
  reread: () => {},
})

interface Jump {
  readonly since: number
  readonly skew: number
}

const savedJumps = (sql: Sql): readonly Jump[] =>
  sql('SELECT since, skew FROM clock_jumps ORDER BY since')
    .all()
    .map((row) => ({ since: number(row.since), skew: number(row.skew) }))

function writeTime(sql: Sql, { skew, seen }: SavedTime, jumps: readonly Jump[]): void {
  sql(
    `INSERT INTO steady_time (id, skew, seen) VALUES (1, ?, ?)
     ON CONFLICT (id) DO UPDATE SET skew = excluded.skew, seen = excluded.seen`,
  ).run(skew, seen)
  const [oldest, newest] = [jumps[0], jumps.at(-1)]
  if (!oldest || !newest) return
  sql(
    'INSERT INTO clock_jumps (since, skew) VALUES (?, ?) ON CONFLICT (since) DO UPDATE SET skew = excluded.skew',
  ).run(newest.since, newest.skew)
  sql('DELETE FROM clock_jumps WHERE since < ?').run(oldest.since)
}

/** A home that no server of this version has served yet: its newest delivery tells how late it has been. */
function savedTime(sql: Sql): SavedTime | undefined {
  const row = sql('SELECT skew, seen FROM steady_time').get()
  if (row) return { skew: number(row.skew), seen: number(row.seen) }
  const newest = sql('SELECT stored_at FROM deliveries ORDER BY seq DESC LIMIT 1').get()
  return newest && { skew: 0, seen: number(newest.stored_at) }
}
