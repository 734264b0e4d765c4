import type { Claim } from './claim.ts'
import type { Counts } from './counts.ts'
import type { DecisionStore } from './decision.ts'
import type { Action, Delivery, DeliveryEvent, DeliveryId, DeliveryRecord, Source } from './delivery.ts'
import type { DeliveryFilter } from './delivery-filter.ts'
import type { SharedStore } from './door.ts'
import type { Claims, Grant, GrantId } from './grant.ts'
import type { GrantStore } from './grant-store.ts'
import type { History } from './history.ts'
import type { KeyFacts, KeyMark } from './home-state.ts'
import type { HostName, HostPresence, HostStore } from './host.ts'
import type { NoticeStore } from './notice-store.ts'
import type { Evidence } from './outcome.ts'
import type { NewRefusal, Refusal, RefusalCount, RefusalFilter } from './refusal.ts'
import type { DriverSettings, Session, SessionId } from './session.ts'
import type { Settlement } from './settlement.ts'
import type { TakenFrom } from './taken.ts'
import type { WaitAnswer, WaitEnds, WaitStore } from './wait-store.ts'

/**
 * Where grants, sessions and deliveries live, cut in two by who calls. The halves meet in the rows alone: `DoorStore` records a
 * delivery, `HostLink` claims it and settles it. Every method of both is one atomic act, durable when its promise resolves,
 * and may run while other processes write to the same store. Methods throw `Failure('store_unavailable')` when the
 * store cannot take the write now; then nothing of it is kept. Times are Unix milliseconds. Those of deliveries are the
 * store's own (`store/steady-clock.ts`), which no clock that jumps disturbs; `DoorStore` takes and gives them by the wall clock.
 *
 * `DoorStore` is for what takes messages in and manages them: `inbound/`, `manage/`, `http/`, commands. A session is
 * also ended by hand from here.
 */
export interface DoorStore
  extends GrantStore,
    WaitStore,
    DecisionStore,
    HostStore,
    Pick<HostLink, 'endSession' | 'failQueued'> {
  /** As `findGrant`. */
  findSession(id: SessionId, how?: 'anew'): Promise<Session | undefined>
  /**
   * What both find of a grant and its session, or found some milliseconds ago, where nothing is to be waited for; else undefined. For
   * knocks: what is stored is judged once more.
   */
  atHand(grant: GrantId): { readonly grant: Grant; readonly session: Session } | undefined
  /** By id. */
  listSessions(): Promise<readonly Session[]>
  /** How many transactions of any process have changed anything so far: another number, something else to see. Cheap. */
  commits(): Promise<number>
  /**
   * Stores one knock, together with every other that arrives meanwhile, in one transaction and one fsync.
   * A known idempotency key in the same scope and window resolves with the first delivery and `replayed`, or throws
   * `idempotency_conflict` when it came with other content; a key whose first delivery FAILED counts as new.
   * Throws `forbidden` when the source is a grant that opens nothing (any more) at commit, `session_missing`,
   * `session_ended`, or `queue_full`. A grant's use is counted with what is stored; a used-up one is only good for the repeat of
   * what it stored itself, which it gets even if that FAILED.
   * With `lease`, the row is leased to the caller and its first attempt stored, if it is the oldest of its session's
   * queue, nothing of that session is in flight and it belongs to no host: then `leased` is true and the caller must settle it.
   */
  recordDelivery(draft: Draft): Promise<Recorded>
  findDelivery(id: DeliveryId): Promise<Delivery | undefined>
  /** With timeline, attempts, payload and headers. */
  inspectDelivery(id: DeliveryId): Promise<DeliveryRecord | undefined>
  /** Newest first unless `oldestFirst`; without payload, headers, timeline. */
  listDeliveries(filter: DeliveryFilter): Promise<readonly Delivery[]>
  /**
   * FAILED → PENDING under the same id, attempts counted anew. Throws `in_flight` unless it is FAILED, `not_found`,
   * and the session failures.
   */
  requeueDelivery(id: DeliveryId, now: number, expiresAt: number): Promise<Delivery>
  /** FAILED with `cancelled` for what still waits (a callback comes first). Throws `not_found`, and `in_flight` for all else. */
  cancelDelivery(id: DeliveryId, now: number): Promise<Delivery>
  /**
   * Pull sessions: the agent side takes the oldest unfinished delivery of a session. It stays its session's until
   * acknowledged; taking again shows the same one. Throws `not_found`, and `in_flight` for what waits in no inbox.
   */
  acknowledgeDelivery(id: DeliveryId, now: number): Promise<Delivery>
  /**
   * The agent's answer to whoever sent the message: the first one stays, whatever its turn ends with. A message under way has
   * arrived then, and is never sent again. Throws `not_found`, `answered_already` and `nobody_waits` (`refuseReply`).
   */
  replyToDelivery(id: DeliveryId, answer: string, now: number): Promise<Delivery>
  /** Erases one delivery's bytes for good; it must not be in flight. False when there is none. */
  purgeDelivery(id: DeliveryId): Promise<boolean>
  /** How many of a session's are FAILED because it ended. Reads all that are FAILED. */
  countEnded(session: SessionId): Promise<number>
  /** Numbers for metrics and pages. */
  counts(): Promise<Counts>
  /** So many steps of `stepMs`, whole hours, from `from` on, by the time deliveries were received. */
  history(from: number, stepMs: number, steps: number): Promise<History>
  /** Adds to the list of refusals, which keeps the newest (see `withinBounds`), and to the counts of the last two days. */
  recordRefusals(refusals: readonly NewRefusal[], counts: readonly RefusalCount[]): Promise<void>
  /** Newest first unless `oldestFirst`. */
  listRefusals(filter: RefusalFilter): Promise<readonly Refusal[]>
  /** From that hour on, Unix hours. */
  countRefusals(fromHour: number): Promise<readonly RefusalCount[]>
  /** Throws `store_unavailable` when a durable write does not succeed now. */
  probe(): Promise<void>
}

