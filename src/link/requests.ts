import { randomUUID } from 'node:crypto'
import type { Delivery } from '../domain/delivery.ts'
import type { Connection } from '../domain/driver.ts'
import { awayText, type HostName, hostState, revokedText } from '../domain/host.ts'
import type { HostLink, Store } from '../domain/ports.ts'
import type { Session, SessionId } from '../domain/session.ts'
import { pause } from '../wait.ts'
import type { Ability } from './ability.ts'
import { connectionAt } from './connection-at-host.ts'
import { createOpenRequests, type OpenRequests, silent, stopRequest } from './open-requests.ts'
import { createRelayed, type RelayedDeps } from './relayed.ts'
import type { Claimed, HostAnswer, HostClaim, HostRequest } from './wire.ts'

/** What hosts come for, and what the door wants of them: a host is never called, it asks again and again. */
export interface HostRequests {
  /** Resolves with what is due for that host, as soon as there is something, or with nothing after `waitMs`. */
  claim(host: HostName, claim: HostClaim, signal: AbortSignal): Promise<Claimed>
  /** An answer of a host. False when nobody wants more of that. */
  answer(host: HostName, answer: HostAnswer): Promise<boolean>
  /** Something may be due for that host, or for any. */
  wake(host?: HostName): void
  /** Something about the sessions of that host, or of any, has changed. */
  changed(host?: HostName): void
  /** What its host can do with its agent. */
  connection(session: Session): Connection | undefined
  /** What that host said its openings can do. */
  able(host: HostName, openings: readonly Ability[]): void
  /** Looks for what other doors of this store have passed on, to that one or to anybody. */
  look(to?: HostName): Promise<void>
}

interface HostRequestsDeps {
  readonly store: Pick<HostLink, 'claimDue' | 'nextDue'> & Pick<Store, 'listHosts'>
  /** The time of deliveries. */
  readonly now: () => number
  readonly leaseMs: number
  /** Sessions whose agent fetches its messages itself. */
  readonly pullSessions: () => Promise<readonly SessionId[]>
  /** Where other doors share the store: the name of this one, and who answers for its own agents. */
  readonly doors?: Pick<RelayedDeps, 'relay' | 'here' | 'serve'> | undefined
}

interface AtHost {
  /** Claims that wait now, and when the last one was answered. */
  claiming: number
  seenAt: number
  readonly queue: HostRequest[]
  able: ReadonlyMap<string, Ability>
  wake: () => void
  changed: boolean
}

const longestNapMs = 1000
/** A host comes again at once. */
const unseenMs = 3000

const isThere = (place: AtHost | undefined): boolean =>
  place !== undefined && (place.claiming > 0 || performance.now() - place.seenAt < unseenMs)
const answerMs = 5000
const mostQueued = 1000

