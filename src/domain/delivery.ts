import type { Answered } from './answer.ts'
import { base62 } from './digits.ts'
import type { GrantId } from './grant.ts'
import type { Evidence, TurnEnd } from './outcome.ts'
import type { ClosedBecause, SessionId } from './session.ts'

export type DeliveryId = string & { readonly brand: 'DeliveryId' }
export type DeliveryState = 'PENDING' | 'RETRY' | 'DELIVERED' | 'FAILED'

/** `input` is handed over as if typed; `wake` is the same through a hook; `turn` waits for the agent's whole reaction. */
export type Action = 'input' | 'wake' | 'turn'

/** The step that failed, as the contract names them. */
export type FailedStep =
  | 'template'
  | 'skill'
  | 'session_ended'
  | 'turn'
  | 'callback'
  | 'expired'
  | 'attempts'
  | 'revoked'
  | 'restored'
  | 'cancelled'

/**
 * Why a delivery waits: its session was busy, blocked by a question to a person, out of reach, let go of the message or is not
 * open, its session or hook is paused, it lies in an inbox until it is fetched, or an attempt failed.
 */
export type HeldBecause =
  | 'busy'
  | 'blocked'
  | 'offline'
  | 'released'
  | 'failed'
  | 'inbox'
  | 'paused'
  | ClosedBecause

/** Where a knock came in: the scope of idempotency keys and of rate limits. */
export type Source =
  | { readonly kind: 'grant'; readonly grant: GrantId }
  /** `grant`: by a URL that opens the hook. */
  | { readonly kind: 'hook'; readonly hook: string; readonly grant?: GrantId | undefined }
  /** The end of a wait for which nobody knocked. */
  | { readonly kind: 'wait'; readonly grant: GrantId }
  /** From the operator: `postern send`, a replay. */
  | { readonly kind: 'admin' }

export type EventKind =
  | 'received'
  | 'stored'
  | 'held'
  | 'attempt'
  | 'submitted'
  | 'turn_started'
  | 'asked'
  | 'decided'
  | 'turn_completed'
  | 'answered'
  | 'callback'
  | 'retry'
  | 'released'
  | 'unknown'
  | 'requeued'
  | 'delivered'
  | 'failed'

/** One line of a delivery's timeline. `at` is Unix milliseconds. */
export interface DeliveryEvent {
  readonly at: number
  readonly kind: EventKind
  readonly detail?: string
}

/** One attempt. It is stored before it begins; without `endedAt` it is under way. */
export interface Attempt {
  readonly number: number
  readonly startedAt: number
  readonly endedAt?: number
  /** The outcome's kind, or `unknown` after a crash. */
  readonly outcome?: string
  readonly detail?: string
}

/** The agent finished and its answer still has to reach `callbackUrl`. */
export type Phase = 'deliver' | 'callback'

/** The durable record of one accepted knock. Times are Unix milliseconds. */
export interface Delivery extends Answered {
  readonly id: DeliveryId
  /** Order of arrival over the whole store; a session's queue follows it. */
  readonly seq: number
  readonly session: SessionId
  readonly source: Source
  readonly action: Action
  readonly state: DeliveryState
  readonly phase: Phase
  /** Set when FAILED, and in phase `callback` when the turn failed. */
  readonly failedStep?: FailedStep
  /** Why a PENDING or RETRY one is not further, once an attempt or a claim showed why. */
  readonly heldBecause?: HeldBecause
  /** A sentence for people beside `failedStep` or `heldBecause`. */
  readonly detail?: string
  /** The cleaned and prefixed text for the agent. */
  readonly message: string
  readonly from?: string
  readonly skill?: string
  readonly callbackUrl?: string
  /** How long a turn may take. */
  readonly timeoutMs?: number
  readonly idempotencyKey?: string
  readonly replayOf?: DeliveryId
  readonly receivedAt: number
  readonly storedAt: number
  /** When the next attempt may begin. */
  readonly dueAt: number
  /** When holding it ends: then FAILED with `expired`. */
  readonly expiresAt: number
  /** Attempts that were spent: those that reached the agent's side and failed. */
  readonly failures: number
  /** Attempts begun, spent or not: the number of the newest `Attempt`. */
  readonly attempts: number
  /** Set while one process attempts it; no other may touch it before. */
  readonly leasedUntil?: number
  /** Set as soon as the agent surely took it: from here on never sent again. */
  readonly acceptedAt?: number
  /** How the driver knew that the agent took it. */
  readonly evidence?: Evidence
  /** How the driver knew that a turn that went well was over. */
  readonly turnEnd?: TurnEnd
  readonly settledAt?: number
}

