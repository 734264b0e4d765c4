import type { Grant, GrantId } from './grant.ts'
import type { SessionId } from './session.ts'
import type { Wait, WaitId, WaitTerms } from './wait.ts'

/** The part of `DoorStore` about waits. A knock at the URL of one answers it: `recordDelivery` closes it with the message it stores. */
export interface WaitStore {
  /**
   * Adds a wait and its grant, for the opening of the session that the grant is for. The same key again gives the wait that has it
   * (`isNew` false), whatever became of that. Throws `idempotency_conflict` when that one waits for something else, `wait_limit` beyond
   * `most` open ones (0 for no limit), `forbidden` when that opening is over, and the session failures.
   */
  openWait(order: WaitOrder, most: number): Promise<{ readonly wait: Wait; readonly isNew: boolean }>
  findWait(wait: { readonly id: WaitId } | { readonly grant: GrantId }): Promise<Wait | undefined>
  /** Those that changed first come first. */
  listWaits(filter: WaitFilter): Promise<readonly Wait[]>
  /** Cancels an open wait: its grant is revoked. One that is closed stays as it is. Undefined when there is none. */
  cancelWait(id: WaitId): Promise<Wait | undefined>
}

/** The part of `StoreMaintenance` about waits. */
export interface WaitEnds {
  /**
   * Closes every wait whose end has come as `expired`, each in one transaction with the message that tells its session, which may
   * wait for so long. A wait is answered or expires, never both. Returns how many expired.
   */
  expireWaits(holdMs: number): Promise<number>
}

/** A wait that is to be opened; its grant has `maxUses` 1 and a generation. */
export interface WaitOrder {
  readonly id: WaitId
  readonly grant: Grant
  readonly terms: WaitTerms
  readonly ttlMs: number
}

export interface WaitFilter {
  readonly session?: SessionId
  /** Of that opening of the session. */
  readonly generation?: string
  readonly open?: boolean
  /** Only those that changed after this one (`Wait.changed`). Without it the newest `limit` are listed. */
  readonly after?: number
  readonly limit: number
}

/** What a draft has where it answers a wait, for the message that the store makes of it. */
export interface WaitAnswer {
  /** For the fence. */
  readonly nonce?: string | undefined
  /** Whether whoever answers said that it waits for a word back. */
  readonly awaited?: boolean | undefined
}
