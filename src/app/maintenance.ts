import type { Config } from '../config/load.ts'
import { createEndSweep } from '../delivery/session-end.ts'
import type { Asker } from '../domain/decision.ts'
import { Failure } from '../domain/error.ts'
import { keptMs } from '../domain/hook.ts'
import type { NoticeStore } from '../domain/notice-store.ts'
import type { DoorStore, HostLink, Log, Store, StoreMaintenance } from '../domain/ports.ts'
import { isRunning } from '../drivers/process/process.ts'
import type { BeginWork } from '../http/loop-watch.ts'
import type { Listener } from '../store/postgres/listen.ts'
import type { SteadyClock } from '../store/steady-clock.ts'
import type { Doors } from './among-doors.ts'
import { following, notifyAwaited } from './following.ts'
import type { Pipeline } from './pipeline.ts'
import { repeating } from './repeating.ts'

interface MaintenanceDeps {
  readonly store: Pick<DoorStore, 'listSessions' | 'findDelivery' | 'counts'> &
    Pick<HostLink, 'failQueued' | 'releaseLeases'> &
    Pick<NoticeStore, 'purgeNotices'> &
    Pick<Store, 'listHosts' | 'markAway'> &
    StoreMaintenance
  /** Notices what another process did to the keys. */
  readonly lookAtKeys: () => void
  readonly steady: Pick<SteadyClock, 'now' | 'skew'>
  /** How far this machine's own clock is ahead of `steady`, also where the clock of a database stands in for it. Milliseconds. */
  readonly wallSkew: () => number
  readonly log: Log
  readonly config: () => Config
  readonly pipeline: Pick<
    Pipeline,
    | 'connections'
    | 'worker'
    | 'waiters'
    | 'failQueue'
    | 'activities'
    | 'agentRequests'
    | 'notices'
    | 'hosts'
    | 'doorAgents'
  >
  readonly begin: BeginWork
  /** This door among those that share its store. */
  readonly doors: Doors
  /** It is none of them any more. */
  readonly onLost: (why: Failure) => void
  /** Opens the sessions that the configuration declares; called again when those have changed. */
  readonly declare: () => Promise<void>
  /** Closes the capabilities of agents whose sessions are over. */
  readonly renewSelves: () => Promise<void>
  /** Signs for agents whose commands have not the keys; absent where these lie in the home. */
  readonly signAsked?: () => Promise<void>
  /** Of a store in PostgreSQL. */
  readonly listener?: Listener
}

interface Maintenance {
  /** Resolves when no task runs any more. */
  stop(): Promise<void>
}

const expireMs = 5000
const waitsMs = 1000
const purgeMs = 60_000
const declareMs = 500
const clockMs = 1000
/** How soon a command hears that asks for a capability. */
const askedMs = 200
/** How soon other doors hear of other keys and another configuration. */
const factsMs = 5000
/** Often enough to know since when an agent asks, and that one has ended of which nobody asks. */
const lookMs = 15_000
/** While somebody wants to be told that an agent asks. */
const soonMs = 2000
const purgeBatch = 500

/** What runs beside the knocks: following what other processes wrote, expiry, retention, declared sessions. */
export function startMaintenance(deps: MaintenanceDeps): Maintenance {
  const { store, pipeline } = deps
  const tasks = [
    ...following(deps),
    repeating(deps, 'expire', expireMs, leading(expire)),
    repeating(deps, 'waits', waitsMs, leading(wakeForExpired)),
    repeating(deps, 'end', expireMs, leading(createEndSweep({ store, failQueue: pipeline.failQueue }))),
    repeating(deps, 'decisions', expireMs, () => pipeline.agentRequests.sweep(askerRuns)),
    repeating(
      deps,
      'waiting',
      expireMs,
      leading(() => pipeline.notices.lookAtWaiting()),
    ),
    repeating(deps, 'purge', purgeMs, leading(purge)),
    repeating(deps, 'declare', declareMs, createFollower(deps)),
    repeating(deps, 'notices', declareMs, () => pipeline.notices.follow()),
    repeating(deps, 'look', () => (pipeline.notices.wants('needs_input') ? soonMs : lookMs), lookAtSessions),
    repeating(deps, 'capabilities', expireMs, deps.renewSelves),
    ...(deps.signAsked ? [repeating(deps, 'asked', askedMs, deps.signAsked)] : []),
    repeating(deps, 'clock', clockMs, createClockWatch(deps)),
    repeating(deps, 'hosts', clockMs, watchHosts),
    repeating(deps, 'door', deps.doors.renewMs, renew),
    repeating(deps, 'facts', factsMs, ({ doors }) => doors.publishFacts()),
  ]
  return {
    stop: async () => {
      await Promise.all(tasks.map((task) => task.stop()))
    },
  }
}

/** Only where this door keeps house for those that share its store. */
const leading =
  (act: (deps: MaintenanceDeps) => Promise<void>) =>
  async (deps: MaintenanceDeps): Promise<void> => {
    if (deps.doors.leads()) await act(deps)
  }

/** Says that this door is still there; where it is none any more this process ends. */
async function renew({ doors, onLost }: MaintenanceDeps): Promise<void> {
  try {
    await doors.renew()
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.code !== 'unauthorized') throw thrown
    onLost(thrown)
  }
}

async function expire(deps: MaintenanceDeps): Promise<void> {
  const expired = await deps.store.expireHeld(deps.steady.now())
  if (expired === 0) return
  deps.log('warn', 'deliveries.expired', { count: expired })
  await notifyAwaited(deps)
}

/** What an earlier process left under way is freed, and what came to its end while no server ran is ended. */
export async function recover(
  deps: Pick<MaintenanceDeps, 'steady' | 'log' | 'config' | 'doors'> & {
    readonly store: Pick<HostLink, 'releaseLeases'> & Pick<StoreMaintenance, 'expireWaits'>
  },
): Promise<void> {
  const { doors } = deps
  const inPlaceOfAnother = await doors.look()
  if (!doors.leads()) return
  if (inPlaceOfAnother || doors.host === undefined) await releaseLeases(deps)
  await expireWaits(deps)
}

/** What belongs to nobody, callbacks, and was begun by a process that is gone. */
async function releaseLeases({
  store,
  steady,
  log,
}: Pick<MaintenanceDeps, 'steady' | 'log'> & {
  readonly store: Pick<HostLink, 'releaseLeases'>
}): Promise<void> {
  const released = await store.releaseLeases(steady.now())
  if (released > 0) log('warn', 'deliveries.recovered', { count: released })
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

/** Sessions whose machine has not been heard of are offline. */
async function watchHosts({ store, steady, log, doors }: MaintenanceDeps): Promise<void> {
  if (await doors.look()) await releaseLeases({ store, steady, log })
  if (!doors.leads() || (await store.listHosts()).length === 0) return
  const away = await store.markAway(steady.now())
  if (away > 0) log('warn', 'hosts.away', { sessions: away })
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

/**
 * A jump of the wall clock is told, and kept at once: the next process and every command read times by it. In PostgreSQL nothing goes by
 * it, but the log's own times, certificates and agents do.
 */
function createClockWatch({ wallSkew, store, log, lookAtKeys }: MaintenanceDeps): () => Promise<void> {
  let skew = wallSkew()
  return async function watchClock() {
    lookAtKeys()
    const before = skew
    skew = wallSkew()
    if (skew === before) return
    log('warn', 'clock.jumped', { seconds: Math.round((skew - before) / 1000) })
    await store.keepTime()
  }
}
