import type { Delivery, DeliveryEvent, DeliveryState, FailedStep, Phase } from './delivery.ts'
import type { Outcome } from './outcome.ts'

/** How failures are retried and how long a message may wait. Durations in milliseconds. */
export interface RetryPolicy {
  readonly baseMs: number
  readonly capMs: number
  readonly attempts: number
  /** How long a held message sleeps before its session is asked again: a tenth of its age, within these bounds. */
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

/** What the store writes when an attempt is over. Without a reason it has none any more; an answer once known stays. */
export interface Settlement {
  readonly state: DeliveryState
  readonly phase: Phase
  readonly reason?: string
  readonly detail?: string
  readonly dueAt: number
  readonly failures: number
  readonly accepted: boolean
  readonly answer?: string
  /** How the attempt is remembered. */
  readonly outcome: string
  readonly events: readonly DeliveryEvent[]
}

/**
 * The whole life of a delivery, one outcome at a time:
 *
 *                        busy, offline, released (no attempt spent)
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
      return delivered(at, outcome.answer, `evidence: ${outcome.evidence}`)
    case 'completed':
      return delivered(
        at,
        outcome.answer,
        outcome.heuristic ? 'end of turn inferred from silence' : undefined,
      )
    case 'turn_failed':
      return failed(at, outcome.why === 'no_skill' ? 'skill' : 'turn', outcome.detail, outcome.answer)
    case 'busy':
    case 'offline':
    case 'released':
      return held(at, outcome)
    case 'revoked':
      return failed(at, 'revoked', 'its grant was revoked before it could be delivered')
    case 'restored':
      return failed(at, 'restored', outcome.why)
    case 'expired':
      return failed(at, 'expired', outcome.why)
    case 'ended':
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

/** Exponential from `baseMs`, capped, with jitter over the upper half: never two senders in step. Milliseconds. */
export function backoffMs(failures: number, jitter: number, policy: RetryPolicy): number {
  const full = Math.min(policy.capMs, policy.baseMs * 2 ** Math.max(0, failures - 1))
  return Math.round(full * (0.5 + jitter / 2))
}

const holdMs = (delivery: Delivery, now: number, policy: RetryPolicy): number =>
  Math.min(policy.holdCapMs, Math.max(policy.holdMs, Math.round((now - delivery.receivedAt) / 10)))

interface At {
  readonly delivery: Delivery
  readonly now: number
  readonly jitter: number
  readonly policy: RetryPolicy
  readonly outcome: string
}

/** The turn is over; what remains is that its outcome reaches `callbackUrl`. `reason` keeps how the turn failed, if it did. */
function answeredBack(at: At, outcome: Outcome): Settlement {
  const { delivery, now } = at
  if (outcome.kind === 'released') return { ...unanswered(at), events: [event(now, 'released', outcome.why)] }
  const turnFailed = failedTurn(delivery)
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
  ...(at.delivery.reason !== undefined && { reason: at.delivery.reason }),
  ...(at.delivery.detail !== undefined && { detail: at.delivery.detail }),
  dueAt: at.now,
})

const lostAnswer = ({ detail }: Delivery, why: string): string =>
  detail === undefined ? `callback: ${why}` : `${detail}; callback: ${why}`

const turnSteps = ['turn', 'skill', 'session_ended', 'attempts', 'expired'] as const

const failedTurn = ({ reason }: Delivery): FailedStep | undefined => turnSteps.find((step) => step === reason)

function delivered(at: At, answer: string | undefined, detail: string | undefined): Settlement {
  const { delivery, now } = at
  const turn = delivery.action === 'turn'
  const callback = turn && delivery.callbackUrl !== undefined
  const events: DeliveryEvent[] = [event(now, turn ? 'turn_completed' : 'submitted', detail)]
  if (answer !== undefined) events.push(event(now, 'answered'))
  if (!callback) events.push(event(now, 'delivered'))
  return {
    ...base(at),
    state: callback ? 'PENDING' : 'DELIVERED',
    phase: callback ? 'callback' : delivery.phase,
    failures: callback ? 0 : delivery.failures,
    dueAt: now,
    accepted: true,
    ...(answer !== undefined && { answer }),
    events,
  }
}

function held(at: At, outcome: Extract<Outcome, { kind: 'busy' | 'offline' | 'released' }>): Settlement {
  const { delivery, now, policy } = at
  if (now >= delivery.expiresAt) return failed(at, 'expired', `waited too long: ${outcome.why}`)
  const wait = outcome.kind === 'released' ? 0 : (outcome.retryAfterMs ?? holdMs(delivery, now, policy))
  const repeated = delivery.reason === outcome.kind && delivery.detail === outcome.why
  return {
    ...base(at),
    state: delivery.failures > 0 ? 'RETRY' : 'PENDING',
    reason: outcome.kind,
    detail: outcome.why,
    dueAt: Math.min(now + wait, delivery.expiresAt),
    events: repeated
      ? []
      : [event(now, outcome.kind === 'released' ? 'released' : 'held', `${outcome.kind}: ${outcome.why}`)],
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
    reason: 'failed',
    detail: why,
    dueAt,
    failures,
    events: [event(now, 'retry', why)],
  }
}

/** Counts the attempt that was the last; a callback that follows counts anew. */
const spent = (settlement: Settlement, failures: number): Settlement =>
  settlement.phase === 'callback' ? settlement : { ...settlement, failures }

/** Nobody is called back: the sender lost its permission, or has perhaps been told already. */
const silentSteps: readonly FailedStep[] = ['revoked', 'restored']

/** Over, unless somebody asked to be called back: then first they hear of it. */
function failed(at: At, step: FailedStep, detail: string, answer?: string): Settlement {
  const { delivery, now } = at
  const callback =
    delivery.phase === 'deliver' && delivery.callbackUrl !== undefined && !silentSteps.includes(step)
  return {
    ...base(at),
    state: callback ? 'PENDING' : 'FAILED',
    phase: callback ? 'callback' : delivery.phase,
    reason: step,
    detail,
    dueAt: now,
    failures: callback ? 0 : delivery.failures,
    ...(answer !== undefined && { answer }),
    events: [event(now, 'failed', `${step}: ${detail}`)],
  }
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
