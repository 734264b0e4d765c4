import { randomUUID } from 'node:crypto'
import { newNonce } from '../domain/fence.ts'
import { withSession } from '../domain/hook.ts'
import type { Session } from '../domain/session.ts'
import { type HookOrder, sendSigned } from '../inbound/send-signed.ts'
import { tryHook } from '../inbound/try-hook.ts'
import {
  cancelDeliveries,
  type DeliverySelection,
  findCancellable,
  findRetryable,
  oneAfterAnother,
  retryDeliveries,
} from '../manage/bulk.ts'
import {
  acknowledge,
  cancelDelivery,
  purgeDelivery,
  replayDelivery,
  retryDelivery,
  waitInInbox,
} from '../manage/deliveries.ts'
import { answersOf, expose, type Minted, revoke, rotate } from '../manage/grants.ts'
import { addHost, listHosts, revokeHost, rotateHost } from '../manage/hosts.ts'
import { createKnownSkills } from '../manage/known-skills.ts'
import { pause, resume } from '../manage/pauses.ts'
import { type Reply, replyTo } from '../manage/replies.ts'
import { sessionOfAgent } from '../manage/self.ts'
import { cancelTurn, endSession, registerSession } from '../manage/sessions.ts'
import { baseUrl, webhookUrl } from '../manage/urls.ts'
import { cancelWait, type NewWait, openWait } from '../manage/waits.ts'
import { fitOf } from '../payload/response-schema.ts'
import type { Pipeline, ServerDeps } from './pipeline.ts'
import { postToDoor } from './server-client.ts'

type RegisterOrder = Omit<Parameters<typeof registerSession>[1], 'cwd'>

