import { channelOfOpened } from '../domain/channel.ts'
import type { Grant, GrantId } from '../domain/grant.ts'
import { pausedHappening } from '../domain/pause.ts'
import type { DoorStore } from '../domain/ports.ts'
import { channelOf, requireOpen, type SessionId } from '../domain/session.ts'
import type { ReadContext, StoreContext } from './context.ts'
import { happened } from './notices.ts'
import { createPause } from './queries.ts'
import { noteRevoked, noteRotated } from './revocations.ts'
import { grantOf } from './rows.ts'

type GrantWrites = Pick<DoorStore, 'addGrant' | 'revokeGrant' | 'pauseGrant' | 'rotateGrant'>

export const grantWrites = (context: StoreContext): GrantWrites => ({
  addGrant: (grant) => context.write(() => add(context, grant)),
  revokeGrant: (id, at) => context.write(() => revoke(context, id, at)),
  pauseGrant: (id, at) => context.write(() => pause(context, id, at)),
  rotateGrant: (id, previousUntil) => context.write(() => rotate(context, id, previousUntil)),
})

export const listGrants = (context: ReadContext, filter: Filter): Promise<readonly Grant[]> =>
  filter.idPrefix ? context.read(() => listPrefixed(context, filter)) : list(context, filter)

export function add({ sql, cache }: StoreContext, grant: Grant): void {
  if (grant.session !== undefined) requireOpen(cache.session(grant.session), grant.session)
  sql(
    `INSERT INTO grants (id, channel, verb, label, created_at, expires_at, revoked_at, last_used_at, uses,
       max_uses, generation)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    grant.id,
    channelOfOpened(grant),
    grant.verb,
    grant.label ?? null,
    grant.createdAt,
    grant.expiresAt ?? null,
    grant.revokedAt ?? null,
    grant.lastUsedAt ?? null,
    grant.uses,
    grant.maxUses ?? null,
    grant.generation ?? null,
  )
}

function listPrefixed({ sql }: ReadContext, { session, idPrefix = '' }: Filter): readonly Grant[] {
  const rows = sql('SELECT * FROM grants WHERE id >= ? AND id < ? ORDER BY created_at DESC, id DESC')
  const grants = rows.all(idPrefix, `${idPrefix}\u{10ffff}`).map(grantOf)
  return session === undefined ? grants : grants.filter((grant) => grant.session === session)
}

type Filter = Parameters<DoorStore['listGrants']>[0]

/** Piece by piece: there may be a hundred thousand, and knocks are answered in between. */
async function list(context: ReadContext, { session }: Filter): Promise<readonly Grant[]> {
  const pause = createPause()
  const found: Grant[] = []
  for (let piece = await next(); piece.length > 0; piece = await next()) {
    found.push(...piece)
    await pause()
  }
  return found

  function next(): Promise<readonly Grant[]> {
    const last = found.at(-1)
    const after = [last?.createdAt ?? Number.MAX_SAFE_INTEGER, last?.id ?? ''] as const
    return context.read(() => listPiece(context, session, after))
  }
}

const pieceRows = 500

function listPiece(
  { sql }: ReadContext,
  session: SessionId | undefined,
  [createdAt, id]: readonly [number, string],
): readonly Grant[] {
  const rest = `(created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ${pieceRows}`
  const rows =
    session === undefined
      ? sql(`SELECT * FROM grants WHERE ${rest}`).all(createdAt, id)
      : sql(`SELECT * FROM grants WHERE channel = ? AND ${rest}`).all(channelOf(session), createdAt, id)
  return rows.map(grantOf)
}

function revoke(context: StoreContext, id: GrantId, at: number): Grant | undefined {
  const { sql, cache, revokedFile, now } = context
  const grant = cache.grant(id)
  if (grant?.revokedAt !== undefined || !grant) return grant
  if (revokedFile !== undefined) noteRevoked(context, revokedFile, id)
  // Knocks may have been stored while this waited for the lock: they came before it, and the times say so.
  sql('UPDATE grants SET revoked_at = ? WHERE id = ?').run(Math.max(at, now()), id)
  cache.forgetGrant(id)
  return cache.grant(id)
}

function pause(context: StoreContext, id: GrantId, at: number | undefined): Grant | undefined {
  const { sql, cache } = context
  const grant = cache.grant(id)
  if (!grant || (grant.pausedAt === undefined) === (at === undefined)) return grant
  sql('UPDATE grants SET paused_at = ? WHERE id = ?').run(at ?? null, id)
  cache.forgetGrant(id)
  if (at !== undefined) happened(context, pausedHappening(`grant:${id}`, grant.session))
  return cache.grant(id)
}

function rotate(context: StoreContext, id: GrantId, previousUntil: number): Grant | undefined {
  const { sql, cache, revokedFile } = context
  const grant = cache.grant(id)
  if (!grant) return undefined
  const serial = (grant.serial ?? 0) + 1
  if (revokedFile !== undefined) noteRotated(context, revokedFile, { id, serial, previousUntil })
  sql('UPDATE grants SET serial = ?, previous_until = ? WHERE id = ?').run(serial, previousUntil, id)
  cache.forgetGrant(id)
  return cache.grant(id)
}
