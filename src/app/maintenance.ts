import type { Config } from '../config/load.ts'
import { reasonOf } from '../domain/error.ts'
import type { Clock, DoorStore, Log, StoreMaintenance } from '../domain/ports.ts'
import type { Pipeline } from './pipeline.ts'

interface MaintenanceDeps {
  readonly store: Pick<DoorStore, 'listSessions' | 'findDelivery'> & StoreMaintenance
  readonly clock: Clock
  readonly log: Log
  readonly config: () => Config
  readonly pipeline: Pick<Pipeline, 'connections' | 'worker' | 'waiters'>
  /** Opens the sessions that the configuration declares; called again when those have changed. */
  readonly declare: () => Promise<void>
}

interface Maintenance {
  /** Resolves when no task runs any more. */
  stop(): Promise<void>
}

/** How often another process's writes are looked for; `changedElsewhere` takes microseconds. */
const followMs = 50
const expireMs = 5000
const purgeMs = 60_000
const declareMs = 500
const purgeBatch = 500

/** What runs beside the knocks: following what other processes wrote, expiry, retention, declared sessions. */
export function startMaintenance(deps: MaintenanceDeps): Maintenance {
  const tasks = [
    repeating(deps, followMs, followOthers),
    repeating(deps, expireMs, expire),
    repeating(deps, purgeMs, purge),
    repeating(deps, declareMs, createFollower(deps)),
  ]
  return {
    stop: async () => {
      await Promise.all(tasks.map((task) => task.stop()))
    },
  }
}

async function followOthers({
  store,
  pipeline: { connections, worker, waiters },
}: MaintenanceDeps): Promise<void> {
  if (!(await store.changedElsewhere())) return
  await connections.reconcile(await store.listSessions())
  worker.wake()
  for (const id of waiters.awaited()) {
    const delivery = await store.findDelivery(id)
    if (delivery) waiters.notify(delivery)
  }
}

async function expire({ store, clock, log }: MaintenanceDeps): Promise<void> {
  const expired = await store.expireHeld(clock.now())
  if (expired > 0) log('warn', 'deliveries.expired', { count: expired })
}

async function purge({ store, clock, config }: MaintenanceDeps): Promise<void> {
  const { days } = config().retention
  if (days > 0) await store.purgeSettled(clock.now() - days * 86_400_000, purgeBatch)
}

/** Compares by identity: a reloaded configuration is another object. */
function createFollower({ config, declare }: MaintenanceDeps): () => Promise<void> {
  let followed = config().sessions.declared
  return async function follow() {
    if (config().sessions.declared === followed) return
    followed = config().sessions.declared
    await declare()
  }
}

/** One run at a time, the next only after a pause; a run that fails is logged and the next one comes. */
function repeating(
  deps: MaintenanceDeps,
  everyMs: number,
  act: (deps: MaintenanceDeps) => Promise<void>,
): Maintenance {
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let running = Promise.resolve()
  const turn = () => {
    running = act(deps)
      .catch((thrown: unknown) =>
        deps.log('error', 'maintenance.failed', { task: act.name, why: reasonOf(thrown) }),
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
