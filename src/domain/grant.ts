import type { Opened } from './channel.ts'
import { Failure } from './error.ts'
import { suggestion } from './nearest.ts'

export type GrantId = string & { readonly brand: 'GrantId' }
export type Verb = 'send_input' | 'run_turn' | 'post_hook'

interface VerbFacts {
  readonly summary: string
  /** The kind of channel it is for. */
  readonly opens: 'session' | 'hook'
  /** What becomes of a message; a hook has an action of its own. */
  readonly action?: 'input' | 'turn'
  /** Only for sessions whose answers can be told. */
  readonly needsAnswers?: true
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
}

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
}

/** What a token claims; the same facts stand in the grant row, and both must agree. */
export type Claims = Opened & {
  readonly grant: GrantId
  readonly verb: Verb
  /** Unix seconds, as in RFC 7519 section 4.1.4; absent for a grant that never expires. */
  readonly expiresAt?: number
}

export const isVerb = (text: string): text is Verb => Object.hasOwn(verbs, text)

export function parseVerb(text: string): Verb {
  if (!isVerb(text))
    throw new Failure('usage', `There is no verb "${text}". ${suggestion(text, Object.keys(verbs))}`, {
      plain: `There is no such verb. ${suggestion(text, Object.keys(verbs))}`,
    })
  return text
}

/** The one refusal of a token, whatever was wrong with it. */
export const forbidden = (extra: Failure['extra'] = {}): Failure =>
  new Failure('forbidden', 'This URL or token opens nothing.', extra)

/** True when the row and the token agree and neither is dead at `now` (Unix milliseconds, no leeway). */
export function admits(grant: Grant | undefined, claims: Claims, now: number): grant is Grant {
  return mayRead(grant, claims) && !isExpired(grant, now) && !hasEnded(claims, now)
}

/** True when the row and the token agree and it is not revoked: that is enough to read the deliveries it once made. */
export function mayRead(grant: Grant | undefined, claims: Claims): grant is Grant {
  if (!grant || grant.revokedAt !== undefined) return false
  return opensSame(grant, claims) && grant.verb === claims.verb && isFitting(claims)
}

const opensSame = (one: Opened, other: Opened): boolean =>
  one.session === other.session && one.hook === other.hook

const hasEnded = ({ expiresAt }: Claims, now: number): boolean =>
  expiresAt !== undefined && now >= expiresAt * 1000

/** Whether the verb is one for that kind of channel. */
const isFitting = ({ verb, hook }: Claims): boolean =>
  verbs[verb].opens === (hook === undefined ? 'session' : 'hook')

/** For the operator: why a token of ours that `admits` refused opens nothing. */
export function whyDead(grant: Grant | undefined, claims: Claims, now: number): string {
  if (!grant) return 'the grant of this token is gone'
  if (grant.revokedAt !== undefined) return 'the grant is revoked'
  if (isExpired(grant, now) || hasEnded(claims, now)) return 'the token has expired'
  return 'the token is for another channel or verb than its grant'
}

export const isExpired = (grant: Grant, now: number): boolean =>
  grant.expiresAt !== undefined && now >= grant.expiresAt
