import { hashOfToken, sameText } from '../auth/secrets.ts'
import { notifyStored } from '../delivery/waiters.ts'
import type { DeliveryId } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import { type HostName, hostState } from '../domain/host.ts'
import type { RequestGuard } from '../http/guard.ts'
import { hostRoutes } from '../http/routes/host.ts'
import type { Ability } from '../link/ability.ts'
import {
  checkedAbilities,
  checkedAnswer,
  checkedCall,
  checkedClaim,
  checkedRequest,
  epochIn,
} from '../link/checked.ts'
import { type HostStore, hostMethods, hostStore } from '../link/host-store.ts'
import { lastingCalls } from '../link/link-store.ts'
import { type HostClaim, packed, type Taken, unpacked } from '../link/wire.ts'
import { baseUrl } from '../manage/urls.ts'
import { createHostApi } from './host-api.ts'
import type { Pipeline, ServerDeps } from './pipeline.ts'

/** A host is there so long after it last said so. Milliseconds. */
const hostLeaseMs = 10_000

interface HostDoorDeps extends ServerDeps {
  readonly version: string
  /** Where this server listens. */
  readonly base: () => string
  /** Spends one failed attempt of the peer; milliseconds to wait, or 0. */
  readonly failed: (request: Request) => number
  /** Of the API, as the admin uses it. */
  readonly routes: Parameters<typeof createHostApi>[0]
}

/** What hosts that have joined may ask of this door. */
export function hostParts(deps: HostDoorDeps, pipeline: Pipeline, guard: RequestGuard) {
  const { failed, routes, store } = deps
  const hostOf = async (token: string) => {
    const hash = hashOfToken(token)
    return (await store.listHosts()).find(
      ({ tokenHash, revokedAt }) => sameText(hash, tokenHash) && revokedAt === undefined,
    )?.name
  }
  const acts = createActs(deps, pipeline, createHostApi(routes, guard))
  return [hostRoutes({ hostOf, failed, acts }, guard)]
}

