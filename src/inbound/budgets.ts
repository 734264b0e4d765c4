import { Failure } from '../domain/error.ts'
import type { Knock } from '../domain/knock.ts'
import type { Limiter } from './rate-limiter.ts'

/** How often one may knock, and how often fail. */
export interface Budgets {
  /** Knocks per grant or hook. */
  readonly knocks: Limiter
  /** Failed proofs per peer. */
  readonly failures: Limiter
}

/** Spends one knock of a door. Throws `rate_limited`. */
export function spendKnock(budgets: Budgets, door: string, now: number): void {
  const waitMs = budgets.knocks.take(door, now)
  if (waitMs > 0) throw tooMany('This door is knocked at too often.', waitMs)
}

/** The refusal of a bad proof, or `rate_limited` for a peer that had too many of them. */
export function refuseProof(budgets: Budgets, knock: Knock, refusal: Failure): Failure {
  const waitMs = budgets.failures.take(knock.peer(), knock.receivedAt)
  return waitMs > 0 ? tooMany('Too many failed attempts from this address.', waitMs) : refusal
}

const tooMany = (detail: string, retryAfterMs: number): Failure =>
  new Failure('rate_limited', detail, { retryAfterMs })
