import type { Clock } from '../domain/ports.ts'
import type { DoorTime } from '../link/hello.ts'

/** The clocks of the door, carried on by this machine's own between two words of it. */
export function followClock(clock: Clock, first: DoorTime) {
  let heard = { at: performance.now(), time: first }
  const passed = () => performance.now() - heard.at
  const now = () => Math.round(heard.time.store + passed())
  const skew = () => heard.time.skew
  return {
    set: (time: DoorTime) => {
      heard = { at: performance.now(), time }
    },
    steady: { now, skew, resume: () => false },
    clock: { ...clock, now: () => now() + skew() },
  }
}

/** When the door last answered a word that was sent then; a machine that slept, or whose clock stood still, is late, too. */
export function createHeard(clock: Pick<Clock, 'now'>) {
  const both = () => ({ monotonic: performance.now(), wall: clock.now() })
  let last = both()
  return {
    begin: both,
    end: (asked: typeof last) => {
      last = asked
    },
    isLate: (ms: number) => {
      const now = both()
      return now.monotonic - last.monotonic > ms || now.wall - last.wall > ms
    },
  }
}
