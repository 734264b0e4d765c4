import type { Config } from '../config/load.ts'
import { createEndSweep, failAwaited } from '../delivery/session-end.ts'
import { notifyStored } from '../delivery/waiters.ts'
import type { Asker } from '../domain/decision.ts'
import { reasonOf } from '../domain/error.ts'
import { keptMs } from '../domain/hook.ts'
import type { NoticeStore } from '../domain/notice-store.ts'
import type { DoorStore, HostLink, Log, StoreMaintenance } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'
import { isRunning } from '../drivers/process/process.ts'
import { type BeginWork, during } from '../http/loop-watch.ts'
import type { SteadyClock } from '../store/steady-clock.ts'
import type { Pipeline } from './pipeline.ts'

interface MaintenanceDeps {
  readonly store: Pick<DoorStore, 'listSessions' | 'findDelivery' | 'counts'> &
    Pick<HostLink, 'failQueued'> &
    Pick<NoticeStore, 'purgeNotices'> &
    StoreMaintenance
  /** Notices what another process did to the keys. */
  readonly lookAtKeys: () => void
  readonly steady: Pick<SteadyClock, 'now' | 'skew'>
  readonly log: Log
  readonly config: () => Config
  readonly pipeline: Pick<
    Pipeline,
    'connections' | 'worker' | 'waiters' | 'failQueue' | 'activities' | 'agentRequests' | 'notices'
  >
  readonly begin: BeginWork
  /** Opens the sessions that the configuration declares; called again when those have changed. */
  readonly declare: () => Promise<void>
  /** Closes the capabilities of agents whose sessions are over. */
  readonly renewSelves: () => Promise<void>
}

interface Maintenance {
  /** Resolves when no task runs any more. */
  stop(): Promise<void>
}

/** How often another process's writes are looked for; `changedElsewhere` takes microseconds. */
const followMs = 50
const expireMs = 5000
const waitsMs = 1000
const purgeMs = 60_000
const declareMs = 500
const clockMs = 1000
/** Often enough to know since when an agent asks, and that one has ended of which nobody asks. */
const lookMs = 15_000
/** While somebody wants to be told that an agent asks. */
const soonMs = 2000
const purgeBatch = 500

/** What runs beside the knocks: following what other processes wrote, expiry, retention, declared sessions. */
export function startMaintenance(deps: MaintenanceDeps): Maintenance {
  const { store, pipeline } = deps
  const tasks = [
    repeating(deps, 'follow', followMs, followOthers),
    repeating(deps, 'expire', expireMs, expire),
    repeating(deps, 'waits', waitsMs, wakeForExpired),
    repeating(deps, 'end', expireMs, createEndSweep({ store, failQueue: pipeline.failQueue })),
    repeating(deps, 'decisions', expireMs, () => pipeline.agentRequests.sweep(askerRuns)),
    repeating(deps, 'waiting', expireMs, () => pipeline.notices.lookAtWaiting()),
    repeating(deps, 'purge', purgeMs, purge),
    repeating(deps, 'declare', declareMs, createFollower(deps)),
    repeating(deps, 'notices', declareMs, () => pipeline.notices.follow()),
    repeating(deps, 'look', () => (pipeline.notices.wants('needs_input') ? soonMs : lookMs), lookAtSessions),
    repeating(deps, 'capabilities', expireMs, deps.renewSelves),
    repeating(deps, 'clock', clockMs, createClockWatch(deps)),
  ]
  return {
    stop: async () => {
      await Promise.all(tasks.map((task) => task.stop()))
    },
  }
}

async function followOthers(deps: MaintenanceDeps): Promise<void> {
  const { store, pipeline } = deps
  if (!(await store.changedElsewhere())) return
  const sessions = await store.listSessions()
  await pipeline.connections.reconcile(sessions)
  pipeline.worker.wake()
  await pipeline.agentRequests.follow()
  await releaseCallers(deps, sessions)
  await notifyAwaited(deps)
}

