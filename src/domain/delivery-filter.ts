import type { DeliveryState, FailedStep } from './delivery.ts'
import type { GrantId } from './grant.ts'
import type { SessionId } from './session.ts'

/** Which deliveries a list is of. */
export interface DeliveryFilter {
  readonly state?: DeliveryState
  readonly session?: SessionId
  readonly hook?: string
  readonly grant?: GrantId
  readonly failedStep?: FailedStep
  /** Only those after this one in that order. */
  readonly after?: number
  /** Unfinished ones only (PENDING, RETRY). */
  readonly unfinished?: boolean
  /** Only those that are not held by hand. */
  readonly notPaused?: boolean
  readonly oldestFirst?: boolean
  /** Case-insensitive substring of the message, the payload or the answer. */
  readonly text?: string
  readonly idPrefix?: string
  readonly receivedSince?: number
  readonly receivedUntil?: number
  readonly limit: number
}
