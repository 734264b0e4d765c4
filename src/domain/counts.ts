import type { DeliveryState } from './delivery.ts'
import type { SessionId } from './session.ts'

/** Numbers for metrics and pages. */
export interface Counts {
  readonly deliveries: Readonly<Record<DeliveryState, number>>
  /** Unfinished deliveries of each session that has any. */
  readonly queues: ReadonlyMap<SessionId, number>
  readonly oldestUnfinishedAt?: number
}
