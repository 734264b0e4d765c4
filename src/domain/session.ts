import { Failure } from './error.ts'
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

const spelling = /^[a-z0-9][a-z0-9._-]{0,63}$/

export function parseSessionId(text: string): SessionId {
  if (!spelling.test(text))
    throw new Failure(
      'usage',
      'A session id is 1 to 64 of a-z 0-9 . _ - and starts with a letter or digit, for example "build".',
    )
  return text as SessionId
}

const scheme = 'postern:/sessions/'

/** The channel of a session, for example `postern:/sessions/build`. */
export const channelOf = (session: SessionId): string => `${scheme}${session}`

/** The session a channel names, or undefined when it is not a channel of ours. */
export function sessionOf(channel: string): SessionId | undefined {
  const id = channel.startsWith(scheme) ? channel.slice(scheme.length) : ''
  return spelling.test(id) ? (id as SessionId) : undefined
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
  const hint = suggestion(
    id,
    known.map((session) => session.id),
  )
  return new Failure('session_missing', `There is no session "${id}". ${hint}`, {
    plain: `There is no such session. ${hint}`,
  })
}

const ended = (id: string): Failure =>
  new Failure('session_ended', `The session "${id}" has ended.`, { plain: 'The session has ended.' })
