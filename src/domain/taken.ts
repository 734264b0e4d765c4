import { awayText, type Host, type HostName, hostState, revokedText } from './host.ts'
import { isStanding, type Session } from './session.ts'

/** The machine, or other door, that had a session open when it was opened elsewhere. */
export interface TakenFrom {
  readonly host: HostName
  readonly isThere: boolean
  /** Its token opens nothing any more, so that it never hears of this. */
  readonly isRevoked: boolean
}

/** Undefined where nobody else's agent loses its session. `now` by the store's clock. */
export function takenFrom(
  before: Session | undefined,
  { host }: Pick<Session, 'host'>,
  hosts: readonly Host[],
  now: number,
): TakenFrom | undefined {
  if (!before || before.state === 'ended' || isStanding(before)) return undefined
  if (before.host === undefined || before.host === host) return undefined
  const gone: readonly (string | undefined)[] = [awayText(before.host), revokedText(before.host)]
  const owner = hosts.find(({ name }) => name === before.host)
  const state = owner && hostState(owner, now)
  return {
    host: before.host,
    isThere: state === 'there' && !gone.includes(before.why),
    // One that has a session and is waited for was revoked, and has a new token that nobody has come with.
    isRevoked: state === 'revoked' || state === 'waiting',
  }
}

/** Where a session is open now, for who has lost it. */
export const placeText = ({ host }: { readonly host?: HostName | undefined }): string =>
  host === undefined ? 'at the door' : `on the host "${host}"`

/** Why an opening is over whose id was opened anew while it lasted. */
export const replacedText = (before: Pick<Session, 'host'>, session: Pick<Session, 'host'>): string =>
  before.host === session.host ? 'another took its place' : `another took its place, ${placeText(session)}`
