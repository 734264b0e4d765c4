import { type Delivery, type DeliveryId, isTerminal } from '../domain/delivery.ts'
import type { SessionId } from '../domain/session.ts'

/** Lets callers wait for the end of a delivery. A convenience of this process: the truth stays in the store. */
export interface Waiters {
  /** Gives every waiter the newest version of the delivery. */
  notify(delivery: Delivery): void
  /** Resolves with the newest known version: when it is terminal, after `waitMs`, or when `signal` aborts. */
  wait(delivery: Delivery, waitMs: number, signal: AbortSignal): Promise<Delivery>
  /** The deliveries that have a waiter now, of one session or of all. */
  awaited(session?: SessionId): readonly DeliveryId[]
  /** Resolves every waiter with the newest known version, and every later one at once. */
  close(): void
}

type Waiter = (delivery: Delivery) => void
type Waiting = Map<DeliveryId, { readonly session: SessionId; readonly waiters: Set<Waiter> }>

/** The longest delay a timer keeps; beyond it `setTimeout` fires at once. */
const maxTimerMs = 2 ** 31 - 1

export function createWaiters(): Waiters {
  const waiters: Waiting = new Map()
  const closing = new AbortController()
  return {
    notify: (delivery) => {
      for (const waiter of [...(waiters.get(delivery.id)?.waiters ?? [])]) waiter(delivery)
    },
    wait: (delivery, waitMs, signal) =>
      isTerminal(delivery.state) || waitMs <= 0
        ? Promise.resolve(delivery)
        : waitFor(waiters, delivery, waitMs, [signal, closing.signal]),
    awaited: (session) =>
      [...waiters]
        .filter(([, waiting]) => session === undefined || waiting.session === session)
        .map(([id]) => id),
    close: () => closing.abort(),
  }
}

function waitFor(
  waiters: Waiting,
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
    addWaiter(waiters, first, update)
    if (signals.some((signal) => signal.aborted)) finish()
  })
}

function addWaiter(all: Waiting, { id, session }: Delivery, waiter: Waiter): void {
  const waiting = all.get(id) ?? { session, waiters: new Set() }
  waiting.waiters.add(waiter)
  all.set(id, waiting)
}

function removeWaiter(all: Waiting, id: DeliveryId, waiter: Waiter): void {
  const waiting = all.get(id)
  waiting?.waiters.delete(waiter)
  if (waiting?.waiters.size === 0) all.delete(id)
}
