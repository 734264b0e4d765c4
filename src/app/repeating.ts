import { reasonOf } from '../domain/error.ts'
import type { Log } from '../domain/ports.ts'
import { type BeginWork, during } from '../http/loop-watch.ts'

interface RepeatingDeps {
  readonly begin: BeginWork
  readonly log: Log
}

export interface Repeated {
  /** The next run comes at once, or where one has just been, after a short pause. */
  soon(): void
  /** Resolves when it does not run any more. */
  stop(): Promise<void>
}

/** Least pause between two runs, in milliseconds, where no other is named; or so many times what the last one took, where that is more. */
const [usualLeastMs, pauseTimes] = [20, 4]

/** One run at a time, the next only after a pause; a run that fails is logged by its task's name and the next one comes. */
export function repeating<Deps extends RepeatingDeps>(
  deps: Deps,
  task: string,
  every: number | (() => number),
  act: (deps: Deps) => Promise<unknown>,
  leastMs = usualLeastMs,
): Repeated {
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<void> | undefined
  let isWanted = false
  let [endedAt, tookMs] = [Number.NEGATIVE_INFINITY, 0]
  const everyMs = typeof every === 'number' ? () => every : every
  const next = () => {
    const since = performance.now() - endedAt
    timer = setTimeout(
      turn,
      isWanted ? Math.max(0, Math.max(leastMs, pauseTimes * tookMs) - since) : everyMs(),
    )
  }
  const turn = () => {
    isWanted = false
    const begunAt = performance.now()
    running = during(deps.begin, task, () => act(deps))
      .catch((thrown: unknown) => deps.log('error', 'maintenance.failed', { task, why: reasonOf(thrown) }))
      .then(() => {
        running = undefined
        endedAt = performance.now()
        tookMs = endedAt - begunAt
        if (!stopped) next()
      })
  }
  next()
  return {
    soon() {
      if (isWanted || stopped) return
      isWanted = true
      if (running) return
      clearTimeout(timer)
      next()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
