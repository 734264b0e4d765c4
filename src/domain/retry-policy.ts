/** How failures are retried and how long a message may wait. Durations in milliseconds. */
export interface RetryPolicy {
  readonly baseMs: number
  readonly capMs: number
  readonly attempts: number
  /** How long a held message sleeps before its session is tried again: a tenth of its age, within these bounds. */
  readonly holdMs: number
  readonly holdCapMs: number
}

export const defaultRetryPolicy: RetryPolicy = {
  baseMs: 1000,
  capMs: 300_000,
  attempts: 8,
  holdMs: 500,
  holdCapMs: 5000,
}

/** Exponential from `baseMs`, capped, with jitter over the upper half: never two senders in step. Milliseconds. */
export function backoffMs(failures: number, jitter: number, policy: RetryPolicy): number {
  const full = Math.min(policy.capMs, policy.baseMs * 2 ** Math.max(0, failures - 1))
  return Math.round(full * (0.5 + jitter / 2))
}

const maxRetryAfterMs = 86_400_000

/** `Retry-After` (RFC 9110 section 10.2.3), seconds or a date, in milliseconds from `now`; undefined where it makes no sense. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.min(maxRetryAfterMs, Math.max(0, ms)) : undefined
}

/** How long a message that is held sleeps. Milliseconds. */
export const holdMs = (receivedAt: number, now: number, policy: RetryPolicy): number =>
  Math.min(policy.holdCapMs, Math.max(policy.holdMs, Math.round((now - receivedAt) / 10)))
