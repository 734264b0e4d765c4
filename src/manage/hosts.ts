import { Buffer } from 'node:buffer'
import { hashOfToken } from '../auth/secrets.ts'
import { Failure } from '../domain/error.ts'
import { type Host, hostState, isDoor, parseHostName } from '../domain/host.ts'
import { suggestion } from '../domain/nearest.ts'
import type { Clock, DoorStore } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'
import { iso, isoOrNull } from './views.ts'

export interface HostDeps {
  readonly store: Pick<DoorStore, 'addHost' | 'listHosts' | 'rotateHost' | 'revokeHost' | 'listSessions'>
  readonly clock: Pick<Clock, 'now' | 'bytes'>
  /** How far the wall clock is ahead of the store's. Milliseconds. */
  readonly skew: () => number
}

/** A host with a token that it has from now on. */
export interface HostWithToken {
  readonly host: HostView
  /** Shown once; its hash alone is kept. */
  readonly token: string
}

export type HostView = ReturnType<typeof hostView>

interface Around {
  /** Unix milliseconds by the wall clock. */
  readonly now: number
  readonly skew: number
  readonly sessions: readonly Pick<Session, 'host' | 'state'>[]
}

/** A host as programs see it: times are ISO 8601 in UTC. Its token's hash stays out. */
export const hostView = (host: Host, { now, skew, sessions }: Around) => ({
  name: host.name,
  /** A door that shares the store with others, or a machine that has joined one. */
  kind: isDoor(host) ? ('door' as const) : ('host' as const),
  state: hostState(host, now - skew),
  /** When its process was last heard of; null where none has come yet. */
  seenAt: isoOrNull(host.seenAt === undefined ? undefined : host.seenAt + skew),
  createdAt: iso(host.createdAt),
  /** Open ones. */
  sessions: sessions.filter((session) => session.host === host.name && session.state !== 'ended').length,
})

/** Every host there is or was, by name. */
export async function listHosts({ store, clock, skew }: HostDeps): Promise<readonly HostView[]> {
  const [hosts, sessions] = await Promise.all([store.listHosts(), store.listSessions()])
  const around = { now: clock.now(), skew: skew(), sessions }
  return hosts.map((host) => hostView(host, around))
}

/** Lets a machine of that name join. Throws `usage`, and `host_exists` where there is one that is not revoked. */
export async function addHost(deps: HostDeps, name: string): Promise<HostWithToken> {
  const token = newToken(deps.clock)
  const host = await deps.store.addHost(parseHostName(name), hashOfToken(token), deps.clock.now())
  return { host: await viewOf(deps, host), token }
}

/** Another token for a host: the one before it opens nothing from now on. Throws `not_found`. */
export async function rotateHost(deps: HostDeps, name: string): Promise<HostWithToken> {
  const token = newToken(deps.clock)
  const known = await knownHost(deps.store, name)
  if (isDoor(known))
    throw new Failure('usage', `"${name}" is a door: it has no token.`, {
      plain: 'That is a door: it has no token.',
    })
  const host = await deps.store.rotateHost(known.name, hashOfToken(token))
  if (!host)
    throw new Failure('not_found', `The host "${name}" is revoked. Add it anew: postern hosts add ${name}`, {
      plain: 'The host is revoked. Add it anew.',
    })
  return { host: await viewOf(deps, host), token }
}

/** Its token opens nothing any more, and its sessions are offline; what waits for them stays. Throws `not_found`. */
export async function revokeHost(deps: HostDeps, name: string): Promise<HostView> {
  const known = await knownHost(deps.store, name)
  return viewOf(deps, (await deps.store.revokeHost(known.name, deps.clock.now())) ?? known)
}

async function viewOf({ store, clock, skew }: HostDeps, host: Host): Promise<HostView> {
  return hostView(host, { now: clock.now(), skew: skew(), sessions: await store.listSessions() })
}

async function knownHost(store: Pick<DoorStore, 'listHosts'>, name: string): Promise<Host> {
  const hosts = await store.listHosts()
  const found = hosts.find((host) => host.name === name)
  if (found) return found
  const hint = nearestOf(name, hosts)
  throw new Failure('not_found', `There is no host "${name}".${hint}`, {
    plain: `There is no such host.${hint}`,
  })
}

function nearestOf(name: string, hosts: readonly Host[]): string {
  const open = hosts.filter(({ revokedAt }) => revokedAt === undefined).map((host) => host.name)
  return open.length === 0 ? '' : ` ${suggestion(name, open)}`
}

const tokenBytes = 32

const newToken = (clock: Pick<Clock, 'bytes'>): string =>
  `pst_host_${Buffer.from(clock.bytes(tokenBytes)).toString('base64url')}`