/** For the process that owns drivers: opens sessions and brings deliveries to their agents. */
export interface HostLink extends HostPresence {
  /**
   * Opens a session under its id. A standing inbox session or an ended one gives way; any other live one only with
   * `replace`, else `Failure('session_exists')`. Queued messages stay for the new session.
   * Where the opening before belonged to another host, attempts under way become `unknown`, and are due now.
   * Throws `forbidden` when its host was revoked.
   * Resolves with the number of live grants that now point at it, and from whom it was taken, where another machine had it open.
   */
  openSession(
    session: Session,
    options: { readonly replace: boolean },
  ): Promise<{ readonly liveGrants: number; readonly takenFrom?: TakenFrom }>
  /** Ends that opening of the session and leaves the row as a tombstone; false when it was not that one or over already. */
  endSession(
    id: SessionId,
    generation: string,
    end: { readonly at: number; readonly exitCode?: number; readonly why?: string },
  ): Promise<boolean>
  /** Notes whether that opening can be reached; ended sessions stay ended. */
  markSession(id: SessionId, generation: string, state: 'live' | 'offline', why?: string): Promise<void>
  /** Replaces the settings of that opening (a resumed agent's own session id). */
  updateSettings(id: SessionId, generation: string, settings: DriverSettings): Promise<void>
  /**
   * Leases what is due, longest due first: of each session its oldest unfinished delivery, unless that one is leased
   * or not yet due, and callbacks that are owed. Stores the attempts it begins. A lease that ran out is none: the attempt
   * before it becomes `unknown`.
   */
  claimDue(claim: Claim): Promise<readonly Delivery[]>
  /** That attempt's message surely was taken by the agent: it is never sent again. The first evidence stays; an attempt that is over says nothing. */
  acceptDelivery(id: DeliveryId, attempt: number, now: number, evidence: Evidence): Promise<void>
  /** Writes how the newest attempt ended and lets go of the lease. Idempotent per attempt number. */
  settleDelivery(id: DeliveryId, attempt: number, settlement: Settlement, now: number): Promise<void>
  /** Adds to the timeline, from its newest attempt; the newest events win when a delivery has too many. */
  appendEvents(id: DeliveryId, attempt: number, events: readonly DeliveryEvent[]): Promise<void>
  /** The earliest time at which something unleased that `claimDue` would find falls due, or undefined. */
  nextDue(except: readonly SessionId[], host?: HostName): Promise<number | undefined>
  /** Frees every lease, of what `claimDue` finds, of a process that is gone: attempts under way become `unknown`. Returns how many. */
  releaseLeases(now: number, host?: HostName): Promise<number>
  /**
   * FAILED with `session_ended` for what still waits for an ended session, but for what outlives it (`outlivesSession`): that is
   * held. Leased ones are left to their attempt. Some in each transaction; with `only`, just those. Returns how many failed.
   */
  failQueued(session: SessionId, why: string, only?: readonly DeliveryId[]): Promise<number>
}

