import { Failure } from './error.ts'

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
  readonly state: SessionState
  /** Why it is offline or how it ended, for people. */
  readonly why?: string
  readonly exitCode?: number
  readonly openedAt: number
  readonly endedAt?: number
}

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
  if (!session) throw new Failure('session_missing', `There is no session "${id}" (any more).`)
  if (session.state === 'ended') throw new Failure('session_ended', `The session "${id}" has ended.`)
  return session
}