export function createHostRequests(deps: HostRequestsDeps): HostRequests {
  const hosts = new Map<HostName, AtHost>()
  const at = (host: HostName): AtHost => {
    const known = hosts.get(host)
    if (known) return known
    const fresh: AtHost = {
      ...{ queue: [], able: new Map(), wake: () => {}, changed: false },
      ...{ claiming: 0, seenAt: performance.now() },
    }
    hosts.set(host, fresh)
    return fresh
  }
  const toHost = (host: HostName, request: HostRequest) => {
    const place = at(host)
    if (place.queue.length >= mostQueued) throw silent(host)
    place.queue.push(request)
    place.wake()
  }
  /** At whichever door of this store it is; undefined where there is no other. */
  const relayed =
    deps.doors &&
    createRelayed({
      ...deps.doors,
      now: deps.now,
      claiming: () => [...hosts].filter(([, { claiming }]) => claiming > 0).map(([host]) => host),
      toHost,
      answered: (host, answer) => open.answer(host, answer),
    })
  const isClaiming = (host: HostName) => (hosts.get(host)?.claiming ?? 0) > 0
  const open: OpenRequests = createOpenRequests({
    newId: relayed?.newId ?? randomUUID,
    send: (host, request) =>
      relayed && !isClaiming(host) ? relayed.send(host, request) : toHost(host, request),
    stop(host, id) {
      const place = at(host)
      const waiting = place.queue.findIndex((request) => request.id === id)
      if (waiting >= 0) place.queue.splice(waiting, 1)
      else if (relayed && !isClaiming(host)) relayed.stop(host, id)
      else {
        place.queue.push(stopRequest(id))
        place.wake()
      }
    },
  })
  const claimOnce = async (host: HostName, { limit, holding }: HostClaim): Promise<readonly Delivery[]> => {
    const except = await deps.pullSessions()
    return deps.store.claimDue({ now: deps.now(), leaseMs: deps.leaseMs, limit, except, host, holding })
  }

  const claimed = async (
    place: AtHost,
    host: HostName,
    claim: HostClaim,
    signal: AbortSignal,
  ): Promise<Claimed> => {
    const until = performance.now() + claim.waitMs
    for (;;) {
      const woken = new AbortController()
      place.wake = () => woken.abort()
      const deliveries = claim.limit > 0 ? await claimOnce(host, claim) : []
      const requests = place.queue.splice(0)
      const left = until - performance.now()
      if (deliveries.length + requests.length > 0 || place.changed || left <= 0 || signal.aborted) {
        const { changed } = place
        place.changed = false
        return { deliveries, requests, changed }
      }
      const next = await deps.store.nextDue(await deps.pullSessions(), host)
      const napMs = next === undefined ? longestNapMs : Math.max(1, next - deps.now())
      await pause(Math.min(left, longestNapMs, napMs), AbortSignal.any([woken.signal, signal]))
    }
  }

  return {
    async claim(host, claim, signal) {
      const place = at(host)
      place.claiming += 1
      // What was wanted of it while it was on its way.
      if (relayed) void relayed.look(host).catch(() => {})
      try {
        return await claimed(place, host, claim, signal)
      } finally {
        place.claiming -= 1
        place.seenAt = performance.now()
      }
    },
    answer: async (host, answer) => open.answer(host, answer) ?? relayed?.answer(host, answer) ?? false,
    wake: (host) => {
      if (host !== undefined) hosts.get(host)?.wake()
      else for (const place of hosts.values()) place.wake()
    },
    changed: (host) => {
      for (const [name, place] of hosts) {
        if (host !== undefined && name !== host) continue
        place.changed = true
        place.wake()
      }
    },
    able(host, openings) {
      at(host).able = new Map(openings.map((one) => [one.generation, one]))
      relayed?.note(host, openings)
    },
    connection: (session) => {
      const { host } = session
      if (host === undefined) return undefined
      const known = relayed?.abilities(host) ?? hosts.get(host)?.able
      const able = known?.get(session.generation)
      return connectionAt({
        ask: (kind, signal = AbortSignal.timeout(answerMs)) => open.once(session, host, kind, signal),
        watch: (show, signal) => open.watch(session, host, show, signal),
        whyAway: async () =>
          isThere(hosts.get(host)) || relayed?.abilities(host) ? undefined : offlineText(deps, host),
        ...{ host, screen: able?.screen === true, cancel: able?.cancel === true },
      })
    },
    look: async (to) => relayed?.look(to),
  }
}

async function offlineText(
  { store, now }: Pick<HostRequestsDeps, 'store' | 'now'>,
  name: HostName,
): Promise<string> {
  const host = (await store.listHosts()).find((host) => host.name === name)
  return host && hostState(host, now()) === 'revoked' ? revokedText(name) : awayText(name)
}

/** The store, by which hosts hear of what was done to their sessions. */
export function tellingHosts(store: Store, { changed }: Pick<HostRequests, 'changed'>): Store {
  const then = <T>(act: Promise<T>): Promise<T> => act.finally(() => changed())
  return {
    ...store,
    openSession: (...args) => then(store.openSession(...args)),
    endSession: (...args) => then(store.endSession(...args)),
    decide: (...args) => then(store.decide(...args)),
  }
}
