import { Failure } from '../domain/error.ts'
import {
  awayText,
  type Host,
  type HostName,
  type HostPresence,
  type HostStore,
  isDoor,
  revokedText,
} from '../domain/host.ts'
import type { Session } from '../domain/session.ts'
import type { SqlValue } from '../platform/platform.ts'
import type { Cache } from './cache.ts'
import { releaseLeases } from './claims.ts'
import type { StoreContext } from './context.ts'
import { noteHostToken } from './revocations.ts'
import { hostOf } from './rows.ts'

type HostWrites = Omit<HostStore, 'listHosts'> & HostPresence

export const hostWrites = (context: StoreContext): HostWrites => ({
  addHost: (name, tokenHash, at) => context.write(() => add(context, name, tokenHash, at)),
  rotateHost: (name, tokenHash) => context.write(() => rotate(context, name, tokenHash)),
  revokeHost: (name, at) => context.write(() => revoke(context, name, at)),
  attachHost: (name, now, aliveUntil) => context.write(() => attach(context, name, now, aliveUntil)),
  renewHost: (name, epoch, now, aliveUntil) =>
    context.write(() => renew(context, name, epoch, now, aliveUntil)),
  stepBack: (name, epoch, now) => context.write(() => stepBack(context, name, epoch, now)),
  markAway: async (now) =>
    (await context.read(() => awayNow(context.cache, now))).length > 0
      ? context.write(() => markAway(context, now))
      : 0,
})

/** Throws `forbidden` for an opening on a host that was revoked. */
export function refuseRevoked({ cache }: StoreContext, { host }: Session): void {
  if (host !== undefined && hostCalled(cache, host)?.revokedAt !== undefined)
    throw new Failure('forbidden', `The host "${host}" was revoked.`, { plain: 'That host was revoked.' })
}

function add(context: StoreContext, name: HostName, tokenHash: string, at: number): Host {
  const before = hostCalled(context.cache, name)
  if (before && before.revokedAt === undefined)
    throw new Failure('host_exists', `There is a host "${name}". Revoke it first, or take another name.`, {
      plain: 'There is a host of that name. Revoke it first, or take another one.',
    })
  const { epoch = 0 } = before ?? {}
  changed(
    context,
    `INSERT INTO hosts (name, epoch, token_hash, created_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at,
       alive_until = NULL, seen_at = NULL, revoked_at = NULL RETURNING *`,
    name,
    epoch,
    tokenHash,
    at,
  )
  return { name, epoch, tokenHash, createdAt: at }
}

function rotate(context: StoreContext, name: HostName, tokenHash: string): Host | undefined {
  const before = hostCalled(context.cache, name)
  if (!before || before.revokedAt !== undefined) return undefined
  if (context.revokedFile !== undefined) noteHostToken(context, context.revokedFile, before)
  return changed(context, 'UPDATE hosts SET token_hash = ? WHERE name = ? RETURNING *', tokenHash, name)
}

function revoke(context: StoreContext, name: HostName, at: number): Host | undefined {
  const before = hostCalled(context.cache, name)
  if (!before || before.revokedAt !== undefined) return before
  if (context.revokedFile !== undefined) noteHostToken(context, context.revokedFile, before)
  releaseLeases(context, context.time.now(), name, 'its host was revoked during this attempt')
  for (const session of context.cache.sessions())
    if (session.host === name && session.state !== 'ended')
      mark(context, session, 'offline', revokedText(name))
  return changed(context, 'UPDATE hosts SET revoked_at = ? WHERE name = ? RETURNING *', at, name)
}

function attach(context: StoreContext, name: HostName, now: number, aliveUntil: number): Host | undefined {
  comeLast(context, name, now)
  const host = changed(
    context,
    `UPDATE hosts SET epoch = epoch + 1, alive_until = ?, seen_at = ? WHERE name = ? AND revoked_at IS NULL
     RETURNING *`,
    aliveUntil,
    now,
    name,
  )
  if (!host) return undefined
  releaseLeases(context, now, name)
  markBack(context, name)
  return host
}

function renew(
  context: StoreContext,
  name: HostName,
  epoch: number,
  now: number,
  aliveUntil: number,
): boolean {
  if (hostCalled(context.cache, name)?.epoch === epoch) comeLast(context, name, now)
  const host = changed(
    context,
    `UPDATE hosts SET alive_until = ?, seen_at = ? WHERE name = ? AND epoch = ? AND revoked_at IS NULL RETURNING *`,
    aliveUntil,
    now,
    name,
    epoch,
  )
  if (host) markBack(context, name)
  return host !== undefined
}

function stepBack(context: StoreContext, name: HostName, epoch: number, now: number): void {
  if (hostCalled(context.cache, name)?.epoch === epoch) placeLast(context, name, now)
}

/** Who keeps house goes on with it when a door comes that was not there, also one that did before. */
function comeLast(context: StoreContext, name: HostName, now: number): void {
  const host = hostCalled(context.cache, name)
  if (host && isDoor(host) && (host.aliveUntil ?? 0) <= now) placeLast(context, name, now)
}

/** Whatever the clock of the machine says that came before. */
function placeLast(context: StoreContext, name: HostName, now: number): void {
  const others = context.cache.hosts().filter((host) => isDoor(host) && host.name !== name)
  const last = Math.max(now, ...others.map(({ createdAt }) => createdAt + 1))
  changed(
    context,
    'UPDATE hosts SET created_at = ? WHERE name = ? AND revoked_at IS NULL RETURNING *',
    last,
    name,
  )
}

/** What is offline for a reason of its own stays so. */
function markBack(context: StoreContext, name: HostName): void {
  const gone: readonly (string | undefined)[] = [awayText(name), revokedText(name)]
  for (const session of context.cache.sessions())
    if (session.host === name && session.state === 'offline' && gone.includes(session.why))
      mark(context, session, 'live')
}

function markAway(context: StoreContext, now: number): number {
  const away = awayNow(context.cache, now)
  for (const { session, why } of away) mark(context, session, 'offline', why)
  return away.length
}

function awayNow(cache: Cache, now: number) {
  return cache
    .hosts()
    .filter(({ revokedAt, aliveUntil = 0 }) => revokedAt !== undefined || aliveUntil <= now)
    .flatMap(({ name, revokedAt }) =>
      cache
        .sessions()
        .filter(({ host, state }) => host === name && state === 'live')
        .map((session) => ({ session, why: revokedAt === undefined ? awayText(name) : revokedText(name) })),
    )
}

function mark(context: StoreContext, { id }: Session, state: Session['state'], why?: string): void {
  context.sql('UPDATE sessions SET state = ?, why = ? WHERE id = ?').run(state, why ?? null, id)
  context.cache.forgetSession(id)
}

const hostCalled = (cache: Cache, name: HostName): Host | undefined =>
  cache.hosts().find((host) => host.name === name)

/** The host as the statement leaves it, where it changed one. */
function changed(
  { sql, cache }: StoreContext,
  statement: string,
  ...values: readonly SqlValue[]
): Host | undefined {
  const row = sql(statement).get(...values)
  cache.forgetHosts()
  return row && hostOf(row)
}
