import { uptime } from 'node:os'

/**
 * The time that holds, retries, leases and retention go by: Unix milliseconds of the wall clock, less what that jumped.
 * While the process lives a jump changes nothing; between two processes `resume` makes one back look like no time, one
 * ahead like downtime. A machine that slept was down, too.
 */
export interface SteadyClock {
  now(): number
  /** How far the wall clock is ahead of this one. Milliseconds. */
  skew(): number
  /** Goes on where an earlier process stopped. True when the wall clock stands before that. */
  resume(saved: SavedTime): boolean
}

/** `seen` is the newest `now` that was saved. */
export interface SavedTime {
  readonly skew: number
  readonly seen: number
}

interface Sources {
  /** Unix milliseconds; may jump. */
  readonly wall: () => number
  /** Milliseconds since some instant; never jumps, but may stand still while the machine sleeps. */
  readonly monotonic: () => number
  /** Whole seconds since some instant, those included during which the machine slept. */
  readonly uptime: () => number
}

/** Of this process, over the wall clock it is given. */
export const openSteadyClock = ({ now }: { readonly now: () => number }): SteadyClock =>
  createSteadyClock({ wall: now, monotonic: () => performance.now(), uptime })

/** Smaller differences are the clock being corrected little by little, as NTP does. */
const jumpMs = 1000
/** `uptime` counts whole seconds. */
const uptimeErrorMs = 2000

export function createSteadyClock({ wall, monotonic, uptime }: Sources): SteadyClock {
  let skew = 0
  let last = { now: wall(), monotonic: monotonic() }
  const sleptMs = () => uptime() * 1000 - monotonic()
  let slept = sleptMs()

  /** What passed since `last`: the sleep of the machine is asked for only where the clocks disagree. */
  const elapsed = (jumped: number): number => {
    if (jumped < uptimeErrorMs) return 0
    const more = sleptMs() - slept
    if (more < uptimeErrorMs) return 0
    slept += more
    return more
  }
  const now = () => {
    const at = wall()
    const passed = monotonic()
    const expected = last.now + passed - last.monotonic
    const jumped = at - skew - expected
    if (Math.abs(jumped) >= jumpMs) {
      const asleep = elapsed(jumped)
      if (Math.abs(jumped - asleep) >= uptimeErrorMs || asleep === 0)
        skew = Math.round(at - expected - asleep)
    }
    last = { now: Math.max(last.now, at - skew), monotonic: passed }
    return last.now
  }
  return {
    now,
    skew: () => {
      now()
      return skew
    },
    resume(saved) {
      const at = wall()
      const back = at - saved.skew < saved.seen - jumpMs
      skew = back ? Math.round(at - saved.seen) : saved.skew
      last = { now: at - skew, monotonic: monotonic() }
      return back
    },
  }
}
