import {
  type Delivery,
  type DeliveryEvent,
  type DeliveryState,
  type FailedStep,
  type HeldBecause,
  isTerminal,
  type Phase,
} from './delivery.ts'
import { Failure } from './error.ts'
import type { Evidence, Outcome, TurnEnd } from './outcome.ts'

/**
 * What the store writes when an attempt is over. A step, a cause or a detail that is absent here is gone; an answer,
 * evidence and `turnEnd`, once known, stay.
 */
export interface Settlement {
  readonly state: DeliveryState
  readonly phase: Phase
  readonly failedStep?: FailedStep
  readonly heldBecause?: HeldBecause
  readonly detail?: string
  readonly dueAt: number
  readonly failures: number
  readonly accepted: boolean
  readonly evidence?: Evidence
  readonly turnEnd?: TurnEnd
  readonly answer?: string
  /** Where the answer must fit a schema. */
  readonly responseFits?: boolean
  /** What the row of the attempt keeps. */
  readonly outcome: Outcome['kind']
  readonly events: readonly DeliveryEvent[]
}

/** What only found the session busy, out of reach or not open was no attempt. */
export const isUnspent = ({ outcome }: Settlement): boolean =>
  outcome === 'busy' || outcome === 'offline' || outcome === 'released' || outcome === 'closed'

/** A host gives a door that does not answer more time than this before it says the same to another one. Milliseconds. */
const mostClocksDiffer = 5000

/**
 * The number of an unspent attempt is the next one's, too. A door that stood still may say once more how an earlier attempt ended, when
 * another one has long begun: that one is not over by it.
 */
export const endedBefore = (endedAt: number, startedAt: number | undefined): boolean =>
  startedAt !== undefined && endedAt + mostClocksDiffer < startedAt

/** The delivery as a settlement leaves it: what a store writes. */
export function settled(delivery: Delivery, settlement: Settlement, now: number): Delivery {
  const { leasedUntil, failedStep: _f, heldBecause: _h, detail: _d, settledAt: _s, ...kept } = delivery
  const { outcome: _o, events: _e, accepted, ...written } = settlement
  return {
    ...kept,
    ...written,
    attempts: kept.attempts - (leasedUntil !== undefined && isUnspent(settlement) ? 1 : 0),
    ...(accepted && { acceptedAt: kept.acceptedAt ?? now }),
    ...(kept.evidence && { evidence: kept.evidence }),
    ...(isTerminal(written.state) && { settledAt: now }),
  }
}

/** Refuses with `in_flight` what cannot be cancelled: it is over, under way, or waits for its callback alone. */
export function requireWaiting({ state, phase, leasedUntil }: Delivery): void {
  if (isTerminal(state))
    throw new Failure('in_flight', `It is ${state}; only what still waits can be cancelled.`)
  if (phase === 'callback')
    throw new Failure('in_flight', 'Its turn is over; only its outcome is still to be called back.')
  if (leasedUntil !== undefined) throw new Failure('in_flight', 'It is being delivered now.')
}
