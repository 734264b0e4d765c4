/** Every kind of refusal. Closed: `http/problem` and `cli/exit` each hold an exhaustive table over it. */
export type Code =
  | 'usage'
  | 'ambiguous'
  | 'not_found'
  | 'session_missing'
  | 'session_ended'
  | 'session_exists'
  | 'host_exists'
  | 'session_not_allowed'
  | 'grant_over'
  | 'forbidden'
  | 'unauthorized'
  | 'hooks_disabled'
  | 'hook_inactive'
  | 'method_not_allowed'
  | 'host_not_allowed'
  | 'origin_not_allowed'
  | 'rate_limited'
  | 'queue_full'
  | 'too_large'
  | 'unsupported_media_type'
  | 'malformed'
  | 'unprocessable'
  | 'skill_unknown'
  | 'idempotency_conflict'
  | 'in_flight'
  | 'decided_already'
  | 'answered_already'
  | 'nobody_waits'
  | 'wait_limit'
  | 'delivery_failed'
  | 'store_unavailable'
  | 'draining'
  | 'unreachable'
  | 'config_invalid'
  | 'key_unusable'
  | 'home_unusable'
  | 'already_running'
  | 'unsupported'
  | 'internal'

interface FailureExtra {
  /** Whole milliseconds after which a retry makes sense; becomes `Retry-After`. */
  retryAfterMs?: number
  /** Methods for `Allow` with `method_not_allowed`. */
  allow?: string
  /** What the connection may still bring is not waited for: it is closed with the answer. */
  closes?: true
  /** How to prove oneself after `unauthorized` (RFC 9110, 11.6.1); `none` where no client could answer. Default `Bearer`. */
  challenge?: 'Bearer' | 'Basic' | 'none'
  /** Set when the refusal itself left a delivery behind (an unknown skill). */
  deliveryId?: string
  /** The sentence for an answer over HTTP, where the other one repeats what was asked for. */
  plain?: string
  /** For the operator alone: what was wrong with a proof, where the caller is not told. Never a value of the caller's. */
  why?: string
  /** The hook that refused, or the id of the grant, where it is known. */
  hook?: string
  grant?: string
  /** A wrong secret, signature or token. */
  guess?: true
  /** What a server has yet to make of the store, and how: a command makes nothing there. In a blank one there are no tables yet. */
  toMake?: { readonly detail: string; readonly fix: string; readonly isBlank: boolean }
  cause?: unknown
}

/** The one error type: a refusal with a code, and a sentence a stranger can act on. Never carries secrets. */
export class Failure extends Error {
  readonly code: Code
  readonly extra: FailureExtra

  constructor(code: Code, detail: string, extra: FailureExtra = {}) {
    super(detail, extra.cause === undefined ? undefined : { cause: extra.cause })
    this.name = 'Failure'
    this.code = code
    this.extra = extra
  }
}

const passing = new Set<Code>(['unreachable', 'store_unavailable', 'draining', 'rate_limited'])

/** Whether the same may work a little later: nothing is wrong with what was asked. */
export const mayPass = (thrown: unknown): boolean => thrown instanceof Failure && passing.has(thrown.code)

/** What went wrong, as a sentence, for anything that can be thrown. */
export const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown)

/** The code that the system, a runtime or a package gave to what was thrown, as `ENOENT`; undefined where it has none. */
export const codeOf = (thrown: unknown): string | undefined =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : undefined
