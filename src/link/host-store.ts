import { type Decision, decisionIdOf } from '../domain/decision.ts'
import type { Delivery, DeliveryId } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import type { Claims, Grant, GrantId, Verb } from '../domain/grant.ts'
import type { HostName } from '../domain/host.ts'
import { type Pause, pauseOfSession } from '../domain/pause.ts'
import type { Store, Tokens } from '../domain/ports.ts'
import { goodOrAnew, sessionOrAnew } from '../domain/read-anew.ts'
import {
  isClosed,
  isStanding,
  noSuchSession,
  refuseStandingOnHost,
  type Session,
  type SessionId,
} from '../domain/session.ts'
import { checkedMark, checkedOpening, checkedSettlement, members } from './checked.ts'

/**
 * The methods of a store that a host calls at its door. What each may see and change is that of the host's own sessions alone: what
 * belongs to others is as good as not there.
 */
export type HostStore = Pick<Store, (typeof hostMethods)[number]> & TokenCalls

/** The keys stay at the door. */
interface TokenCalls {
  mintToken(claims: Claims): Promise<string>
  readToken(token: string): Promise<Claims | undefined>
}

export const hostMethods = [
  'findSession',
  'listSessions',
  'openSession',
  'endSession',
  'markSession',
  'updateSettings',
  'failQueued',
  'acceptDelivery',
  'settleDelivery',
  'appendEvents',
  'findDelivery',
  'inspectDelivery',
  'listDeliveries',
  'requeueDelivery',
  'cancelDelivery',
  'acknowledgeDelivery',
  'purgeDelivery',
  'countEnded',
  'counts',
  'addGrant',
  'findGrant',
  'listGrants',
  'revokeGrant',
  'pauseGrant',
  'rotateGrant',
  'pause',
  'listPauses',
  'openDecision',
  'decide',
  'closeDecision',
  'findDecision',
  'listDecisions',
  'openWait',
  'listWaits',
  'cancelWait',
  'findWait',
] as const satisfies readonly (keyof Store)[]

export interface HostStoreDeps {
  readonly store: Pick<Store, (typeof hostMethods)[number] | 'listHosts'>
  readonly tokens: Tokens
  /** By the store's clock: whether another host is there. */
  readonly now: () => number
}

/** Minted on a host's request. */
const hostVerbs: readonly Verb[] = ['send_input', 'run_turn', 'mint_own']

