import { awayText, type HostName, revokedText } from './host.ts'
import { isStanding, type Session } from './session.ts'

/** The machine, or other door, that had a session open when it was opened elsewhere. */
export interface TakenFrom {
  readonly host: HostName
  readonly isThere: boolean
}

/** Undefined where nobody else's agent loses its session. */
export function takenFrom(
  before: Session | undefined,
  { host }: Pick<Session, 'host'>,
): TakenFrom | undefined {
  if (!before || before.state === 'ended' || isStanding(before)) return undefined
  if (before.host === undefined || before.host === host) return undefined
  const gone: readonly (string | undefined)[] = [awayText(before.host), revokedText(before.host)]
  return { host: before.host, isThere: !gone.includes(before.why) }
}

/** Where a session is open now, for who has lost it. */
export const placeText = ({ host }: { readonly host?: HostName | undefined }): string =>
  host === undefined ? 'at the door' : `on the host "${host}"`

/** Why an opening is over whose id was opened anew while it lasted. */
export const replacedText = (before: Pick<Session, 'host'>, session: Pick<Session, 'host'>): string =>
  before.host === session.host ? 'another took its place' : `another took its place, ${placeText(session)}`
