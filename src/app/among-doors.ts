import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import { doorMark, doorsThere, type Host, type HostName, isDoor } from '../domain/host.ts'
import { isName } from '../domain/name.ts'
import type { Store } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'
import { pause } from '../wait.ts'

// Several doors may share a store in PostgreSQL. Each has a name there, as the machines that join have, for the agents of its own
// machine: their sessions are its own, no other door brings them messages, and they are offline while it is away.

/** The name of this home's door; undefined where it has none yet. */
export function knownName({ nameFile }: Pick<Home, 'nameFile'>): HostName | undefined {
  const text = existsSync(nameFile) ? readFileSync(nameFile, 'utf8').trim() : ''
  return isName(text) ? (text as HostName) : undefined
}

/** The name of this home's door, chosen at its first opening after the machine's. */
export async function ownName(
  home: Pick<Home, 'root' | 'nameFile'>,
  store: Pick<Store, 'listHosts' | 'addHost'>,
  now: number,
): Promise<HostName> {
  const known = knownName(home)
  if (known !== undefined && (await store.listHosts()).some((host) => host.name === known && isOpen(host)))
    return known
  return takeName(home, store, now, known)
}

const isOpen = (host: Host): boolean => isDoor(host) && host.revokedAt === undefined

/** The name of this home's door, and its mark, in a store that has hosts of those names. */
export function nameAmong(
  { root, nameFile }: Pick<Home, 'root' | 'nameFile'>,
  taken: readonly string[],
): Pick<Host, 'name' | 'tokenHash'> {
  const wanted = nameOf(hostname())
  for (let number = 1; ; number += 1) {
    const name = numbered(wanted, number)
    if (taken.includes(name)) continue
    keepName(nameFile, name)
    return { name, tokenHash: doorMark(placeOf(root)) }
  }
}

async function takeName(
  { root, nameFile }: Pick<Home, 'root' | 'nameFile'>,
  store: Pick<Store, 'addHost'>,
  now: number,
  wanted = nameOf(hostname()),
): Promise<HostName> {
  for (let number = 1; ; number += 1) {
    const name = numbered(wanted, number)
    try {
      await store.addHost(name, doorMark(placeOf(root)), now)
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.code === 'host_exists') continue
      throw thrown
    }
    keepName(nameFile, name)
    return name
  }
}

const numbered = (wanted: HostName, number: number): HostName =>
  (number === 1 ? wanted : `${wanted}-${number}`) as HostName

function keepName(nameFile: string, name: HostName): void {
  writeFileSync(`${nameFile}.new`, `${name}\n`, { mode: 0o600 })
  renameSync(`${nameFile}.new`, nameFile)
}

const longestName = 56

function nameOf(machine: string): HostName {
  const name = machine
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, longestName)
  return (isName(name) ? name : 'door') as HostName
}

/** Where a home lies, to people. */
export const placeOf = (root: string): string => `${hostname()}:${root}`

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
  /** Whether it tells notices: it leads, and what another one was telling has ended. */
  readonly tells: () => boolean
  /** How many doors share the store now, this one included. */
  readonly count: () => number
  /**
   * Looks who is there. True when this door has begun to keep house in the place of one that is gone: what that had under way is to be freed.
   */
  readonly look: () => Promise<boolean>
  /** Says that it is still there. Throws `unauthorized` when another process has taken its name, or it was revoked. */
  readonly renew: () => Promise<void>
  readonly renewMs: number
  /** Tells the others what of this door they must have in common. */
  readonly publishFacts: () => Promise<void>
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
  leave: async () => {},
})

/** From now on this process serves as that door. Waits for the lease of one that was killed; a copied home gets another name. */
export async function joinDoors(deps: DoorDeps): Promise<Doors> {
  const { home, store, steady, publishFacts } = deps
  const host = await freeName(deps)
  const attached = await store.attachHost(host, steady.now(), steady.now() + aliveMs)
  if (!attached) throw revoked(host)
  let leads = false
  let count = 1
  let followed = false
  let tellsFrom = 0
  const renew = async () => {
    const alive = await store.renewHost(host, attached.epoch, steady.now(), steady.now() + aliveMs)
    if (!alive) throw revoked(host)
    // Else commands of this home would choose another name, and open sessions that this process does not serve.
    if (knownName(home) !== host) keepName(home.nameFile, host)
  }
  return {
    host,
    store: storeOf(store, host, () => leads),
    leads: () => leads,
    tells: () => leads && steady.now() >= tellsFrom,
    count: () => count,
    look: async () => {
      const doors = doorsThere(await store.listHosts(), steady.now())
      count = Math.max(1, doors.length)
      const before = leads
      leads = doors[0]?.name === host
      // A younger one that is there keeps what it has begun: it has kept house while this one was away.
      const inPlaceOf = leads && !before && (followed || count === 1)
      if (leads && !before) tellsFrom = inPlaceOf ? 0 : steady.now() + callMs
      followed = !leads
      return inPlaceOf
    },
    renew,
    renewMs,
    publishFacts: publishFacts(host),
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
