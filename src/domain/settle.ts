import {
  type Delivery,
  type DeliveryEvent,
  type FailedStep,
  type HeldBecause,
  outlivesSession,
} from './delivery.ts'
import type { Evidence, Outcome } from './outcome.ts'
import { backoffMs, defaultRetryPolicy, holdMs, type RetryPolicy } from './retry-policy.ts'
import { closedText, waitedText } from './session.ts'
import type { Settlement } from './settlement.ts'

/**
 * The whole life of a delivery, one outcome at a time:
 *
 *                   busy, offline, released, closed (no attempt spent)
 *                              ┌───┐
 *     recordDelivery ──────▶ PENDING ──── taken, completed ────▶ DELIVERED
 *                              │  ▲ ╲                                │
 *              failed, unknown │  │  ╲ ended, no retry left,         │ replay makes
 *              and may pass    ▼  │   ╲ turn failed, too old         ▼ a new one
 *                             RETRY ───────────────────────────▶ FAILED
 *                              └─ dueAt ─▶ the next attempt        │ retry (by hand)
 *                                                                  └──▶ PENDING
 *
 * Pure: `now` is Unix milliseconds, `jitter` a number in [0, 1).
 */
export function settle(
  delivery: Delivery,
  outcome: Outcome,
  now: number,
  jitter: number,
  policy: RetryPolicy = defaultRetryPolicy,
): Settlement {
  const at = { delivery, now, jitter, policy, outcome: outcome.kind }
  if (delivery.phase === 'callback') return answeredBack(at, outcome)
  switch (outcome.kind) {
    case 'taken':
      if (asksForAnswer(delivery)) return failed(at, 'turn', 'nobody answered; its sender asks for JSON')
      return delivered(at, outcome, { evidence: outcome.evidence })
    case 'completed':
      return delivered(at, outcome, { turnEnd: outcome.heuristic ? 'inferred' : 'reported' })
    case 'turn_failed':
      return {
        ...failed(at, outcome.why === 'no_skill' ? 'skill' : 'turn', outcome.detail, outcome.answer),
        ...(outcome.why === 'misfit' && { responseFits: false }),
      }
    case 'busy':
    case 'offline':
    case 'released':
    case 'closed':
      return held(at, outcome)
    case 'revoked':
      return failed(at, 'revoked', 'its grant was revoked before it could be delivered')
    case 'cancelled':
      return failed(at, 'cancelled', 'by hand, before it was delivered')
    case 'restored':
    case 'expired':
      return failed(at, outcome.kind, waitedText(outcome.why))
    case 'ended':
      if (outlivesSession(delivery)) return held({ ...at, outcome: 'closed' }, closedBy(outcome))
      return delivery.acceptedAt === undefined
        ? failed(at, 'session_ended', outcome.why ?? endedText(outcome.exitCode))
        : failed(at, 'turn', `exited: ${outcome.why ?? endedText(outcome.exitCode)}`)
    case 'failed':
      return outcome.retry && delivery.acceptedAt === undefined
        ? retried(at, outcome.why, outcome.retryAfterMs)
        : failed(at, outcome.skill ? 'skill' : 'turn', outcome.why)
    case 'unknown':
      return outcome.accepted || delivery.acceptedAt !== undefined
        ? failed(at, 'turn', `unknown: ${outcome.why}`)
        : retried(at, outcome.why)
  }
}

/** Where a turn is handed over and nobody looks how it ends, there is no answer that could fit. */
const asksForAnswer = ({ action, responseSchema, repliedAt }: Delivery): boolean =>
  action === 'turn' && responseSchema !== undefined && repliedAt === undefined

interface At {
  readonly delivery: Delivery
  readonly now: number
  readonly jitter: number
  readonly policy: RetryPolicy
  readonly outcome: Outcome['kind']
}

/** The turn is over; what remains is that its outcome reaches `callbackUrl`. `failedStep` keeps how the turn failed, if it did. */
function answeredBack(at: At, outcome: Outcome): Settlement {
  const { delivery, now } = at
  if (outcome.kind === 'released') return { ...unanswered(at), events: [event(now, 'released', outcome.why)] }
  const turnFailed = delivery.failedStep
  if (outcome.kind === 'taken') {
    const events = [event(now, 'callback', 'taken')]
    return turnFailed
      ? { ...failed(at, turnFailed, delivery.detail ?? 'the turn failed'), events }
      : { ...base(at), state: 'DELIVERED', dueAt: now, events: [...events, event(now, 'delivered')] }
  }
  const why = 'why' in outcome ? outcome.why : outcome.kind
  const failures = delivery.failures + 1
  const again = outcome.kind === 'failed' && outcome.retry && failures < at.policy.attempts
  if (!again) return { ...failed(at, turnFailed ?? 'callback', lostAnswer(delivery, why)), failures }
  return {
    ...unanswered(at),
    state: 'RETRY',
    dueAt: now + (outcome.retryAfterMs ?? backoffMs(failures, at.jitter, at.policy)),
    failures,
    events: [event(now, 'callback', why)],
  }
}

/** Still to be called back, with what is known of the turn. */
const unanswered = (at: At) => ({
  ...base(at),
  state: at.delivery.failures > 0 ? ('RETRY' as const) : ('PENDING' as const),
  ...(at.delivery.failedStep !== undefined && { failedStep: at.delivery.failedStep }),
  ...(at.delivery.detail !== undefined && { detail: at.delivery.detail }),
  dueAt: at.now,
})

