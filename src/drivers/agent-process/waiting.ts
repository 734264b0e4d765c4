/** Whether the work was done in time; it goes on if not. */
export async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const done = await Promise.race([work.then(() => true), late])
  clearTimeout(timer)
  return done
}

export const after = (ms: number): Promise<undefined> =>
  new Promise((resolve) => setTimeout(() => resolve(undefined), ms))

/** A promise of the abort, to race with; `disarm` when the race is over. */
export function whenAborted(signal: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const done = () => resolve(undefined)
  signal.addEventListener('abort', done)
  if (signal.aborted) done()
  return { promise, disarm: () => signal.removeEventListener('abort', done) }
}

/** Aborted because its time was over, not because somebody lets go. */
export const isTimeout = ({ reason }: AbortSignal): boolean =>
  reason instanceof DOMException && reason.name === 'TimeoutError'
