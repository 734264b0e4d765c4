import { callableBy } from '../auth/addresses.ts'
import { type Config, outgoingSecrets } from '../config/load.ts'
import { createCallBack } from '../delivery/callback.ts'
import { createCaller } from '../delivery/callback-client.ts'
import { type Connections, createConnections } from '../delivery/connections.ts'
import { type DispatchDeps, dispatch } from '../delivery/dispatch.ts'
import { createGuardedGet } from '../delivery/guarded-request.ts'
import { failQueue } from '../delivery/session-end.ts'
import { createSlots } from '../delivery/slots.ts'
import { noteEnd } from '../delivery/tombstone.ts'
import { createWaiters, type Waiters } from '../delivery/waiters.ts'
import { createWorker, type Worker } from '../delivery/worker.ts'
import type { Delivery } from '../domain/delivery.ts'
import type { Driver } from '../domain/driver.ts'
import { newNonce } from '../domain/fence.ts'
import type { Home } from '../domain/home.ts'
import type { Knock, Receipt } from '../domain/knock.ts'
import type { CachedTokens, Clock, Log, Store } from '../domain/ports.ts'
import type { Relay } from '../domain/relay.ts'
import { defaultRetryPolicy, type RetryPolicy } from '../domain/retry-policy.ts'
import { isSameOpening, runsAt, type Session, type SessionId } from '../domain/session.ts'
import { createLimiter, type Limiter } from '../inbound/rate-limiter.ts'
import { type Patience, type ReceiveDeps, receive } from '../inbound/receive.ts'
import { createRefusals, type Refusals } from '../inbound/refusals.ts'
import { type SendOrder, send } from '../inbound/send.ts'
import { createHookRenderers } from '../inbound/webhook-message.ts'
import { createHostRequests, type HostRequests, tellingHosts } from '../link/requests.ts'
import { type ActivityBoard, createActivityBoard, withDecisions } from '../manage/activity.ts'
import { type AgentRequests, createAgentRequests } from '../manage/agent-requests.ts'
import { openSessionCalled } from '../manage/find-session.ts'
import { openSelf } from '../manage/own-session.ts'
import { createScreens, type Screens } from '../manage/screens.ts'
import { fitOf } from '../payload/response-schema.ts'
import { createNetwork } from '../providers/network.ts'
import type { SteadyClock } from '../store/steady-clock.ts'
import type { Doors } from './among-doors.ts'
import { createDoorAgents, type DoorAgents } from './door-agents.ts'
import { createNotices, type Notices } from './notices.ts'
import { createNumbers, type Numbers } from './numbers.ts'
import { createSkills } from './session-skills.ts'
import { inStoreTime } from './store-time.ts'

/** What a server is made of before it speaks HTTP. */
export interface ServerDeps {
  readonly home: Home
  /** The user's own directory, where agents keep their skills. */
  readonly userHome: string
  /** The configuration as it is now. */
  readonly config: () => Config
  readonly store: Store
  readonly tokens: CachedTokens
  readonly drivers: ReadonlyMap<string, Driver>
  readonly clock: Clock
  /** What deliveries go by: their holds, retries and leases. */
  readonly steady: SteadyClock
  readonly log: Log
}

/** What receives knocks and delivers messages, put together. */
export interface Pipeline {
  /** The store, for everything else in this process: by this one hosts hear at once of what is done to their sessions. */
  readonly store: Store
  readonly receive: (knock: Knock, patience: Patience) => Promise<Receipt>
  readonly send: (order: SendOrder) => Promise<Delivery>
  readonly worker: Worker
  readonly waiters: Waiters
  /** Fails what waits for a session that has ended, callers first. */
  readonly failQueue: (session: SessionId, why: string) => Promise<number>
  readonly connections: Connections
  /** The machines that have joined. */
  readonly hosts: HostRequests
  readonly doorAgents: DoorAgents
  /** What agents ask of people. */
  readonly agentRequests: AgentRequests
  /** Starts no more agents and turns: what waits for its place is let go. */
  readonly startNoMore: () => void
  /** Aborts at `startNoMore`. */
  readonly stopping: AbortSignal
  /** What every agent does now. */
  readonly activities: ActivityBoard
  /** What `/metrics` counts. */
  readonly numbers: () => Promise<Numbers>
  /** Failed proofs per peer, of any kind of credential. */
  readonly failures: Limiter
  readonly refusals: Refusals
  readonly notices: Notices
  /** What the terminals of agents show. */
  readonly screens: Screens
}

/** Beyond the longest turn: a lease only matters when its holder is gone. */
const leaseMs = 3_600_000
/** More would compete for the machine, and be slower for it. */
const startsAtOnce = 4
const mostStarting = 256
const turnTimeoutMs = 1_800_000
const callbackTimeoutMs = 10_000
/** How long a host has to say which skills its agent has. */
const skillsMs = 3000

/** What the pipeline knows of the server that it is part of. */
interface Surroundings {
  readonly draining: () => boolean
  /** Where the world reaches the server; undefined until it listens. */
  readonly base: () => string | undefined
  /** As one of several doors, or as a machine that has joined one. Limits are divided by the doors; one of them tells notices. */
  readonly doors?: Partial<Pick<Doors, 'host' | 'count' | 'tells'>>
  /** By which it asks the others. */
  readonly relay?: Relay | undefined
}