/** Who waits for a session that another process ended need not wait until that has failed the whole queue. */
async function releaseCallers(
  { store, pipeline: { waiters } }: MaintenanceDeps,
  sessions: readonly Session[],
): Promise<void> {
  for (const { id, state, why } of sessions)
    if (state === 'ended') await failAwaited({ store, waiters }, id, why ?? 'the session ended')
}

/** What was not settled by an attempt of this process is told to who waits for it. */
const notifyAwaited = ({ store, pipeline: { waiters } }: MaintenanceDeps): Promise<void> =>
  notifyStored({ store, waiters }, waiters.awaited())

async function expire(deps: MaintenanceDeps): Promise<void> {
  const expired = await deps.store.expireHeld(deps.steady.now())
  if (expired === 0) return
  deps.log('warn', 'deliveries.expired', { count: expired })
  await notifyAwaited(deps)
}

/** What an earlier process left under way is freed, and what came to its end while no server ran is ended. */
export async function recover(
  deps: Pick<MaintenanceDeps, 'steady' | 'log' | 'config'> & {
    readonly store: Pick<HostLink, 'releaseLeases'> & Pick<StoreMaintenance, 'expireWaits'>
  },
): Promise<void> {
  const released = await deps.store.releaseLeases(deps.steady.now())
  if (released > 0) deps.log('warn', 'deliveries.recovered', { count: released })
  await expireWaits(deps)
}

/** Agents for whom nobody knocked in time are told. Returns how many. */
async function expireWaits({
  store,
  config,
  log,
}: Pick<MaintenanceDeps, 'log' | 'config'> & {
  readonly store: Pick<StoreMaintenance, 'expireWaits'>
}): Promise<number> {
  const expired = await store.expireWaits(config().retry.maxHoldSeconds * 1000)
  if (expired > 0) log('info', 'waits.expired', { count: expired })
  return expired
}

async function wakeForExpired(deps: MaintenanceDeps): Promise<void> {
  if ((await expireWaits(deps)) > 0) deps.pipeline.worker.wake()
}

async function purge({ store, steady, config }: MaintenanceDeps): Promise<void> {
  const { retention, webhooks } = config()
  const stayMs = keptMs(retention.days, webhooks.hooks)
  if (stayMs > 0) await store.purgeSettled(steady.now() - stayMs, purgeBatch)
  await store.purgeNotices(stayMs > 0 ? steady.now() - stayMs : 0)
}

async function lookAtSessions({ pipeline }: MaintenanceDeps): Promise<void> {
  await pipeline.activities()
}

/** Whether the process that asks for an agent, and is none of ours, still runs. */
export function askerRuns(asker: Asker): Promise<boolean> {
  const [pid = '', start = ''] = asker.split(/ (.*)/s)
  return isRunning({ pid: Number(pid), start })
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

/** A jump of the wall clock is told, and kept at once: the next process and every command read times by it. */
function createClockWatch({ steady, store, log, lookAtKeys }: MaintenanceDeps): () => Promise<void> {
  let skew = steady.skew()
  return async function watchClock() {
    lookAtKeys()
    const before = skew
    skew = steady.skew()
    if (skew === before) return
    log('warn', 'clock.jumped', { seconds: Math.round((skew - before) / 1000) })
    await store.keepTime()
  }
}

/** One run at a time, the next only after a pause; a run that fails is logged by its task's name and the next one comes. */
function repeating(
  deps: MaintenanceDeps,
  task: string,
  every: number | (() => number),
  act: (deps: MaintenanceDeps) => Promise<void>,
): Maintenance {
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let running = Promise.resolve()
  const everyMs = typeof every === 'number' ? () => every : every
  const turn = () => {
    running = during(deps.begin, task, () => act(deps))
      .catch((thrown: unknown) => deps.log('error', 'maintenance.failed', { task, why: reasonOf(thrown) }))
      .then(() => {
        if (!stopped) timer = setTimeout(turn, everyMs())
      })
  }
  timer = setTimeout(turn, everyMs())
  return {
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