function createActs(deps: HostDoorDeps, pipeline: Pipeline, api: ReturnType<typeof createHostApi>) {
  const { store, tokens, clock, steady } = deps
  const { waiters, worker, hosts } = pipeline
  const scoped = new Map<HostName, HostStore>()
  const storeOf = (host: HostName): HostStore => {
    const known = scoped.get(host)
    if (known) return known
    const fresh = telling(hostStore({ store, tokens, now: steady.now }, host))
    scoped.set(host, fresh)
    return fresh
  }
  /** What a call of a host changes is told to who waits for it here. */
  const telling = (own: HostStore): HostStore => {
    const settled = async (id: DeliveryId) => {
      await notifyStored({ store, waiters }, [id])
      worker.wake()
    }
    return {
      ...own,
      failQueued: async (session, why, only) =>
        only || !(await own.findSession(session))
          ? own.failQueued(session, why, only)
          : pipeline.failQueue(session, why),
      acceptDelivery: (id, attempt, at, evidence) =>
        own.acceptDelivery(id, attempt, Math.min(at, steady.now()), evidence),
      settleDelivery: async (id, attempt, settlement, at) => {
        await own.settleDelivery(id, attempt, settlement, Math.min(at, steady.now()))
        await settled(id)
      },
      requeueDelivery: async (id, ...rest) => {
        const delivery = await own.requeueDelivery(id, ...rest)
        worker.wake()
        return delivery
      },
      cancelDelivery: async (id, at) => {
        const delivery = await own.cancelDelivery(id, at)
        waiters.notify(delivery)
        return delivery
      },
      acknowledgeDelivery: async (id, at) => {
        const delivery = await own.acknowledgeDelivery(id, at)
        waiters.notify(delivery)
        return delivery
      },
      openDecision: (draft) => own.openDecision(draft).finally(() => void pipeline.agentRequests.follow()),
      closeDecision: (...args) =>
        own.closeDecision(...args).finally(() => void pipeline.agentRequests.follow()),
    }
  }
  const time = () => ({ wall: clock.now(), store: steady.now(), skew: steady.skew() })
  const rowOf = async (host: HostName) => (await store.listHosts()).find(({ name }) => name === host)
  const requireNewest = async (host: HostName, epoch: number) => {
    const known = await rowOf(host)
    if (known?.epoch !== epoch) throw replaced(host)
  }
  /** Which of these openings are over because their sessions were opened elsewhere, and where. */
  const takenOf = async (host: HostName, openings: readonly Ability[]): Promise<readonly Taken[]> => {
    const sessions = await store.listSessions()
    return openings.flatMap(({ session: id }) =>
      sessions
        .filter((one) => one.id === id && one.state !== 'ended' && one.host !== host)
        .map((one) => ({ session: id, ...(one.host !== undefined && { host: one.host }) })),
    )
  }
  const repeated = createRepeats()
  const acts = {
    hello: async (host: HostName) => {
      const { server, limits, retry } = deps.config()
      const { grantTtlSeconds } = server
      const known = await rowOf(host)
      return {
        isServed: known !== undefined && hostState(known, steady.now()) === 'there',
        ...{ host, version: deps.version, base: baseUrl(server, deps.base()), time: time() },
        config: { server: { grantTtlSeconds }, limits, retry: { maxHoldSeconds: retry.maxHoldSeconds } },
      }
    },
    attach: async (host: HostName) => {
      const attached = await store.attachHost(host, steady.now(), steady.now() + hostLeaseMs)
      if (!attached) throw replaced(host)
      deps.log('info', 'host.attached', { host, epoch: attached.epoch })
      return { epoch: attached.epoch, time: time() }
    },
    renew: async (host: HostName, value: unknown) => {
      const able = checkedAbilities(value)
      hosts.able(host, able)
      const isNewest = await store.renewHost(host, epochIn(value), steady.now(), steady.now() + hostLeaseMs)
      if (!isNewest) throw replaced(host)
      return { time: time(), taken: await takenOf(host, able) }
    },
    claim: async (host: HostName, value: unknown, signal: AbortSignal) => {
      await requireNewest(host, epochIn(value))
      const claim: HostClaim = checkedClaim(value)
      return hosts.claim(host, claim, AbortSignal.any([signal, pipeline.stopping]))
    },
    call: async (host: HostName, value: unknown) => {
      const { id, epoch, method, args } = checkedCall(value)
      if (epoch !== undefined) await requireNewest(host, epoch)
      const act = methodOf(storeOf(host), method)
      return lastingCalls.includes(method) ? repeated(`${host} ${id}`, () => act(...args)) : act(...args)
    },
    answer: async (host: HostName, value: unknown) => hosts.answer(host, checkedAnswer(value)),
    api: async (host: HostName, value: unknown) => api(storeOf(host), checkedRequest(value)),
  }
  const asText =
    (act: (host: HostName, value: unknown, signal: AbortSignal) => Promise<unknown>) =>
    async (host: HostName, text: string, signal: AbortSignal) =>
      packed(await act(host, unpacked(text), signal))
  return Object.fromEntries(Object.entries(acts).map(([name, act]) => [name, asText(act)]))
}

const callable: readonly string[] = [...hostMethods, 'mintToken', 'readToken']

function methodOf(store: HostStore, method: string): (...args: unknown[]) => Promise<unknown> {
  if (!callable.includes(method)) throw new Failure('not_found', 'A host cannot ask for that.')
  return store[method as keyof HostStore] as (...args: unknown[]) => Promise<unknown>
}

const replaced = (host: HostName): Failure =>
  new Failure(
    'already_running',
    `Another process serves for the host "${host}" now, or it was revoked: one process at a time.`,
  )

const mostRepeats = 1000

/** The answer to a call that comes again is the first one's: the host never got that. */
function createRepeats() {
  const answers = new Map<string, Promise<unknown>>()
  return (id: string, act: () => Promise<unknown>): Promise<unknown> => {
    const known = answers.get(id)
    if (known) return known
    const answer = act()
    answers.set(id, answer)
    // What did not work is tried anew.
    answer.catch(() => answers.delete(id))
    const oldest = answers.size > mostRepeats ? answers.keys().next().value : undefined
    if (oldest !== undefined) answers.delete(oldest)
    return answer
  }
}
