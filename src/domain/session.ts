import { Failure } from './error.ts'
import type { HostName } from './host.ts'
import { isName, requireName } from './name.ts'
import { suggestion } from './nearest.ts'

export type SessionId = string & { readonly brand: 'SessionId' }
export type SessionState = 'live' | 'offline' | 'ended'
export type DriverSettings = { readonly [key: string]: unknown }

/** One agent that can take input, as the store keeps it. Times are Unix milliseconds. */
export interface Session {
  readonly id: SessionId
  /** Names one opening of the id: a pid, pane or socket of an earlier opening never matches again. */
  readonly generation: string
  readonly driver: string
  /** What the driver needs to find or start the agent; only that driver parses it. */
  readonly settings: DriverSettings
  /** What its agent asks is put before people, who decide by a link, the command line, the API or the dashboard. */
  readonly decisions?: true
  /** The machine that its agent runs on; absent: the door's own, or any (an inbox). */
  readonly host?: HostName
  readonly state: SessionState
  /** Why it is offline or how it ended, for people. */
  readonly why?: string
  readonly exitCode?: number
  readonly openedAt: number
  readonly endedAt?: number
}

/** Where a message goes: the session as it is, or the id of one that is not there (yet). */
export type Address = Session | { readonly id: SessionId; readonly state: 'missing' }

export const isClosed = (
  address: Address,
): address is Exclude<Address, Session> | (Session & { readonly state: 'ended' }) =>
  address.state === 'missing' || address.state === 'ended'

/** What stands in the way of a message that waits for its session to be opened. */
export type ClosedBecause = 'session_ended' | 'session_missing'

/** Why nothing can be brought there now; undefined for a session that is open. */
export function closedBecause(session: Pick<Session, 'state'> | undefined): ClosedBecause | undefined {
  if (!session) return 'session_missing'
  return session.state === 'ended' ? 'session_ended' : undefined
}

/** The same for people. */
export const closedText = (session: Pick<Session, 'state' | 'why'> | undefined): string =>
  session
    ? `the session has ended${session.why === undefined ? '' : ` (${session.why})`}${untilOpened}`
    : `there is no such session yet${untilOpened}`

const untilOpened = '; it waits until that id is opened'

/** Why a message waited that does so no more. */
export const waitedText = (why: string): string => why.replace(/; it waits until .*$/, '')

/** One of the sessions that a new store begins with: gives way to whatever is registered under its name. */
export const isStanding = ({ generation }: Pick<Session, 'generation'>): boolean => generation === 'standing'

/** Throws `usage` for an opening of a session that every home begins with by a host: its messages wait at the door. */
export function refuseStandingOnHost({ id, host }: Pick<Session, 'id' | 'host'>): void {
  if (host !== undefined && standing.includes(id))
    throw new Failure('usage', `The session "${id}" belongs to no machine. Open another one on "${host}".`)
}

const standing: readonly string[] = ['default', 'webhook-agent']

export function parseSessionId(text: string): SessionId {
  requireName(text, 'A session id', 'build')
  return text as SessionId
}

const scheme = 'postern:/sessions/'

/** The channel of a session, for example `postern:/sessions/build`. */
export const channelOf = (session: SessionId): string => `${scheme}${session}`

/** The session a channel names, or undefined when it is not a channel of ours. */
export function sessionOf(channel: string): SessionId | undefined {
  const id = channel.startsWith(scheme) ? channel.slice(scheme.length) : ''
  return isName(id) ? (id as SessionId) : undefined
}

/** Whether its agent runs on the machine that is that host; one without a host runs wherever it is asked for. */
export const runsAt = ({ host }: Pick<Session, 'host'>, here: HostName | undefined): boolean =>
  host === undefined || host === here

/** Whether the session is still open, and as it was opened then. */
export const isSameOpening = (
  session: Session | undefined,
  { generation }: Pick<Session, 'generation'>,
): boolean => session?.generation === generation && session.state !== 'ended'

/** The one of these that has that id, in whatever state. Throws `session_missing`. */
export function sessionIn<T extends { readonly id: string }>(sessions: readonly T[], id: string): T {
  const found = sessions.find((session) => session.id === id)
  if (!found) throw noSuchSession(id)
  return found
}

/** Refuses a session that has ended; used where a knock or a mint needs one that can still take input. */
export function requireOpen(session: Session | undefined, id: string): Session {
  if (!session) throw noSuchSession(id)
  if (session.state === 'ended') throw ended(id)
  return session
}

/** The refusal of a session that there is not. */
export const noSuchSession = (id: string): Failure =>
  new Failure('session_missing', `There is no session "${id}" (any more).`, {
    plain: 'There is no such session (any more).',
  })

/** The same, with the nearest of those that there are. */
export function unknownSession(id: string, known: readonly Pick<Session, 'id'>[]): Failure {
  const names = known.map((session) => session.id)
  const hint = names.length > 0 ? suggestion(id, names) : 'There is none yet.'
  return new Failure('session_missing', `There is no session "${id}". ${hint}`, {
    plain: `There is no such session. ${hint}`,
  })
}

const ended = (id: string): Failure =>
  new Failure('session_ended', `The session "${id}" has ended.`, { plain: 'The session has ended.' })
