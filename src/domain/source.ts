import type { Delivery, Source } from './delivery.ts'
import { type Grant, type GrantId, isExpired } from './grant.ts'

/** The grant by which a knock came in, at a session or at a hook. */
export const grantBehind = (source: Source): GrantId | undefined =>
  source.kind === 'admin' ? undefined : source.grant

/** Whether the grant behind a knock opens what it is for at `now` (Unix milliseconds). */
export const stillOpens = (
  grant: Grant | undefined,
  { source, session }: Pick<Delivery, 'source' | 'session'>,
  now: number,
): boolean =>
  grant !== undefined &&
  grant.revokedAt === undefined &&
  !isExpired(grant, now) &&
  (source.kind === 'hook' ? grant.hook === source.hook : grant.session === session)