/** Work on the store as a whole, in the store's own time: the server's maintenance, `doctor`, `backup`. */
export interface StoreMaintenance extends WaitEnds {
  /** FAILED with `expired` for all that waited beyond their time, also where no driver is involved. Returns how many. */
  expireHeld(now: number): Promise<number>
  /** Erases up to `limit` terminal deliveries settled before `before`, and what is as old of waits. Returns how many deliveries. */
  purgeSettled(before: number, limit: number): Promise<number>
  /** How far the wall clock of this machine is ahead of the store's time. Milliseconds. */
  skew(): Promise<number>
  /** Keeps for the next process how far the wall clock has jumped. */
  keepTime(): Promise<void>
  /** True when another process wrote since the last call; then nothing read before is trusted. */
  changedElsewhere(): Promise<boolean>
  /** Wrong settings and damage, a sentence each; empty when all is well. Reads everything: not for every day. */
  examine(): Promise<readonly string[]>
  /** Writes a consistent copy to a new file (0600) while others go on writing. Throws `usage` when it is there already. */
  backup(path: string): Promise<void>
  /** What is known here of the signing keys of this home. */
  keyFacts(): Promise<KeyFacts>
  /** From now on these are its keys, and no others. False, and nothing changed, where they are not `before` any more. */
  rememberKeys(keys: readonly KeyMark[], before?: readonly KeyMark[]): Promise<boolean>
  close(): Promise<void>
}

/** A store that does all of it, as SQLite in one file does; callers name the part they use. */
export interface Store extends DoorStore, HostLink, NoticeStore, StoreMaintenance, SharedStore {}

/** A knock, ready to be stored. */
export interface Draft extends WaitAnswer {
  readonly session: SessionId
  readonly source: Source
  /** Of the token that it came with, where that has one. */
  readonly serial?: number | undefined
  readonly action: Action
  readonly message: string
  readonly from?: string | undefined
  readonly skill?: string | undefined
  readonly callbackUrl?: string | undefined
  readonly timeoutMs?: number | undefined
  readonly idempotency?:
    | undefined
    | {
        readonly key: string
        /** SHA-256 of what must be the same in a repeat. */
        readonly fingerprint: string
        readonly windowMs: number
      }
  readonly replayOf?: DeliveryId | undefined
  /** The JSON Schema that the answer must fit, as JSON. */
  readonly responseSchema?: string | undefined
  readonly payload?: Uint8Array | undefined
  readonly contentType?: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly receivedAt: number
  readonly expiresAt: number
  /** How long the caller, who serves for that host, may hold it when it means to try it at once. */
  readonly lease?: { readonly leaseMs: number; readonly host?: HostName | undefined } | undefined
  /** Most unfinished deliveries its session may have; 0 for no limit. */
  readonly queueLimit: number
  /** Recorded as FAILED at once, visible and never sent: a template or skill that did not work out. */
  readonly failed?: { readonly step: 'template' | 'skill'; readonly detail: string } | undefined
}

export interface Recorded {
  readonly delivery: Delivery
  readonly replayed: boolean
  readonly leased: boolean
}

/** Signs and reads capability tokens. Knows no grants. */
export interface Tokens {
  mint(claims: Claims): Promise<string>
  /** Undefined for anything but a token of ours in its one canonical spelling with a good signature and typed claims. */
  read(token: string): Promise<Claims | undefined>
}

/** Tokens that also answer from their cache without a promise. */
export interface CachedTokens extends Tokens {
  /** As `read`, but from the cache alone: undefined also for a good token that is not cached. */
  readCached(token: string): Claims | undefined
}

/** Events with fields, written in one place. A token appears as its grant id, never itself. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  event: string,
  fields?: Readonly<Record<string, unknown>>,
) => void

/** Time and chance, so that the rest can be tested as tables. */
export interface Clock {
  /** Unix milliseconds; jumps when the clock is set. */
  now(): number
  /** In [0, 1). */
  random(): number
  bytes(length: number): Uint8Array
}
