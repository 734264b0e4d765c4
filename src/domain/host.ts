import { requireName } from './name.ts'

export type HostName = string & { readonly brand: 'HostName' }

/**
 * A machine that runs agents and joins this door over a connection of its own. Times are Unix milliseconds; `aliveUntil` and
 * `seenAt` by the store's clock.
 */
export interface Host {
  readonly name: HostName
  /** Counts the processes that have served for it: what an earlier one settles is dropped. */
  readonly epoch: number
  /** SHA-256 of its token, in hexadecimal; of a door, which needs none, its mark (`doorMark`). */
  readonly tokenHash: string
  /** Of a door, since when it is there: who has been there longest keeps house (`doorsThere`). */
  readonly createdAt: number
  /** Until then its process counts as there; absent while none has come yet. */
  readonly aliveUntil?: number
  readonly seenAt?: number
  readonly revokedAt?: number
}

/** The part of `DoorStore` about the machines that may join. */
export interface HostStore {
  /** Throws `host_exists` where there is one of that name that is not revoked. The epoch of a revoked one goes on. */
  addHost(name: HostName, tokenHash: string, at: number): Promise<Host>
  /** By name. Answered from memory when nothing changed. */
  listHosts(): Promise<readonly Host[]>
  /** Its token from now on; undefined when there is no such host, or it is revoked. */
  rotateHost(name: HostName, tokenHash: string): Promise<Host | undefined>
  /** It opens nothing any more, and its sessions are offline; a second time changes nothing. Undefined when there is no such host. */
  revokeHost(name: HostName, at: number): Promise<Host | undefined>
}

/** The part of `HostLink` by which a process says that it serves for a host. */
export interface HostPresence {
  /**
   * A process begins to serve for it, and fences every earlier one: the epoch grows, what an earlier process had leased is freed as
   * `unknown`, and sessions that were offline because their host was away are live again. A door that was not there comes after those
   * that are. Undefined when there is no such host, or it is revoked.
   */
  attachHost(name: HostName, now: number, aliveUntil: number): Promise<Host | undefined>
  /**
   * The process of that epoch is still there, and so are its sessions again. A door whose time was over comes after those that are there.
   * False when another has taken its place, or the host is revoked.
   */
  renewHost(name: HostName, epoch: number, now: number, aliveUntil: number): Promise<boolean>
  /** The door of that epoch comes after all others from now on: the next one keeps house, while it ends what it has begun. */
  stepBack(name: HostName, epoch: number, now: number): Promise<void>
  /** Live sessions of hosts whose time is over become offline. Returns how many. */
  markAway(now: number): Promise<number>
}

const doorPrefix = 'door '

/** In place of a token's hash, of a door that shares the store with others: where its home lies. */
export const doorMark = (place: string): string => doorPrefix + place
export const placeOfDoor = ({ tokenHash }: Pick<Host, 'tokenHash'>): string =>
  tokenHash.slice(doorPrefix.length)
/** Doors that have served, and may again: a home of which commands alone have used the store is none. */
export const doorsAmong = (hosts: readonly Host[]): readonly Host[] =>
  hosts.filter((host) => isDoor(host) && host.revokedAt === undefined && host.aliveUntil !== undefined)
export const isDoor = ({ tokenHash }: Pick<Host, 'tokenHash'>): boolean => tokenHash.startsWith(doorPrefix)

/** The doors that are there, the one that keeps house first: it has been there longest. */
export const doorsThere = (hosts: readonly Host[], now: number): readonly Host[] =>
  hosts
    .filter((host) => isDoor(host) && hostState(host, now) === 'there')
    .sort((a, b) => a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1))

/** Throws `usage`. */
export function parseHostName(text: string): HostName {
  requireName(text, 'The name of a host', 'laptop')
  return text as HostName
}

/** Why a session is offline while its machine is not there, for people. */
export const awayText = (name: HostName): string => `its host "${name}" is away`
export const revokedText = (name: HostName): string => `its host "${name}" was revoked`

/** `waiting`: no process has come yet. Nothing but `there` takes messages. */
export const hostStates = ['waiting', 'there', 'away', 'revoked'] as const
export type HostState = (typeof hostStates)[number]

/** `now` by the store's clock. */
export function hostState({ aliveUntil, revokedAt }: Host, now: number): HostState {
  if (revokedAt !== undefined) return 'revoked'
  if (aliveUntil === undefined) return 'waiting'
  return now < aliveUntil ? 'there' : 'away'
}
