import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import { doorMark, doorsThere, type HostName } from '../domain/host.ts'
import type { Store } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'
import { pause } from '../wait.ts'
import { isOpen, keepName, knownName, ownName, placeOf, takeName } from './door-name.ts'

// Several doors may share a store in PostgreSQL. Each has a name there, as the machines that join have, for the agents of its own
// machine: their sessions are its own, no other door brings them messages, and they are offline while it is away.

/** How long a process counts as there after it last said so, how often it says so, and how often it looks who else is. Milliseconds. */
const [aliveMs, renewMs] = [10_000, 3000]

interface DoorDeps {
  readonly home: Pick<Home, 'root' | 'nameFile'>
  readonly store: Store
  /** The store's own time. */
  readonly steady: { readonly now: () => number }
  /** Unix milliseconds. */
  readonly now: () => number
  /** What it tells the others under that name (`Doors.publishFacts`). */
  readonly publishFacts: (name: HostName) => () => Promise<void>
}

/** A door as one of those that share its store. */
export interface Doors {
  /** As which it owns sessions; undefined where the store is its alone. */
  readonly host?: HostName
  /** The store, through which it opens its own sessions and claims their messages. */
  readonly store: Store
  /** Whether it is the one that keeps house: callbacks, notices, what expires, what is purged. */
  readonly leads: () => boolean
  /** Whether it tells notices: it leads, and what the one before was telling has ended. */
  readonly tells: () => boolean
  /** How many doors share the store now, this one included. */
  readonly count: () => number
  /**
   * Looks who is there. True when this door has begun to keep house in the place of one that is gone: what that had under way is to be freed.
   * One that is there and has given the house away ends it itself.
   */
  readonly look: () => Promise<boolean>
  /** Says that it is still there. Throws `unauthorized` when another process has taken its name, or it was revoked. */
  readonly renew: () => Promise<void>
  readonly renewMs: number
  /** Tells the others what of this door they must have in common. */
  readonly publishFacts: () => Promise<void>
  /** It begins to stop: where others are there the next one keeps house, once `ended` what must not be done by two at a time. */
  readonly giveHouse: (ended: () => Promise<void>) => Promise<void>
  /** It stops: its sessions are away from now on. */
  readonly leave: () => Promise<void>
}

/** The door of a store that no other shares. */
export const onlyDoor = (store: Store): Doors => ({
  store,
  leads: () => true,
  tells: () => true,
  count: () => 1,
  look: async () => false,
  renew: async () => {},
  renewMs,
  publishFacts: async () => {},
  giveHouse: async () => {},
  leave: async () => {},
})

/** From now on this process serves as that door. Waits for the lease of one that was killed; a copied home gets another name. */
export async function joinDoors(deps: DoorDeps): Promise<Doors> {
  const { home, store, steady, publishFacts } = deps
  const host = await freeName(deps)
  let until = steady.now() + aliveMs
  const attached = await store.attachHost(host, steady.now(), until)
  if (!attached) throw revoked(host)
  let isFirst = false
  let isStopping = false
  let count = 1
  let tellsFrom = 0
  /** Who kept house when this door last saw one. */
  let keeper: HostName | undefined
  const leads = () => isFirst && !isStopping && steady.now() < until
  const there = async () => doorsThere(await store.listHosts(), steady.now())
  const renew = async () => {
    const at = steady.now()
    const alive = await store.renewHost(host, attached.epoch, at, at + aliveMs)
    if (!alive) throw revoked(host)
    // Another one may keep house since.
    if (at >= until && isFirst) isFirst = (await there())[0]?.name === host
    until = at + aliveMs
    // Else commands of this home would choose another name, and open sessions that this process does not serve.
    if (knownName(home) !== host) keepName(home.nameFile, host)
  }
  return {
    host,
    store: storeOf(store, host, leads),
    leads,
    tells: () => leads() && steady.now() >= tellsFrom,
    count: () => count,
    look: async () => {
      const doors = await there()
      const [before, wasFirst] = [keeper, isFirst]
      count = Math.max(1, doors.length)
      keeper = doors[0]?.name ?? before
      isFirst = doors[0]?.name === host
      if (!isFirst || wasFirst) return false
      const knowsAll = before !== undefined || count === 1
      // It was killed and is back before the others noticed: what its earlier process told may be under way.
      tellsFrom = knowsAll ? 0 : steady.now() + callMs
      return knowsAll && before !== host && !doors.some(({ name }) => name === before)
    },
    renew,
    renewMs,
    publishFacts: publishFacts(host),
    giveHouse: async (ended) => {
      if (count === 1) return
      isStopping = true
      await ended()
      await store.stepBack(host, attached.epoch, steady.now())
    },
    leave: async () => {
      await store.renewHost(host, attached.epoch, steady.now(), steady.now())
      await store.markAway(steady.now())
    },
  }
}

async function freeName({ home, store, steady, now }: DoorDeps): Promise<HostName> {
  const mark = doorMark(placeOf(home.root))
  // A home that is made anew at its place, as a container's, is the door that was there before.
  const before =
    knownName(home) === undefined
      ? (await store.listHosts()).find((host) => host.tokenHash === mark && isOpen(host))
      : undefined
  const name = before?.name ?? (await ownName(home, store, now()))
  const until = performance.now() + aliveMs + renewMs
  for (;;) {
    const row = (await store.listHosts()).find((host) => host.name === name)
    if (!row || (row.tokenHash === mark && !before)) return name
    if ((row.aliveUntil ?? 0) <= steady.now()) {
      // The home was moved, or its machine has another name.
      if (row.tokenHash !== mark) await store.rotateHost(name, mark)
      keepName(home.nameFile, name)
      return name
    }
    if (performance.now() > until) return takeName(home, store, now())
    await pause(renewMs / 10)
  }
}

const revoked = (host: HostName): Failure =>
  new Failure(
    // With an exit code after which no unit starts it again: it would take its place in turn, or undo what a person has decided.
    'unauthorized',
    `Another process serves as the door "${host}" now, or it was revoked: postern hosts ls. Started anew by hand it is a door again.`,
  )

/** Longer than a callback or a notice takes (`callbackTimeoutMs`): so long it is left to the door that has begun it, then another one makes it. */
const callMs = 15_000

/** Its own sessions are its host's; beside their messages the one that leads brings what belongs to nobody. */
function storeOf(store: Store, host: HostName, leads: () => boolean): Store {
  return {
    ...withOwnSessions(store, async () => host),
    claimDue: async (claim) => {
      if (claim.host !== undefined) return store.claimDue(claim)
      const own = await store.claimDue({ ...claim, host })
      const limit = claim.limit - own.length
      return leads() && limit > 0
        ? [...own, ...(await store.claimDue({ ...claim, limit, callbackLeaseMs: callMs }))]
        : own
    },
    nextDue: async (except, of) => {
      if (of !== undefined) return store.nextDue(except, of)
      // In one turn: together they look once for what others wrote.
      const all = await Promise.all([
        store.nextDue(except, host),
        leads() ? store.nextDue(except) : undefined,
      ])
      return all.filter((at) => at !== undefined).sort((a, b) => a - b)[0]
    },
  }
}

/** What is opened here is this door's; an inbox, whose messages are fetched from any, is nobody's. */
export const withOwnSessions = (store: Store, host: () => Promise<HostName>): Store => ({
  ...store,
  openSession: async (session, options) => store.openSession(await owned(session, host), options),
})

async function owned(session: Session, host: () => Promise<HostName>): Promise<Session> {
  if (session.host !== undefined || session.driver === 'inbox') return session
  return { ...session, host: await host() }
}
