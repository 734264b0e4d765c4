import { Failure } from '../domain/error.ts'
import type { Knock } from '../domain/knock.ts'

/** Allows so many events a minute for each key, with the whole minute's worth as a burst. */
export interface Limiter {
  /** Spends one; 0 when allowed, else the milliseconds until the next would be. `ownLimit` is that of this key alone. */
  take(key: string, now: number, ownLimit?: number): number
}

/** How often a grant or hook may be used, and how often an address may fail to prove itself. */
export interface RateLimits {
  /** Knocks per grant or hook. */
  readonly knocks: Limiter
  /** Failed proofs per peer. */
  readonly failures: Limiter
}

/** Spends one knock of a grant's id or of `hook:` and a name, `ownLimit` a minute where a hook has its own. Throws `rate_limited`. */
export function spendKnock(limits: RateLimits, source: string, now: number, ownLimit?: number): void {
  const waitMs = limits.knocks.take(source, now, ownLimit)
  if (waitMs > 0) throw tooMany('Too many requests to this URL or hook.', waitMs)
}

/** The refusal of a bad proof, or `rate_limited` for a peer that had too many of them. */
export function refuseProof(limits: RateLimits, knock: Knock, refusal: Failure): Failure {
  const waitMs = limits.failures.take(knock.peer(), knock.receivedAt)
  if (waitMs <= 0) return refusal
  const { why = refusal.message, guess } = refusal.extra
  return tooManyFailures(waitMs, {
    why: `${why}; too many failures from this address`,
    ...(guess && { guess }),
  })
}

/** The refusal of a peer that guessed too often. */
export const tooManyFailures = (retryAfterMs: number, more: Failure['extra'] = {}): Failure =>
  tooMany('Too many failed attempts from this address.', retryAfterMs, more)

const tooMany = (detail: string, retryAfterMs: number, more: Failure['extra'] = {}): Failure =>
  new Failure('rate_limited', detail, { ...more, retryAfterMs })

interface Bucket {
  tokens: number
  at: number
}

interface LimiterDeps {
  /** Called at each `take`, so that a changed configuration holds at once; 0 means no limit. */
  readonly perMinute: () => number
  /** How many doors share the limit now, with this one. */
  readonly doors: () => number
  readonly maxKeys?: number
}

export function createLimiter({ perMinute, doors, maxKeys = 10_000 }: LimiterDeps): Limiter {
  const buckets = new Map<string, Bucket>()
  return {
    take(key, now, ownLimit) {
      const limit = shareOf(ownLimit ?? perMinute(), doors())
      if (limit <= 0) return 0
      const bucket = refilled(buckets.get(key), limit, now)
      if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 60_000) / limit)
      bucket.tokens -= 1
      if (!buckets.has(key) && buckets.size >= maxKeys) forgetOldest(buckets)
      buckets.set(key, bucket)
      return 0
    },
  }
}

/** Of a limit for all doors: all shares together are no more, unless one each is. */
const shareOf = (limit: number, doors: number): number =>
  doors <= 1 || limit <= 0 ? limit : Math.max(1, Math.floor(limit / doors))

function refilled(bucket: Bucket | undefined, limit: number, now: number): Bucket {
  if (!bucket) return { tokens: limit, at: now }
  const tokens = Math.min(limit, bucket.tokens + (Math.max(0, now - bucket.at) * limit) / 60_000)
  bucket.tokens = tokens
  // Not the later of both: a clock that was set back would refill nothing until it is there again.
  bucket.at = now
  return bucket
}

function forgetOldest(buckets: Map<string, Bucket>): void {
  const oldest = buckets.keys().next()
  if (!oldest.done) buckets.delete(oldest.value)
}
