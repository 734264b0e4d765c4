import { callableBy } from '../auth/addresses.ts'
import type { Config } from '../config/load.ts'
import { createCallBack } from '../delivery/callback.ts'
import { createCaller } from '../delivery/callback-client.ts'
import { type Connections, createConnections } from '../delivery/connections.ts'
import { dispatch } from '../delivery/dispatch.ts'
import { createWaiters, type Waiters } from '../delivery/waiters.ts'
import { createWorker, type Worker } from '../delivery/worker.ts'
import type { Delivery } from '../domain/delivery.ts'
import type { Driver } from '../domain/driver.ts'
import type { Home } from '../domain/home.ts'
import type { Knock, Receipt } from '../domain/knock.ts'
import type { Clock, Log, Store, Tokens } from '../domain/ports.ts'
import { defaultRetryPolicy, type RetryPolicy } from '../domain/retry-policy.ts'
import { createLimiter, type Limiter } from '../inbound/rate-limiter.ts'
import { type Patience, type ReceiveDeps, receive } from '../inbound/receive.ts'
import type { RecordLimits } from '../inbound/record.ts'
import { type SendOrder, send } from '../inbound/send.ts'

import { createHookRenderers, inboundHooksOf, mayName, sessionHasSkill } from './inbound-config.ts'

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
  readonly log: Log
}

/** The use cases of knocking, put together. */
export interface Pipeline {
  readonly receive: (knock: Knock, patience: Patience) => Promise<Receipt>
  readonly send: (order: SendOrder) => Promise<Delivery>
  readonly worker: Worker
  readonly waiters: Waiters
  readonly connections: Connections
  /** Failed proofs per peer, whichever credential they were meant to be. */
  readonly failures: Limiter
}

const idempotencyWindowMs = 86_400_000
/** Beyond the longest turn: a lease only matters when its holder is gone. */
const leaseMs = 3_600_000
const turnTimeoutMs = 1_800_000
const callbackTimeoutMs = 10_000

export function createPipeline(deps: ServerDeps, draining: () => boolean): Pipeline {
  const { store, tokens, clock, log, drivers, config } = deps
  const settled = createWaiters()
  const connections = createConnections({ drivers, store, runDir: deps.home.runDir, now: clock.now, log })
  const pushes = (driver: string) => drivers.get(driver)?.delivery !== 'pull'
  const limits = () => recordLimits(config())
  const policy = () => retryPolicy(config())
  const mayCall = callableBy(() => config().server.callbacks.allow)
  const callBack = createCallBack({
    caller: createCaller({ allowed: mayCall, timeoutMs: callbackTimeoutMs }),
    clock,
    secrets: () => callbackSecrets(config()),
  })
  const worker = createWorker({
    store,
    now: clock.now,
    log,
    leaseMs: () => leaseMs,
    dispatch: (delivery, stopping) =>
      dispatch(
        {
          store,
          connections,
          waiters: settled,
          callBack,
          clock,
          log,
          policy,
          timeoutMs: () => turnTimeoutMs,
        },
        delivery,
        stopping,
      ),
    pullSessions: async () =>
      (await store.listSessions()).filter((session) => !pushes(session.driver)).map((session) => session.id),
  })
  const failures = createLimiter(() => config().limits.authFailuresPerMinute)
  const knocks = createLimiter(() => config().limits.knocksPerMinute)
  const messageBytes = () => config().limits.messageBytes
  const { root } = deps.home
  const receiving: ReceiveDeps = {
    ...{ store, tokens, knocks, failures, clock, limits, pushes, messageBytes, draining },
    start: worker.start,
    wait: settled.wait,
    doors: () => inboundHooksOf(config()),
    rendererOf: createHookRenderers(),
    mayCall,
    nonce: () => Buffer.from(clock.bytes(12)).toString('hex'),
    mayName: (session) => mayName(config(), session),
    hasSkill: (session, skill) =>
      sessionHasSkill(
        connections,
        { root, userHome: deps.userHome, dirs: config().skills.dirs },
        session,
        skill,
      ),
  }
  return {
    receive: (knock, patience) => receive(receiving, knock, patience),
    send: (order) => send({ store, clock, limits, pushes, start: worker.start }, order),
    worker,
    waiters: settled,
    connections,
    failures,
  }
}

const recordLimits = ({ limits, retry }: Config): RecordLimits => ({
  queuePerSession: limits.queuePerSession,
  maxHoldMs: retry.maxHoldSeconds * 1000,
  idempotencyWindowMs,
  leaseMs,
})

const callbackSecrets = ({ server, webhooks }: Config): readonly string[] =>
  server.callbacks.secrets.length > 0 ? server.callbacks.secrets : webhooks.secrets

const retryPolicy = ({ retry }: Config): RetryPolicy => ({
  ...defaultRetryPolicy,
  baseMs: retry.baseSeconds * 1000,
  capMs: retry.capSeconds * 1000,
  attempts: retry.attempts,
})
