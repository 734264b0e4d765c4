import { type Delivery, type DeliveryId, isTerminal } from '../domain/delivery.ts'

/** Lets callers wait for the end of a delivery. A convenience of this process: the truth stays in the store. */
export interface Waiters {
  /** Gives every waiter the newest version of the delivery. */
  notify(delivery: Delivery): void
  /** Resolves with the newest known version: when it is terminal, after `waitMs`, or when `signal` aborts. */
  wait(delivery: Delivery, waitMs: number, signal: AbortSignal): Promise<Delivery>
  /** The deliveries that have a waiter now. */
  awaited(): readonly DeliveryId[]
  /** Resolves every waiter with the newest known version, and every later one at once. */
  close(): void
}

type Waiter = (delivery: Delivery) => void

/** The longest delay a timer keeps; beyond it `setTimeout` fires at once. */
const maxTimerMs = 2 ** 31 - 1

export function createWaiters(): Waiters {
  const waiters = new Map<DeliveryId, Set<Waiter>>()
  const closing = new AbortController()
  return {
    notify: (delivery) => {
      for (const waiter of [...(waiters.get(delivery.id) ?? [])]) waiter(delivery)
    },
    wait: (delivery, waitMs, signal) =>
      isTerminal(delivery.state) || waitMs <= 0
        ? Promise.resolve(delivery)
        : waitFor(waiters, delivery, waitMs, [signal, closing.signal]),
    awaited: () => [...waiters.keys()],
    close: () => closing.abort(),
  }
}

function waitFor(
  waiters: Map<DeliveryId, Set<Waiter>>,
  first: Delivery,
  waitMs: number,
  signals: readonly AbortSignal[],
): Promise<Delivery> {
  return new Promise((resolve) => {
    let newest = first
    const finish = () => {
      clearTimeout(timer)
      for (const signal of signals) signal.removeEventListener('abort', finish)
      removeWaiter(waiters, first.id, update)
      resolve(newest)
    }
    const update = (delivery: Delivery) => {
      newest = delivery
      if (isTerminal(delivery.state)) finish()
    }
    const timer = setTimeout(finish, Math.min(waitMs, maxTimerMs))
    for (const signal of signals) signal.addEventListener('abort', finish)
    addWaiter(waiters, first.id, update)
    if (signals.some((signal) => signal.aborted)) finish()
  })
}

function addWaiter(waiters: Map<DeliveryId, Set<Waiter>>, id: DeliveryId, waiter: Waiter): void {
  const set = waiters.get(id) ?? new Set()
  set.add(waiter)
  waiters.set(id, set)
}

function removeWaiter(waiters: Map<DeliveryId, Set<Waiter>>, id: DeliveryId, waiter: Waiter): void {
  const set = waiters.get(id)
  set?.delete(waiter)
  if (set?.size === 0) waiters.delete(id)
}
