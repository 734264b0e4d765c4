import type { Config } from '../config/load.ts'
import { reasonOf } from '../domain/error.ts'
import type { Clock, Log, Store } from '../domain/ports.ts'
import type { Knocking } from './pipeline.ts'

export interface TendingNeeds {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly config: () => Config
  readonly knocking: Knocking
  /** Opens what the configuration declares; asked again when that has changed. */
  readonly declare: () => Promise<void>
}

export interface Tending {
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>
}

/** How often another process's writes are looked for. Asking costs the store microseconds. */
const listenMs = 50
const expireMs = 5000
const purgeMs = 60_000
const declareMs = 500
const purgeBatch = 500

/** What goes on beside the knocks: hearing what other processes wrote, expiry, retention. */
export function startTending(needs: TendingNeeds): Tending {
  const tasks = [
    repeating(needs, listenMs, listen),
    repeating(needs, expireMs, expire),
    repeating(needs, purgeMs, purge),
    repeating(needs, declareMs, createFollower(needs)),
  ]
  return {
    stop: async () => {
      await Promise.all(tasks.map((task) => task.stop()))
    },
  }
}

async function listen({ store, knocking }: TendingNeeds): Promise<void> {
  if (!(await store.changedElsewhere())) return
  await knocking.connections.reconcile(await store.listSessions())
  knocking.worker.wake()
  for (const id of knocking.settled.awaited()) {
    const delivery = await store.findDelivery(id)
    if (delivery) knocking.settled.tell(delivery)
  }
}

async function expire({ store, clock, log }: TendingNeeds): Promise<void> {
  const expired = await store.expireHeld(clock.now())
  if (expired > 0) log('warn', 'deliveries.expired', { count: expired })
}

async function purge({ store, clock, config }: TendingNeeds): Promise<void> {
  const { days } = config().retention
  if (days > 0) await store.purgeSettled(clock.now() - days * 86_400_000, purgeBatch)
}

/** A reloaded configuration is another object, even where it says the same. */
function createFollower({ config, declare }: TendingNeeds): () => Promise<void> {
  let followed = config().sessions.declared
  return async function follow() {
    if (config().sessions.declared === followed) return
    followed = config().sessions.declared
    await declare()
  }
}

/** One run at a time, the next only after a pause; a run that fails is logged and the next one comes. */
function repeating(
  needs: TendingNeeds,
  everyMs: number,
  act: (needs: TendingNeeds) => Promise<void>,
): Tending {
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let running = Promise.resolve()
  const turn = () => {
    running = act(needs)
      .catch((thrown: unknown) =>
        needs.log('error', 'tending.failed', { task: act.name, why: reasonOf(thrown) }),
      )
      .then(() => {
        if (!stopped) timer = setTimeout(turn, everyMs)
      })
  }
  timer = setTimeout(turn, everyMs)
  return {
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
