import { Failure } from './error.ts'
import type { SessionId } from './session.ts'

export type GrantId = string & { readonly brand: 'GrantId' }
export type Verb = 'send_input'

/** What may be done through a channel. A new verb is a new row. */
export const verbs: Readonly<Record<Verb, { readonly summary: string }>> = {
  send_input: { summary: 'send the session input, as if it were typed' },
}

/** A persisted permission. Times are Unix milliseconds; no `expiresAt` means it was minted to never expire. */
export interface Grant {
  readonly id: GrantId
  readonly session: SessionId
  readonly verb: Verb
  readonly label?: string
  readonly createdAt: number
  readonly expiresAt?: number
  readonly revokedAt?: number
  readonly lastUsedAt?: number
  readonly uses: number
}

/** What a token claims; the same facts stand in the grant row, and both must agree. */
export interface Claims {
  readonly grant: GrantId
  readonly session: SessionId
  readonly verb: Verb
  /** Unix seconds, as in RFC 7519 section 4.1.4; absent for a grant that never expires. */
  readonly expiresAt?: number
}

export const isVerb = (text: string): text is Verb => Object.hasOwn(verbs, text)

const knownVerbs = `Known: ${Object.keys(verbs).join(', ')}.`

export function parseVerb(text: string): Verb {
  if (!isVerb(text))
    throw new Failure('usage', `There is no verb "${text}". ${knownVerbs}`, {
      plain: `There is no such verb. ${knownVerbs}`,
    })
  return text
}

/** The one refusal of a token, whatever was wrong with it. */
export const forbidden = (extra: Failure['extra'] = {}): Failure =>
  new Failure('forbidden', 'This URL or token opens nothing.', extra)

/** True when the row and the token agree and neither is dead at `now` (Unix milliseconds, no leeway). */
export function admits(grant: Grant | undefined, claims: Claims, verb: Verb, now: number): grant is Grant {
  if (!grant || grant.revokedAt !== undefined) return false
  if (isExpired(grant, now) || (claims.expiresAt !== undefined && now >= claims.expiresAt * 1000))
    return false
  return grant.session === claims.session && grant.verb === claims.verb && claims.verb === verb
}

/** For the operator: why a token of ours that `admits` refused opens nothing. */
export function whyDead(grant: Grant | undefined, claims: Claims, now: number): string {
  if (!grant) return 'the grant of this token is gone'
  if (grant.revokedAt !== undefined) return 'the grant is revoked'
  if (isExpired(grant, now) || (claims.expiresAt !== undefined && now >= claims.expiresAt * 1000))
    return 'the token has expired'
  return 'the token is for another channel or verb than its grant'
}

export const isExpired = (grant: Grant, now: number): boolean =>
  grant.expiresAt !== undefined && now >= grant.expiresAt