const lostAnswer = ({ detail }: Delivery, why: string): string =>
  detail === undefined ? `callback: ${why}` : `${detail}; callback: ${why}`

type Known = Pick<Settlement, 'evidence' | 'turnEnd'>

function delivered(at: At, { answer }: { readonly answer?: string }, known: Known): Settlement {
  const { delivery, now } = at
  const turn = delivery.action === 'turn'
  const callback = turn && delivery.callbackUrl !== undefined
  const events: DeliveryEvent[] = [event(now, turn ? 'turn_completed' : 'submitted', knownText(known))]
  if (answer !== undefined) events.push(event(now, 'answered'))
  if (!callback) events.push(event(now, 'delivered'))
  return {
    ...base(at),
    state: callback ? 'PENDING' : 'DELIVERED',
    phase: callback ? 'callback' : delivery.phase,
    failures: callback ? 0 : delivery.failures,
    dueAt: now,
    accepted: true,
    ...known,
    ...(answer !== undefined && { answer }),
    ...(answer !== undefined && delivery.responseSchema !== undefined && { responseFits: true }),
    events,
  }
}

type Held = Extract<Outcome, { kind: 'busy' | 'offline' | 'released' | 'closed' }>

const closedBy = ({ exitCode, why = endedText(exitCode) }: Extract<Outcome, { kind: 'ended' }>): Held => ({
  kind: 'closed',
  because: 'session_ended',
  why: closedText({ state: 'ended', why }),
})

function becauseOf(outcome: Held): HeldBecause {
  if (outcome.kind === 'closed') return outcome.because
  return outcome.kind === 'busy' && outcome.blocked ? 'blocked' : outcome.kind
}

function held(at: At, outcome: Held): Settlement {
  const { delivery, now, policy } = at
  const because = becauseOf(outcome)
  if (now >= delivery.expiresAt) return failed(at, 'expired', `waited too long: ${waitedText(outcome.why)}`)
  const wait = 'retryAfterMs' in outcome ? outcome.retryAfterMs : undefined
  const pauseMs = outcome.kind === 'released' ? 0 : (wait ?? holdMs(delivery.receivedAt, now, policy))
  const repeated = delivery.heldBecause === because && delivery.detail === outcome.why
  return {
    ...base(at),
    state: delivery.failures > 0 ? 'RETRY' : 'PENDING',
    heldBecause: because,
    detail: outcome.why,
    dueAt: Math.min(now + pauseMs, delivery.expiresAt),
    events: repeated
      ? []
      : [event(now, outcome.kind === 'released' ? 'released' : 'held', `${because}: ${outcome.why}`)],
  }
}

function retried(at: At, why: string, retryAfterMs?: number): Settlement {
  const { delivery, now, jitter, policy } = at
  const failures = delivery.failures + 1
  if (failures >= policy.attempts)
    return spent(failed(at, 'attempts', `gave up after ${failures} attempts: ${why}`), failures)
  const dueAt = now + (retryAfterMs ?? backoffMs(failures, jitter, policy))
  if (dueAt >= delivery.expiresAt) return spent(failed(at, 'expired', why), failures)
  return {
    ...base(at),
    state: 'RETRY',
    heldBecause: 'failed',
    detail: why,
    dueAt,
    failures,
    events: [event(now, 'retry', why)],
  }
}

/** Counts the attempt that was the last; a callback that follows counts anew. */
const spent = (settlement: Settlement, failures: number): Settlement =>
  settlement.phase === 'callback' ? settlement : { ...settlement, failures }

/** Steps that end in FAILED without a callback: the sender lost its permission, or was perhaps called back already. */
const silentSteps: readonly FailedStep[] = ['revoked', 'restored']

/** Over, unless there is a callback URL: then the callback comes first. */
function failed(at: At, step: FailedStep, detail: string, answer?: string): Settlement {
  const { delivery, now } = at
  const callback =
    delivery.phase === 'deliver' && delivery.callbackUrl !== undefined && !silentSteps.includes(step)
  return {
    ...base(at),
    state: callback ? 'PENDING' : 'FAILED',
    phase: callback ? 'callback' : delivery.phase,
    failedStep: step,
    detail,
    dueAt: now,
    failures: callback ? 0 : delivery.failures,
    ...(answer !== undefined && { answer }),
    events: [event(now, 'failed', `${step}: ${detail}`)],
  }
}

/** The line that the acceptance of a message leaves in its timeline. */
export const submitted = (at: number, evidence: Evidence): DeliveryEvent =>
  event(at, 'submitted', knownText({ evidence }))

function knownText({ evidence, turnEnd }: Known): string | undefined {
  if (evidence !== undefined) return `evidence: ${evidence}`
  return turnEnd === 'inferred' ? 'end of turn inferred from silence' : undefined
}

const base = (at: At) => ({
  phase: at.delivery.phase,
  failures: at.delivery.failures,
  accepted: at.delivery.acceptedAt !== undefined,
  outcome: at.outcome,
})

const event = (at: number, kind: DeliveryEvent['kind'], detail?: string): DeliveryEvent =>
  detail === undefined ? { at, kind } : { at, kind, detail }

const endedText = (exitCode: number | undefined): string =>
  exitCode === undefined ? 'the session ended' : `the session ended with exit code ${exitCode}`
