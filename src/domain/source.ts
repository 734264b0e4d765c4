import type { Delivery, Source } from './delivery.ts'
import { type Grant, type GrantId, isCurrent, isExpired } from './grant.ts'

/** The grant by which a knock came in, at a session or at a hook. */
export const grantBehind = (source: Source): GrantId | undefined =>
  source.kind === 'grant' || source.kind === 'hook' ? source.grant : undefined

/** Whether the grant behind a knock opens what it is for at `now` (Unix milliseconds). `serial`: that of its token. */
export const stillOpens = (
  grant: Grant | undefined,
  {
    source,
    session,
    serial,
  }: Pick<Delivery, 'source' | 'session'> & { readonly serial?: number | undefined },
  now: number,
): grant is Grant =>
  grant !== undefined &&
  grant.revokedAt === undefined &&
  grant.pausedAt === undefined &&
  !isExpired(grant, now) &&
  isCurrent(grant, serial, now) &&
  (source.kind === 'hook' ? grant.hook === source.hook : grant.session === session)

/** The scope inside which an idempotency key means one delivery. */
export function scopeOf(source: Source): string {
  if (source.kind === 'grant') return `grant:${source.grant}`
  if (source.kind === 'hook') return `hook:${source.hook}`
  return source.kind === 'wait' ? `wait:${source.grant}` : 'admin'
}
