import type { DispatchDeps } from '../delivery/dispatch.ts'
import { failQueue } from '../delivery/session-end.ts'
import type { Waiters } from '../delivery/waiters.ts'
import { type Delivery, onClock } from '../domain/delivery.ts'
import type { Clock, Store } from '../domain/ports.ts'
import type { SteadyClock } from '../store/steady-clock.ts'

interface StoreTimeDeps {
  readonly store: Store
  readonly clock: Clock
  readonly steady: SteadyClock
  readonly waiters: Waiters
}

/** Machines that share a database go by its clock alone, which `steady` was set by: what ends at one of them ends at all. */
export const inDatabaseTime = (clock: Clock, steady: SteadyClock) => ({
  clock: { ...clock, now: steady.now },
  steady: { ...steady, skew: () => 0 },
})

/**
 * `delivery/` goes by the store's time, callers and sessions by the wall clock. What passes between them is put on the
 * other's clock here.
 */
export function inStoreTime({ store, clock, steady, waiters }: StoreTimeDeps) {
  const byMs = (delivery: Delivery, ms: number) => (ms === 0 ? delivery : onClock(delivery, (at) => at + ms))
  const dispatching: Pick<DispatchDeps, 'store' | 'clock' | 'waiters'> = {
    clock: { ...clock, now: steady.now },
    store: {
      ...store,
      endSession: (id, generation, end) =>
        store.endSession(id, generation, { ...end, at: end.at + steady.skew() }),
      failQueued: (session, why) => failQueue({ store, waiters }, session, why),
    },
    waiters: { ...waiters, notify: (delivery) => waiters.notify(byMs(delivery, steady.skew())) },
  }
  return { dispatching, received: (delivery: Delivery) => byMs(delivery, -steady.skew()) }
}
