import type { Delivery, DeliveryId } from '../domain/delivery.ts'
import type { DoorStore } from '../domain/ports.ts'
import { isAnswered } from '../domain/reply.ts'
import type { SessionId } from '../domain/session.ts'
import { inTurns } from '../wait.ts'

/** Lets callers wait for the end of a delivery. A convenience of this process: the truth stays in the store. */
export interface Waiters {
  /** Gives every waiter the newest version of the delivery. */
  notify(delivery: Delivery): void
  /** Resolves with the newest known version: when nothing more is waited for, after `waitMs`, or when `signal` aborts. */
  wait(delivery: Delivery, waitMs: number, signal: AbortSignal, until?: Until): Promise<Delivery>
  /** The deliveries that have a waiter now, of one session or of all. */
  awaited(session?: SessionId): readonly DeliveryId[]
  /** Resolves every waiter with the newest known version, and every later one at once. */
  close(): void
}

/** Whether that is what is waited for; `isAnswered` unless given. */
type Until = (delivery: Delivery) => boolean

interface Waiter {
  readonly update: (delivery: Delivery) => void
  readonly finish: () => void
}

/** By session, so that what becomes of one is no work for the others. */
type Waiting = Map<SessionId, Map<DeliveryId, Set<Waiter>>>

/** The longest delay a timer keeps; beyond it `setTimeout` fires at once. */
const maxTimerMs = 2 ** 31 - 1

export function createWaiters(): Waiters {
  const waiting: Waiting = new Map()
  let closed = false
  return {
    notify(delivery) {
      for (const { update } of [...(waiting.get(delivery.session)?.get(delivery.id) ?? [])]) update(delivery)
    },
    wait: (delivery, waitMs, signal, until = isAnswered) =>
      closed || until(delivery) || waitMs <= 0 || signal.aborted
        ? Promise.resolve(delivery)
        : waitFor(waiting, delivery, waitMs, signal, until),
    awaited: (session) =>
      session === undefined
        ? [...waiting.values()].flatMap((ofSession) => [...ofSession.keys()])
        : [...(waiting.get(session)?.keys() ?? [])],
    close() {
      closed = true
      for (const ofSession of [...waiting.values()])
        for (const waiters of [...ofSession.values()]) for (const { finish } of [...waiters]) finish()
    },
  }
}

/** Gives whoever waits for these what the store has by now. */
export const notifyStored = (
  {
    store,
    waiters,
  }: { readonly store: Pick<DoorStore, 'findDelivery'>; readonly waiters: Pick<Waiters, 'notify'> },
  ids: readonly DeliveryId[],
): Promise<void> =>
  inTurns(ids, async (id) => {
    const delivery = await store.findDelivery(id)
    if (delivery) waiters.notify(delivery)
  })

function waitFor(
  waiting: Waiting,
  first: Delivery,
  waitMs: number,
  signal: AbortSignal,
  until: Until,
): Promise<Delivery> {
  return new Promise((resolve) => {
    let newest = first
    const waiter: Waiter = {
      update(delivery) {
        newest = delivery
        if (until(delivery)) waiter.finish()
      },
      finish() {
        clearTimeout(timer)
        signal.removeEventListener('abort', waiter.finish)
        removeWaiter(waiting, first, waiter)
        resolve(newest)
      },
    }
    const timer = setTimeout(waiter.finish, Math.min(waitMs, maxTimerMs))
    signal.addEventListener('abort', waiter.finish)
    addWaiter(waiting, first, waiter)
  })
}

function addWaiter(waiting: Waiting, { id, session }: Delivery, waiter: Waiter): void {
  const ofSession = waiting.get(session) ?? new Map<DeliveryId, Set<Waiter>>()
  const waiters = ofSession.get(id) ?? new Set()
  waiting.set(session, ofSession.set(id, waiters.add(waiter)))
}

function removeWaiter(waiting: Waiting, { id, session }: Delivery, waiter: Waiter): void {
  const ofSession = waiting.get(session)
  const waiters = ofSession?.get(id)
  waiters?.delete(waiter)
  if (waiters?.size === 0) ofSession?.delete(id)
  if (ofSession?.size === 0) waiting.delete(session)
}
