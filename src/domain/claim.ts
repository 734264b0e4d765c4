import type { DeliveryId } from './delivery.ts'
import type { HostName } from './host.ts'
import type { SessionId } from './session.ts'

/** What a process asks for that brings deliveries to agents (`HostLink.claimDue`). */
export interface Claim {
  readonly now: number
  readonly leaseMs: number
  /** Of a callback, where others may have to make it when this process is gone; `leaseMs` unless given. */
  readonly callbackLeaseMs?: number
  readonly limit: number
  /** Their queues are passed over. */
  readonly except: readonly SessionId[]
  /** Absent: callbacks, and the queues of sessions without a host. Else those of its sessions alone. */
  readonly host?: HostName
  /**
   * What that host has in hand. What else is leased of its sessions comes first of all, again and as it stands: the answer to what
   * leased it never arrived.
   */
  readonly holding?: readonly DeliveryId[]
  /** Only what was leased so long ago: what was leased later may still be on its way to that host. Milliseconds. */
  readonly lostAfterMs?: number
}
