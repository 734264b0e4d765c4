import { callableBy } from '../auth/addresses.ts'
import { type Config, outgoingSecrets } from '../config/load.ts'
import { createCallBack } from '../delivery/callback.ts'
import { createCaller } from '../delivery/callback-client.ts'
import { type Connections, createConnections } from '../delivery/connections.ts'
import { type DispatchDeps, dispatch } from '../delivery/dispatch.ts'
import { createGuardedGet } from '../delivery/guarded-request.ts'
import { failQueue } from '../delivery/session-end.ts'
import { createSlots } from '../delivery/slots.ts'
import { tombstone } from '../delivery/tombstone.ts'
import { createWaiters, type Waiters } from '../delivery/waiters.ts'
import { createWorker, type Worker } from '../delivery/worker.ts'
import type { Counts } from '../domain/counts.ts'
import type { Decision } from '../domain/decision.ts'
import type { Delivery } from '../domain/delivery.ts'
import type { Driver, Readiness } from '../domain/driver.ts'
import { reasonOf } from '../domain/error.ts'
import { newNonce } from '../domain/fence.ts'
import type { Home } from '../domain/home.ts'
import type { Knock, Receipt } from '../domain/knock.ts'
import type { Clock, Log, Store, Tokens } from '../domain/ports.ts'
import { defaultRetryPolicy, type RetryPolicy } from '../domain/retry-policy.ts'
import type { Session, SessionId } from '../domain/session.ts'
import { hasSkill } from '../drivers/agents/skills.ts'
import { createLimiter, type Limiter } from '../inbound/rate-limiter.ts'
import { type Patience, type ReceiveDeps, receive } from '../inbound/receive.ts'
import { createRefusals, type Refusals } from '../inbound/refusals.ts'
import { type SendOrder, send } from '../inbound/send.ts'
import { createHookRenderers } from '../inbound/webhook-message.ts'
import {
  type Activities,
  type ActivityBoard,
  createActivityBoard,
  withDecisions,
} from '../manage/activity.ts'
import { type AgentRequests, createAgentRequests } from '../manage/agent-requests.ts'
import { openSessionCalled } from '../manage/find-session.ts'
import { openSelf } from '../manage/own-session.ts'
import { createScreens, type Screens } from '../manage/screens.ts'
import { fitOf } from '../payload/response-schema.ts'
import { createNetwork } from '../providers/network.ts'
import type { SteadyClock } from '../store/steady-clock.ts'
import { createNotices, type Notices } from './notices.ts'
import { inStoreTime } from './store-time.ts'

/** What a server is made of before it speaks HTTP. */
export interface ServerDeps {
  readonly home: Home
  /** The user's own directory, where agents keep their skills. */
  readonly userHome: string
  /** The configuration as it is now. */
  readonly config: () => Config
  readonly store: Store
  readonly tokens: Tokens
  readonly drivers: ReadonlyMap<string, Driver>
  readonly clock: Clock
  /** What deliveries go by: their holds, retries and leases. */
  readonly steady: SteadyClock
  readonly log: Log
}

