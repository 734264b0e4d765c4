import type { Opened } from './channel.ts'
import { Failure } from './error.ts'
import { suggestion } from './nearest.ts'
import type { Session } from './session.ts'

export type GrantId = string & { readonly brand: 'GrantId' }
export type Verb = 'send_input' | 'run_turn' | 'post_hook' | 'mint_own' | 'decide'

interface VerbFacts {
  readonly summary: string
  /** The kind of channel it is for. */
  readonly opens: 'session' | 'hook'
  /** What becomes of a message; a hook has an action of its own. */
  readonly action?: 'input' | 'turn'
  /** Only for sessions whose answers can be told. */
  readonly needsAnswers?: true
  /** Postern's own: no message comes by it, and nobody is given it on request. Who gets it instead, for people. */
  readonly own?: string
}

/** What may be done through a channel. A new verb is a new row. */
export const verbs: Readonly<Record<Verb, VerbFacts>> = {
  send_input: { summary: 'send the session input, as if it were typed', opens: 'session', action: 'input' },
  run_turn: {
    summary: 'run a full turn of the session, and get its answer',
    opens: 'session',
    action: 'turn',
    needsAnswers: true,
  },
  post_hook: { summary: 'post to one hook, without its secret or signature', opens: 'hook' },
  mint_own: {
    summary: 'let an agent mint waits for its own session',
    opens: 'session',
    own: 'an agent in a session of Postern gets it by itself',
  },
  decide: {
    summary: 'answer one request of an agent',
    opens: 'session',
    own: 'each request of an agent brings its own',
  },
}

/** The verbs that people can mint. */
export const mintableVerbs: readonly Verb[] = (Object.keys(verbs) as Verb[]).filter(
  (verb) => verbs[verb].own === undefined,
)

/** A persisted permission. Times are Unix milliseconds; no `expiresAt` means it was minted to never expire. */
export type Grant = Opened & GrantFacts

interface GrantFacts {
  readonly id: GrantId
  readonly verb: Verb
  readonly label?: string
  readonly createdAt: number
  readonly expiresAt?: number
  readonly revokedAt?: number
  readonly lastUsedAt?: number
  readonly uses: number
  /** As often as it may be used; absent: as often as its holder likes. */
  readonly maxUses?: number
  /** Closed by hand since then, until it is resumed. */
  readonly pausedAt?: number
  /** Which of its tokens opens it; absent until it is rotated for the first time. */
  readonly serial?: number
  /** Until then the token before that one opens it, too. */
  readonly previousUntil?: number
  /** The one opening of its session that it is for; absent: any. */
  readonly generation?: string
}

/** What a token claims; the same facts stand in the grant row, and both must agree. */
export type Claims = Opened & {
  readonly grant: GrantId
  readonly verb: Verb
  /** Unix seconds, as in RFC 7519 section 4.1.4; absent for a grant that never expires. */
  readonly expiresAt?: number
  /** Of a grant that was rotated: which of its tokens this is, from 1 on. */
  readonly serial?: number
}

export const isVerb = (text: string): text is Verb => Object.hasOwn(verbs, text)

/** A verb that people can mint. Throws `usage`. */
export function parseVerb(text: string): Verb {
  if (!isVerb(text))
    throw new Failure('usage', `There is no verb "${text}". ${suggestion(text, mintableVerbs)}`, {
      plain: `There is no such verb. ${suggestion(text, mintableVerbs)}`,
    })
  const { own } = verbs[text]
  if (own !== undefined) throw new Failure('usage', `${text} is not minted on request: ${own}.`)
  return text
}

/** The one refusal of a token, whatever was wrong with it. */
export const forbidden = (extra: Failure['extra'] = {}): Failure =>
  new Failure('forbidden', 'This URL or token opens nothing.', extra)

/**
 * True when the row and the token agree and neither is dead at `now` (Unix milliseconds, no leeway). It may be used up:
 * `isUsedUp` tells, and whoever stores a message decides.
 */
export function admits(grant: Grant | undefined, claims: Claims, now: number): grant is Grant {
  return (
    mayRead(grant, claims, now) &&
    grant.pausedAt === undefined &&
    !isExpired(grant, now) &&
    !hasEnded(claims, now)
  )
}

/** True when the row and the token agree and it is not revoked: that is enough to read the deliveries it once made. */
export function mayRead(grant: Grant | undefined, claims: Claims, now: number): grant is Grant {
  if (!grant || grant.revokedAt !== undefined) return false
  return isFor(grant, claims) && isCurrent(grant, claims.serial, now)
}

const isFor = (grant: Grant, claims: Claims): boolean =>
  opensSame(grant, claims) && grant.verb === claims.verb && isFitting(claims)

/** Whether a token of that serial is the grant's newest, or the one before it while that still opens the grant. */
export function isCurrent(
  { serial = 0, previousUntil = 0 }: Pick<Grant, 'serial' | 'previousUntil'>,
  of: number | undefined,
  now: number,
): boolean {
  const older = serial - (of ?? 0)
  return older === 0 || (older === 1 && now < previousUntil)
}

/** For the operator: why a used-up grant opens nothing. */
export const usedUpText = 'the grant is used up'

/** Whether that is the opening of a session that the grant is for. */
export const isForOpening = (
  { generation }: Pick<Grant, 'generation'>,
  session: Pick<Session, 'generation'> | undefined,
): boolean => generation === undefined || generation === session?.generation

/** `uses`: as many as are known by now. */
export const isUsedUp = ({ maxUses, uses }: Pick<Grant, 'maxUses' | 'uses'>): boolean =>
  maxUses !== undefined && uses >= maxUses

const opensSame = (one: Opened, other: Opened): boolean =>
  one.session === other.session && one.hook === other.hook

const hasEnded = ({ expiresAt }: Claims, now: number): boolean =>
  expiresAt !== undefined && now >= expiresAt * 1000

/** Whether the verb is one for that kind of channel. */
const isFitting = ({ verb, hook }: Claims): boolean =>
  verbs[verb].opens === (hook === undefined ? 'session' : 'hook')

/** How a grant is, in one word: nothing but a live one opens anything. */
export type GrantState = 'live' | 'paused' | 'used_up' | 'expired' | 'revoked'

export function grantState(grant: Grant, now: number): GrantState {
  if (grant.revokedAt !== undefined) return 'revoked'
  if (isExpired(grant, now)) return 'expired'
  if (isUsedUp(grant)) return 'used_up'
  return grant.pausedAt === undefined ? 'live' : 'paused'
}

/** Whether it opens nothing any more, ever. */
export const isOver = (state: GrantState): boolean => state !== 'live' && state !== 'paused'

/** The state as people read it. */
export const stateWord = (state: GrantState): string => state.replace('_', ' ')

/** For the operator: why a token of ours that `admits` refused opens nothing. */
export function whyDead(grant: Grant | undefined, claims: Claims, now: number): string {
  if (!grant) return 'the grant of this token is gone'
  if (grant.revokedAt !== undefined) return 'the grant is revoked'
  if (isExpired(grant, now) || hasEnded(claims, now)) return 'the token has expired'
  if (!isFor(grant, claims)) return 'the token is for another channel or verb than its grant'
  if (!isCurrent(grant, claims.serial, now)) return 'the token was replaced when the grant was rotated'
  if (grant.pausedAt !== undefined) return 'the grant is paused'
  return isUsedUp(grant) ? usedUpText : 'the token is for another door'
}

export const isExpired = (grant: Grant, now: number): boolean =>
  grant.expiresAt !== undefined && now >= grant.expiresAt