/** What the operator may do through the API and the dashboard. `address` is where this server listens. */
export function createAdminActions(deps: ServerDeps, pipeline: Pipeline, address: () => string) {
  const { store, tokens, clock, config } = deps
  const { worker, waiters, connections } = pipeline
  const maxHoldMs = () => config().retry.maxHoldSeconds * 1000
  const woken = async <T>(act: Promise<T>): Promise<T> => {
    const result = await act
    worker.wake()
    return result
  }
  const inTurn = oneAfterAnother()
  const hooks = () => config().webhooks.hooks.map(({ name }) => name)
  const openHooks = () => config().webhooks.hooks.map((hook) => withSession(hook, config().sessions))
  /** Who waits for the outcome is told at once. */
  const cancelDeps = {
    store: {
      cancelDelivery: async (...[id, now]: Parameters<typeof store.cancelDelivery>) => {
        const delivery = await store.cancelDelivery(id, now)
        waiters.notify(delivery)
        return delivery
      },
    },
    clock,
  }
  const withUrl = ({ grant, token }: Minted) => ({
    grant,
    url: webhookUrl(baseUrl(config().server, address()), token),
  })
  return {
    expose: async (order: Parameters<typeof expose>[1]) => {
      const defaultTtlSeconds = config().server.grantTtlSeconds
      const known = { drivers: deps.drivers, runDir: deps.home.runDir, here: undefined }
      const answers = (session: Session) => answersOf(known, session)
      return withUrl(await expose({ store, tokens, clock, defaultTtlSeconds, hooks, answers }, order))
    },
    rotate: async (id: string, graceMs: number | undefined) =>
      withUrl(await rotate({ store, tokens, clock }, id, graceMs)),
    openWait: (session: Session, wait: NewWait) => {
      const { server, limits } = config()
      return openWait({ store, tokens, clock, limits, baseUrl: baseUrl(server, address()) }, session, wait)
    },
    cancelWait: (id: string) => cancelWait(store, id),
    revoke: (id: string) => revoke({ store, clock }, id),
    ...hostActions(deps),
    pause: (target: string) => pause({ store, clock, hooks }, target),
    resume: (target: string) => woken(resume({ store, clock, hooks }, target)),
    /** `sessions.registerFrom`, and the public URL: with one no request counts as from this machine. */
    registering: () => ({ from: config().sessions.registerFrom, publicUrl: config().server.publicUrl }),
    register: async (order: RegisterOrder) => {
      const opened = await registerSession(
        {
          ...{ store, clock, drivers: deps.drivers },
          connect: async (session) => connections.to(session),
          connectOnce: async (session) => connections.once(session),
        },
        { ...order, cwd: deps.home.root },
      )
      await connections.reconcile(await store.listSessions())
      worker.wake()
      return opened
    },
    cancelTurn: (id: string) =>
      cancelTurn({ store, connect: async (session) => connections.to(session) }, id),
    endSession: async (id: string) =>
      endSession(
        {
          store: { ...store, failQueued: pipeline.failQueue },
          clock,
          connect: async (session) => connections.to(session),
        },
        id,
      ),
    decide: pipeline.agentRequests.decide,
    screens: pipeline.screens,
    skills: createKnownSkills({ connect: connections.to, elapsed: () => performance.now() }),
    kind: (driver: string) => deps.drivers.get(driver)?.summary ?? 'unknown to this version',
    cancels: (session: Session) => connections.to(session)?.cancelTurn !== undefined,
    send: pipeline.send,
    testHook: (name: string, order: HookOrder) => tryHook({ store, hooks: openHooks, clock }, name, order),
    sendToHook: (name: string, order: HookOrder) =>
      sendSigned(
        { store, hooks: openHooks, now: clock.now, address, newId: randomUUID, post: postToDoor },
        name,
        order,
      ),
    retry: (id: string) => woken(retryDelivery({ store, clock, maxHoldMs: maxHoldMs() }, id)),
    cancel: (id: string) => cancelDelivery(cancelDeps, id),
    /** Two at the same moment are one after the other: the second finds what the first has left. */
    retryAll: (filter: DeliverySelection, failedUntil?: number) =>
      inTurn(async () => {
        const found = await findRetryable(store, filter, failedUntil)
        return woken(retryDeliveries({ store, clock, maxHoldMs: maxHoldMs() }, found))
      }),
    cancelAll: (filter: DeliverySelection) =>
      inTurn(async () => woken(cancelDeliveries(cancelDeps, await findCancellable(store, filter)))),
    replay: (id: string, message: string | undefined) =>
      woken(
        replayDelivery(
          { store, clock, maxHoldMs: maxHoldMs(), queueLimit: config().limits.queuePerSession },
          id,
          message,
        ),
      ),
    purge: (id: string) => purgeDelivery(store, id),
    /** The oldest message of an inbox, as soon as there is one, within `waitMs`. */
    nextInInbox: (id: string, waitMs: number, signal: AbortSignal) =>
      waitInInbox({ store, drivers: deps.drivers }, id, waitMs, AbortSignal.any([signal, pipeline.stopping])),
    acknowledge: async (id: string) => {
      const delivery = await acknowledge({ store, clock }, id)
      waiters.notify(delivery)
      return delivery
    },
  }
}

/** What an agent may do for its own session. */
export const createAgentActions = (
  { store, tokens, clock, config }: ServerDeps,
  { waiters: { notify } }: Pick<Pipeline, 'waiters'>,
) => ({
  store,
  sessionOf: (token: string) => sessionOfAgent({ store, tokens, clock }, token),
  limits: () => config().limits,
  reply: (self: Session, id: string, reply: Reply) =>
    replyTo({ store, clock, fitOf, notify }, self, id, reply),
  nonce: () => newNonce(clock),
  now: clock.now,
})

function hostActions({ store, clock, steady }: ServerDeps) {
  const hosts = { store, clock, skew: steady.skew }
  return {
    listHosts: () => listHosts(hosts),
    addHost: (name: string) => addHost(hosts, name),
    revokeHost: (name: string) => revokeHost(hosts, name),
    rotateHost: (name: string) => rotateHost(hosts, name),
  }
}