/** What receives knocks and delivers messages, put together. */
export interface Pipeline {
  readonly receive: (knock: Knock, patience: Patience) => Promise<Receipt>
  readonly send: (order: SendOrder) => Promise<Delivery>
  readonly worker: Worker
  readonly waiters: Waiters
  /** Fails what waits for a session that has ended, callers first. */
  readonly failQueue: (session: SessionId, why: string) => Promise<number>
  readonly connections: Connections
  /** What agents ask of people. */
  readonly agentRequests: AgentRequests
  /** Starts no more agents and turns: what waits for its place is let go. */
  readonly startNoMore: () => void
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

interface Numbers {
  readonly counts: Counts
  readonly activities: Activities
  readonly decisions: readonly Decision[]
  readonly notices: Awaited<ReturnType<Notices['numbers']>>
}

/** Beyond the longest turn: a lease only matters when its holder is gone. */
const leaseMs = 3_600_000
/** More would compete for the machine, and be slower for it. */
const startsAtOnce = 4
const mostStarting = 256
const turnTimeoutMs = 1_800_000
const callbackTimeoutMs = 10_000
const skillsTimeoutMs = 3000

/** What the pipeline knows of the server that it is part of. */
interface Surroundings {
  readonly draining: () => boolean
  /** Where the world reaches the server; undefined until it listens. */
  readonly base: () => string | undefined
}

export function createPipeline(deps: ServerDeps, { draining, base }: Surroundings): Pipeline {
  const { store, tokens, clock, steady, log, drivers, config } = deps
  const waiters = createWaiters()
  const inside = inStoreTime({ store, clock, steady, waiters })
  const starts = createSlots(() => startsAtOnce, mostStarting)
  const turns = createSlots(() => config().limits.turnsAtOnce)
  const agentRequests = createAgentRequests({
    ...{ store, clock, log },
    withinMs: () => config().limits.decisionSeconds * 1000,
  })
  const connections = createConnections({
    ...{ drivers, store, starts, log, decisionsFor: agentRequests.toolsFor },
    ...{ runDir: deps.home.runDir, now: steady.now },
    self: (session) => openSelf({ ...{ store, tokens, clock }, paths: deps.home }, session),
  })
  const pushes = (driver: string) => drivers.get(driver)?.delivery !== 'pull'
  const mayCall = callableBy(() => config().server.callbacks.allow)
  const policy = () => retryPolicy(config())
  const notices = createNotices({ ...deps, base, mayCall, policy, timeoutMs: callbackTimeoutMs })
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
    pullSessions: async () =>
      (await store.listSessions()).filter((session) => !pushes(session.driver)).map((session) => session.id),
  })
  const failures = createLimiter(() => config().limits.authFailuresPerMinute)
  const start = (delivery: Delivery) => worker.start(inside.received(delivery))
  const recording = { store, clock, config, pushes, leaseMs, start }
  const receiving: ReceiveDeps = {
    ...{ ...recording, tokens, failures, mayCall, draining },
    knocks: createLimiter(() => config().limits.knocksPerMinute),
    wait: waiters.wait,
    network: createNetwork(createGuardedGet({ mayCall, timeoutMs: callbackTimeoutMs, maxBytes: 65_536 })),
    rendererOf: createHookRenderers(),
    nonce: () => newNonce(clock),
    hasSkill: (session, skill) => sessionHasSkill(deps, connections, session, skill),
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
    startNoMore: () => {
      starts.close()
      turns.close()
    },
    failQueue: (session, why) => failQueue({ store, waiters }, session, why),
    ...{ worker, waiters, connections, failures, agentRequests, notices },
    activities,
    screens: createScreens({
      connect: connections.to,
      isOpen: async ({ id, generation }) => isOpening(await store.findSession(id), generation),
    }),
    numbers: async () => {
      const all = [store.counts(), activities(), agentRequests.waiting(), notices.numbers()] as const
      const [counts, seen, decisions, numbers] = await Promise.all(all)
      return { counts, activities: seen, decisions, notices: numbers }
    },
    refusals: createRefusals({ store, log, now: clock.now, guessing: notices.guessing }),
  }
}

/** The session is still open, and as it was opened then. */
const isOpening = (session: Session | undefined, generation: string): boolean =>
  session?.generation === generation && session.state !== 'ended'

/** An agent that says it has ended takes its session along, as a message to it would find out. */
async function noteEnd(
  deps: Pick<DispatchDeps, 'store' | 'clock' | 'log'>,
  session: Session,
  readiness: Readiness,
): Promise<void> {
  if (readiness.kind !== 'ended') return
  await tombstone(deps, session, readiness).catch((thrown: unknown) =>
    deps.log('warn', 'session.note_failed', { session: session.id, why: reasonOf(thrown) }),
  )
}

/** The agent's own answer counts first, then the folders of skills. */
async function sessionHasSkill(
  { home, userHome, config }: ServerDeps,
  connections: Connections,
  session: Session,
  skill: string,
): Promise<boolean> {
  const known = await connections.to(session)?.skills(AbortSignal.timeout(skillsTimeoutMs))
  const cwd = typeof session.settings.cwd === 'string' ? session.settings.cwd : home.root
  return hasSkill(known, { agent: undefined, cwd, home: userHome, dirs: config().skills.dirs }, skill)
}

const retryPolicy = ({ retry }: Config): RetryPolicy => ({
  ...defaultRetryPolicy,
  baseMs: retry.baseSeconds * 1000,
  capMs: retry.capSeconds * 1000,
  attempts: retry.attempts,
})