export function hostStore(deps: HostStoreDeps, host: HostName): HostStore {
  const { store, tokens } = deps
  const isOwn = (session: Session) => session.host === host
  const ownSession = async (id: SessionId, wanted?: 'anew'): Promise<Session | undefined> => {
    const session = await goodOrAnew((how) => store.findSession(id, how ?? wanted), isOwn)
    return session && isOwn(session) ? session : undefined
  }
  const requireOwn = async (id: SessionId): Promise<Session> => {
    const session = await ownSession(id)
    if (!session) throw noSuchSession(id)
    return session
  }
  const ofOwn = async <T extends { readonly session: SessionId }>(one: T | undefined) =>
    one && (await ownSession(one.session)) ? one : undefined
  const ownIds = async () =>
    new Set((await store.listSessions()).filter((session) => session.host === host).map(({ id }) => id))
  /** Asked of each session, so that those of others take no place among so many. */
  const ofEach = async <T, F extends { readonly session?: SessionId; readonly limit: number }>(
    filter: F,
    list: (filter: F) => Promise<readonly T[]>,
    order: (a: T, b: T) => number,
  ): Promise<readonly T[]> => {
    const { session, limit } = filter
    const own = [...(await ownIds())].filter((id) => session === undefined || id === session)
    const lists = await Promise.all(own.map((id) => list({ ...filter, session: id })))
    return lists.flat().sort(order).slice(0, limit)
  }
  const ownGrant = async (id: GrantId): Promise<Grant | undefined> => {
    const grant = await store.findGrant(id)
    return grant?.session !== undefined && (await ownSession(grant.session)) ? grant : undefined
  }
  const delivery = async (id: DeliveryId): Promise<Delivery | undefined> =>
    ofOwn(await store.findDelivery(id))
  const requireDelivery = async (id: DeliveryId): Promise<DeliveryId> => {
    if (await delivery(id)) return id
    throw new Failure('not_found', `There is no delivery "${id}".`)
  }
  const requireMintable = async ({ session, verb }: Pick<Claims, 'session' | 'verb'>, verbs = hostVerbs) => {
    if (session === undefined || !verbs.includes(verb)) throw notOwn()
    await requireOwn(session)
  }
  const decision = async (id: Decision['id']) => ofOwn(await store.findDecision(id))
  const isOwnPause = ({ target }: Pick<Pause, 'target'>, own: ReadonlySet<SessionId>) =>
    [...own].some((id) => pauseOfSession(id) === target)

  return {
    findSession: ownSession,
    listSessions: async () => (await store.listSessions()).filter((session) => session.host === host),
    openSession: async (asked, options) => {
      const session = checkedOpening(asked)
      await refuseTaking(deps, host, session.id)
      refuseStandingOnHost({ id: session.id, host })
      return store.openSession({ ...session, host }, options)
    },
    endSession: async (id, generation, end) =>
      (await ownSession(id)) ? store.endSession(id, generation, end) : false,
    markSession: async (id, generation, state, why) => {
      if (await ownSession(id)) await store.markSession(id, generation, checkedMark(state), why)
    },
    updateSettings: async (id, generation, settings) => {
      if (await ownSession(id)) await store.updateSettings(id, generation, members(settings))
    },
    failQueued: async (session, why, only) =>
      (await ownSession(session)) ? store.failQueued(session, why, only) : 0,
    // What another host has taken over is dropped here; the attempt has ended as unknown.
    acceptDelivery: async (id, ...rest) => {
      if (await delivery(id)) await store.acceptDelivery(id, ...rest)
    },
    settleDelivery: async (id, attempt, settlement, now) => {
      if (await delivery(id)) await store.settleDelivery(id, attempt, checkedSettlement(settlement), now)
    },
    appendEvents: async (id, ...rest) => {
      if (await delivery(id)) await store.appendEvents(id, ...rest)
    },
    findDelivery: delivery,
    inspectDelivery: async (id) => ofOwn(await store.inspectDelivery(id)),
    listDeliveries: (filter) => {
      const order = filter.oldestFirst ? 1 : -1
      return ofEach(filter, store.listDeliveries, (a, b) => order * (a.seq - b.seq))
    },
    requeueDelivery: async (id, ...rest) => store.requeueDelivery(await requireDelivery(id), ...rest),
    cancelDelivery: async (id, now) => store.cancelDelivery(await requireDelivery(id), now),
    acknowledgeDelivery: async (id, now) => store.acknowledgeDelivery(await requireDelivery(id), now),
    purgeDelivery: async (id) => ((await delivery(id)) ? store.purgeDelivery(id) : false),
    countEnded: async (session) => ((await ownSession(session)) ? store.countEnded(session) : 0),
    counts: async () => {
      const [{ queues }, own] = await Promise.all([store.counts(), ownIds()])
      const ownQueues = new Map([...queues].filter(([id]) => own.has(id)))
      const waiting = [...ownQueues.values()].reduce((sum, n) => sum + n, 0)
      return { deliveries: { PENDING: waiting, RETRY: 0, DELIVERED: 0, FAILED: 0 }, queues: ownQueues }
    },
    addGrant: async (grant) => {
      await requireMintable(grant)
      await store.addGrant(grant)
    },
    findGrant: ownGrant,
    listGrants: async (filter) => {
      const [grants, own] = await Promise.all([store.listGrants(filter), ownIds()])
      return grants.filter(({ session }) => session !== undefined && own.has(session))
    },
    revokeGrant: async (id, at) => ((await ownGrant(id)) ? store.revokeGrant(id, at) : undefined),
    pauseGrant: async (id, at) => ((await ownGrant(id)) ? store.pauseGrant(id, at) : undefined),
    rotateGrant: async (id, until) => ((await ownGrant(id)) ? store.rotateGrant(id, until) : undefined),
    pause: async (target, at) => {
      if (!isOwnPause({ target }, await ownIds())) throw notOwn()
      await store.pause(target, at)
    },
    listPauses: async () => {
      const [pauses, own] = await Promise.all([store.listPauses(), ownIds()])
      return pauses.filter((pause) => isOwnPause(pause, own))
    },
    openDecision: async (draft) => {
      await requireOwn(draft.session)
      return store.openDecision(draft)
    },
    decide: async (id, ...rest) => {
      if (!(await decision(id))) throw new Failure('not_found', `There is no request "${id}".`)
      return store.decide(id, ...rest)
    },
    closeDecision: async (id, end, now) =>
      (await decision(id)) ? store.closeDecision(id, end, now) : undefined,
    findDecision: decision,
    listDecisions: (filter) => ofEach(filter, store.listDecisions, (a, b) => b.openedAt - a.openedAt),
    openWait: async (order, most) => {
      await requireMintable(order.grant)
      return store.openWait(order, most)
    },
    findWait: async (wait) => ofOwn(await store.findWait(wait)),
    listWaits: (filter) => {
      const order = filter.after === undefined ? -1 : 1
      return ofEach(filter, store.listWaits, (a, b) => order * (a.changed - b.changed))
    },
    cancelWait: async (id) =>
      (await ofOwn(await store.findWait({ id }))) ? store.cancelWait(id) : undefined,
    mintToken: async (claims) => {
      const asked = claims.verb === 'decide' && (await decision(decisionIdOf(claims.grant)))
      await requireMintable(claims, asked ? ['decide'] : hostVerbs)
      return tokens.mint(claims)
    },
    readToken: async (token) => {
      const claims = await tokens.read(token)
      return claims?.session !== undefined && (await ownSession(claims.session)) ? claims : undefined
    },
  }
}

const notOwn = (): Failure =>
  new Failure(
    'session_not_allowed',
    'A host mints and manages what is for its own sessions, and nothing else.',
  )

/** A session of another host, or of the door itself, is taken by nobody while that is there. */
async function refuseTaking({ store, now }: HostStoreDeps, host: HostName, id: SessionId): Promise<void> {
  const mayTake = (known: Session) => known.host === host || isClosed(known)
  const session = await sessionOrAnew(store, id, mayTake)
  if (!session || mayTake(session)) return
  if (isStanding(session)) throw taken(id, 'belongs to no host')
  if (session.host === undefined) throw taken(id, 'is open at the door itself')
  const owner = (await store.listHosts()).find(({ name }) => name === session.host)
  const isThere = owner?.revokedAt === undefined && (owner?.aliveUntil ?? 0) > now()
  if (isThere) throw taken(id, `is open on the host "${session.host}", which was here within the last 10 s`)
}

const taken = (id: SessionId, why: string): Failure =>
  new Failure(
    'session_exists',
    `The session "${id}" ${why}. End it there, wait until that host is away, or take another name.`,
  )
