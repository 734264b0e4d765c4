import { setImmediate } from 'node:timers/promises'

/** Resolves after `ms` milliseconds, or as soon as `signal` is aborted; never rejects. */
export const pause = (ms: number, signal?: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve(undefined)
    }
    const timer = setTimeout(done, signal?.aborted ? 0 : ms)
    signal?.addEventListener('abort', done)
  })

/** Whether `work` was done within `ms` milliseconds; it goes on if not. Rejects as `work` does. */
export async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  const over = new AbortController()
  const late = pause(ms, over.signal).then(() => false)
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    over.abort()
  }
}

/** Takes some side by side, then the next ones; everybody else has a turn in between. */
export async function inTurns<T>(
  items: readonly T[],
  act: (item: T) => Promise<void>,
  each = 32,
): Promise<void> {
  for (let from = 0; from < items.length; from += each) {
    if (from > 0) await setImmediate()
    await Promise.all(items.slice(from, from + each).map(act))
  }
}

/** A promise of the abort, to race with; `disarm` when the race is over. */
export function whenAborted(signal: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const done = () => resolve(undefined)
  signal.addEventListener('abort', done)
  if (signal.aborted) done()
  return { promise, disarm: () => signal.removeEventListener('abort', done) }
}

/** Whether a deadline aborted the signal, not a caller that gave up. */
export const isTimeout = ({ reason }: AbortSignal): boolean =>
  reason instanceof DOMException && reason.name === 'TimeoutError'