export function createPipeline(
  deps: ServerDeps,
  { draining, base, relay, doors = {} }: Surroundings,
): Pipeline {
  const { host, count = () => 1, tells = () => true } = doors
  const { tokens, clock, steady, log, drivers, config } = deps
  const hosts = createHostRequests({
    ...{ store: deps.store, now: steady.now, leaseMs },
    pullSessions: () => pullSessions(),
    doors: relay && host && { relay, here: host, serve: (request) => doorAgents.serve(request) },
  })
  const pushes = ({ driver }: Pick<Session, 'driver'>) => drivers.get(driver)?.delivery !== 'pull'
  const pullSessions = async () =>
    (await store.listSessions()).filter((session) => !pushes(session)).map(({ id }) => id)
  const store = tellingHosts(deps.store, hosts)
  const isElsewhere = (session: Session) => !runsAt(session, host)
  const waiters = createWaiters()
  const stopping = new AbortController()
  const inside = inStoreTime({ store, clock, steady, waiters })
  const starts = createSlots(() => startsAtOnce, mostStarting)
  const turns = createSlots(() => config().limits.turnsAtOnce)
  const agentRequests = createAgentRequests({
    ...{ store, clock, log },
    withinMs: () => config().limits.decisionSeconds * 1000,
    isElsewhere: async (id) => {
      const session = await store.findSession(id)
      return session !== undefined && isElsewhere(session)
    },
  })
  const connections = createConnections({
    ...{ drivers, store, starts, log, decisionsFor: agentRequests.toolsFor },
    ...{ runDir: deps.home.runDir, now: steady.now },
    self: (session) => openSelf({ ...{ store, tokens, clock }, paths: deps.home }, session),
    elsewhere: (session) => (isElsewhere(session) ? { connection: hosts.connection(session) } : undefined),
  })
  const mayCall = callableBy(() => config().server.callbacks.allow)
  const policy = () => retryPolicy(config())
  const notices = createNotices({
    ...deps,
    base,
    leads: tells,
    mayCall,
    policy,
    timeoutMs: callbackTimeoutMs,
  })
  const dispatching: DispatchDeps = {
    ...{ connections, log, turns, ...inside.dispatching },
    callBack: createCallBack({
      caller: createCaller({ allowed: mayCall, timeoutMs: callbackTimeoutMs }),
      clock,
      secrets: () => outgoingSecrets(config()),
    }),
    ...{ fitOf, policy },
    timeoutMs: () => turnTimeoutMs,
  }
  const worker = createWorker({
    ...{ store, log, now: steady.now },
    leaseMs: () => leaseMs,
    dispatch: (delivery, stopping) => dispatch(dispatching, delivery, stopping),
    pullSessions,
  })
  const wake = () => {
    worker.wake()
    hosts.wake()
  }
  const failures = createLimiter({ doors: count, perMinute: () => config().limits.authFailuresPerMinute })
  const start = (delivery: Delivery) => worker.start(inside.received(delivery))
  const recording = {
    ...{ store, clock, config, leaseMs, start },
    pushes: (session: Session) => !isElsewhere(session) && pushes(session),
    wakeHost: hosts.wake,
  }
  const skillsHere = createSkills(deps, connections.to)
  const doorAgents = createDoorAgents({ host, store, connect: connections.to, skills: skillsHere, hosts })
  const receiving: ReceiveDeps = {
    ...{ ...recording, tokens, failures, mayCall, draining },
    knocks: createLimiter({ doors: count, perMinute: () => config().limits.knocksPerMinute }),
    wait: waiters.wait,
    network: createNetwork(createGuardedGet({ mayCall, timeoutMs: callbackTimeoutMs, maxBytes: 65_536 })),
    rendererOf: createHookRenderers(),
    nonce: () => newNonce(clock),
    skills: async (session) =>
      isElsewhere(session)
        ? connections.to(session)?.skills(AbortSignal.timeout(skillsMs))
        : skillsHere(session),
  }
  const board = createActivityBoard(
    {
      drivers,
      sessions: store.listSessions,
      connect: async (session) => connections.to(session),
      now: clock.now,
      heard: (session, readiness) => {
        notices.heard(session, readiness)
        void noteEnd({ ...inside.dispatching, log }, session, readiness)
      },
    },
    () => performance.now(),
  )
  const activities: ActivityBoard = async (shownMs) =>
    withDecisions(await board(shownMs), await agentRequests.waiting())
  return {
    receive: (knock, patience) => receive(receiving, knock, patience),
    send: (order) => send({ ...recording, openSession: (id) => openSessionCalled(store, id) }, order),
    stopping: stopping.signal,
    startNoMore: () => {
      stopping.abort()
      starts.close()
      turns.close()
    },
    failQueue: (session, why) => failQueue({ store, waiters }, session, why),
    store,
    worker: { ...worker, wake },
    ...{ waiters, connections, failures, agentRequests, notices, hosts, doorAgents },
    activities,
    screens: createScreens({
      connect: connections.to,
      isOpen: async (session) => isSameOpening(await store.findSession(session.id), session),
    }),
    numbers: createNumbers({ store, steady, activities, agentRequests, notices }),
    refusals: createRefusals({ store, log, now: clock.now, guessing: notices.guessing, doors: count }),
  }
}

const retryPolicy = ({ retry }: Config): RetryPolicy => ({
  ...defaultRetryPolicy,
  baseMs: retry.baseSeconds * 1000,
  capMs: retry.capSeconds * 1000,
  attempts: retry.attempts,
})