/** A delivery with everything kept beside it. */
export interface DeliveryRecord extends Delivery {
  readonly events: readonly DeliveryEvent[]
  readonly attemptList: readonly Attempt[]
  readonly payload?: Uint8Array
  readonly contentType?: string
  /** Curated request headers; never credentials. */
  readonly headers: Readonly<Record<string, string>>
}

/** The one fact beside the state, as lists and answers show it. */
export const causeOf = (
  delivery: Pick<Delivery, 'failedStep' | 'heldBecause'>,
): FailedStep | HeldBecause | undefined => delivery.failedStep ?? delivery.heldBecause

/** The same delivery with its times on another clock. */
export function onClock<T extends Delivery>(delivery: T, to: (at: number) => number): T {
  const { leasedUntil, acceptedAt, settledAt, repliedAt } = delivery
  return {
    ...delivery,
    receivedAt: to(delivery.receivedAt),
    storedAt: to(delivery.storedAt),
    dueAt: to(delivery.dueAt),
    expiresAt: to(delivery.expiresAt),
    ...(leasedUntil !== undefined && { leasedUntil: to(leasedUntil) }),
    ...(acceptedAt !== undefined && { acceptedAt: to(acceptedAt) }),
    ...(settledAt !== undefined && { settledAt: to(settledAt) }),
    ...(repliedAt !== undefined && { repliedAt: to(repliedAt) }),
  }
}

export const isTerminal = (state: DeliveryState): boolean => state === 'DELIVERED' || state === 'FAILED'

const pairs: readonly string[] = [...base62].flatMap((high) => [...base62].map((low) => high + low))
const timePairs = 4
const chancePairs = 5
const seqPairs = 3

/** Random bytes that one delivery id takes: two for each pair of its 10 characters of chance. */
export const deliveryIdBytes = 2 * chancePairs

/**
 * Spells a delivery id: `whd_`, 8 base62 characters of time, 10 of chance, and 6 that with the chance before them give
 * its `seq`. It sorts by time, nobody guesses it, and the store finds it without an index of ids.
 */
export function deliveryIdOf(now: number, seq: number, random: Uint8Array): DeliveryId {
  const chance = chanceOf(random)
  let id = `whd_${timeOf(now)}`
  for (const pair of chance) id += pairs[pair]
  let last = chance.at(-1) ?? 0
  for (let rest = seq, i = 0; i < seqPairs; i++, rest = Math.floor(rest / pairs.length)) {
    last = ((rest % pairs.length) + (chance[i] ?? 0) + last) % pairs.length
    id += pairs[last]
  }
  return id as DeliveryId
}

/** The `seq` of the delivery of that id, should there be one. */
export function seqOf(id: DeliveryId): number {
  const read = (pair: number) => valueOfPair(id.slice(4 + 2 * pair, 6 + 2 * pair))
  const first = timePairs + chancePairs
  let seq = 0
  for (let i = seqPairs - 1; i >= 0; i--) {
    const veil = read(timePairs + i) + read(first + i - 1)
    seq = seq * pairs.length + ((read(first + i) - veil + 2 * pairs.length) % pairs.length)
  }
  return seq
}

function chanceOf(random: Uint8Array): readonly number[] {
  const chance: number[] = []
  for (let i = 0; i < deliveryIdBytes; i += 2)
    chance.push((((random[i] ?? 0) << 8) | (random[i + 1] ?? 0)) % pairs.length)
  return chance
}

/** The time in a delivery id, as `deliveryIdOf` was given it. */
export function timeOfId(id: DeliveryId): number {
  let time = 0
  for (let i = 0; i < timePairs; i++) time = time * pairs.length + valueOfPair(id.slice(4 + 2 * i, 6 + 2 * i))
  return time
}

function timeOf(now: number): string {
  let time = ''
  for (let rest = now, i = 0; i < timePairs; i++, rest = Math.floor(rest / pairs.length))
    time = pairs[rest % pairs.length] + time
  return time
}

const valueOfPair = (pair: string): number =>
  base62.indexOf(pair.charAt(0)) * base62.length + base62.indexOf(pair.charAt(1))

export const isDeliveryId = (text: string): text is DeliveryId => /^whd_[0-9A-Za-z]{24}$/.test(text)

/**
 * Whether a message outlives the end of its session and waits until the id is opened again. A sender of webhooks that is
 * refused unsubscribes for good; who holds a URL is told that the session is over.
 */
export const outlivesSession = ({ source, acceptedAt }: Pick<Delivery, 'source' | 'acceptedAt'>): boolean =>
  source.kind === 'hook' && acceptedAt === undefined
