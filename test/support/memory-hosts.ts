import { Failure } from '../../src/domain/error.ts'
import { awayText, type Host, type HostName, isDoor, revokedText } from '../../src/domain/host.ts'
import type { Store } from '../../src/domain/ports.ts'
import type { Session } from '../../src/domain/session.ts'
import type { MemoryState, Write } from './memory-store.ts'

type Hosts = Pick<
  Store,
  'addHost' | 'listHosts' | 'rotateHost' | 'revokeHost' | 'attachHost' | 'renewHost' | 'stepBack' | 'markAway'
>

/** `free` ends what a host has under way. */
export function memoryHosts(state: MemoryState, now: () => number, write: Write, free: Free): Hosts {
  const { hosts, sessions } = state
  const change = (name: HostName, to: (host: Host) => Partial<Host>): Host | undefined => {
    const host = hosts.get(name)
    if (!host || host.revokedAt !== undefined) return undefined
    hosts.set(name, { ...host, ...to(host) })
    return hosts.get(name)
  }
  const mark = (name: HostName, to: (session: Session) => Partial<Session> | undefined): number => {
    const marked = [...sessions.values()].flatMap((session) => {
      const changed = session.host === name ? to(session) : undefined
      return changed ? [{ ...session, ...changed }] : []
    })
    for (const session of marked) sessions.set(session.id, session)
    return marked.length
  }
  const toEnd = (name: HostName, at: number) => {
    const others = [...hosts.values()].filter((host) => isDoor(host) && host.name !== name)
    change(name, () => ({ createdAt: Math.max(at, ...others.map(({ createdAt }) => createdAt + 1)) }))
  }
  const comeLast = (name: HostName, at: number) => {
    const host = hosts.get(name)
    if (host && isDoor(host) && (host.aliveUntil ?? 0) <= at) toEnd(name, at)
  }
  const back = (name: HostName) => {
    const gone = [awayText(name), revokedText(name)]
    for (const { why, ...session } of [...sessions.values()])
      if (session.host === name && session.state === 'offline' && why !== undefined && gone.includes(why))
        sessions.set(session.id, { ...session, state: 'live' })
  }
  return {
    addHost: (name, tokenHash, at) =>
      write(() => {
        const before = hosts.get(name)
        if (before && before.revokedAt === undefined)
          throw new Failure('host_exists', `There is a host "${name}".`)
        const host = { name, epoch: before?.epoch ?? 0, tokenHash, createdAt: at }
        hosts.set(name, host)
        return host
      }),
    listHosts: async () => [...hosts.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    rotateHost: (name, tokenHash) => write(() => change(name, () => ({ tokenHash }))),
    revokeHost: (name, at) =>
      write(() => {
        const host = change(name, () => ({ revokedAt: at }))
        if (!host) return hosts.get(name)
        free(name, now())
        mark(name, ({ state: is }) =>
          is === 'ended' ? undefined : { state: 'offline', why: revokedText(name) },
        )
        return host
      }),
    attachHost: (name, at, aliveUntil) =>
      write(() => {
        comeLast(name, at)
        const host = change(name, ({ epoch }) => ({ epoch: epoch + 1, aliveUntil, seenAt: at }))
        if (!host) return undefined
        free(name, at)
        back(name)
        return host
      }),
    renewHost: (name, epoch, at, aliveUntil) =>
      write(() => {
        const isIts = hosts.get(name)?.epoch === epoch
        if (isIts) comeLast(name, at)
        const host = isIts ? change(name, () => ({ aliveUntil, seenAt: at })) : undefined
        if (host) back(name)
        return host !== undefined
      }),
    stepBack: (name, epoch, at) =>
      write(() => {
        if (hosts.get(name)?.epoch === epoch) toEnd(name, at)
      }),
    markAway: (at) =>
      write(() =>
        [...hosts.values()]
          .filter(({ revokedAt, aliveUntil = 0 }) => revokedAt !== undefined || aliveUntil <= at)
          .map(({ name, revokedAt }) =>
            mark(name, ({ state: is }) =>
              is === 'live'
                ? { state: 'offline', why: revokedAt === undefined ? awayText(name) : revokedText(name) }
                : undefined,
            ),
          )
          .reduce((sum, n) => sum + n, 0),
      ),
  }
}

type Free = (host: HostName, at: number) => void
