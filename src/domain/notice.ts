import type { Delivery } from './delivery.ts'
import type { Outcome } from './outcome.ts'
import { backoffMs, type RetryPolicy } from './retry-policy.ts'
import type { SessionId } from './session.ts'
import type { Settlement } from './settlement.ts'

/** What somebody may want to be told. */
export const happeningNames = [
  'needs_input',
  'turn_ended',
  'session_ended',
  'delivery_failed',
  'delivery_waiting',
  'paused',
  'guess_alarm',
] as const

export type HappeningName = (typeof happeningNames)[number]

/** Something that happened, written down with the change itself, if a rule wants it. */
export interface Happening {
  readonly name: HappeningName
  /** The session it is about; absent where it is about none. */
  readonly session?: SessionId
  /** What is stored of it: ids, names, numbers, what is asked. Never a message, an answer or a secret. */
  readonly data: HappeningData
  /** Keeps one thing from being told twice; absent where it is news each time. */
  readonly once?: string
}

export type HappeningData = Readonly<Record<string, string | number>>

/** Who is to be told of what, as far as the store needs it. */
export interface NoticeRule {
  readonly name: string
  readonly on: readonly HappeningName[]
  /** A session id, or a pattern in which `*` stands for any characters. */
  readonly session: string
}

/** Bodies that are made for a known receiver. */
export const readyTemplates = ['ntfy', 'slack', 'discord', 'plain'] as const

/** A rule with all that sending takes. */
export interface NoticeReceiver extends NoticeRule {
  readonly url: string
  /** A ready one by name, or Mustache; absent for JSON. */
  readonly template?: string
  /** Sent beside what the template and the signature set, names in lower case. Their values are secrets. */
  readonly headers?: Readonly<Record<string, string>>
  /** Newest first; empty where those of callbacks sign. */
  readonly secrets: readonly string[]
}

export type NoticeState = 'PENDING' | 'DELIVERED' | 'FAILED'

/** One message to one receiver: what a rule makes of a happening. Times are Unix milliseconds. */
export interface Notice {
  /** Its place in the list. */
  readonly seq: number
  /** `ntc_` and 24 hexadecimal digits; every attempt sends it as `webhook-id`. */
  readonly id: string
  readonly rule: string
  readonly state: NoticeState
  /** Attempts that failed. */
  readonly failures: number
  readonly dueAt: number
  readonly createdAt: number
  readonly settledAt?: number
  /** Why the newest attempt failed, or why there is no other. */
  readonly detail?: string
  readonly event: Happening & { readonly at: number }
}

export interface NoticeFilter {
  readonly state?: NoticeState
  readonly rule?: string
  /** Only those older than this place. */
  readonly after?: number
  readonly limit: number
}

/** How one rule fares. */
export interface NoticeHealth {
  readonly rule: string
  readonly waiting: number
  /** Those that FAILED since a time, and why the newest of them did. */
  readonly failed: number
  readonly detail?: string
}

/** Most notices that wait for one receiver, and most that are kept once they are settled: the oldest give way. */
export const mostWaitingNotices = 1000
export const mostSettledNotices = 10_000

export const ruleGone = 'the configuration has no such rule any more'
export const gaveWay = `given up for ${mostWaitingNotices} newer ones to the same receiver`

/** The rules that want a happening. Only `*` wants one that is about no session. */
export const rulesFor = (
  rules: readonly NoticeRule[],
  { name, session }: Pick<Happening, 'name' | 'session'>,
): readonly NoticeRule[] =>
  rules.filter((rule) => rule.on.includes(name) && fitsPattern(rule.session, session ?? ''))

function fitsPattern(pattern: string, session: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(session)
}

/** What the end of an attempt is news of. */
export function happeningsOf(
  delivery: Pick<Delivery, 'id' | 'session' | 'phase' | 'action' | 'state' | 'acceptedAt'>,
  settlement: Pick<Settlement, 'state' | 'outcome' | 'failedStep'>,
): readonly Happening[] {
  const { id, session } = delivery
  const failedStep = settlement.failedStep === undefined ? {} : { failedStep: settlement.failedStep }
  const found: Happening[] = []
  if (isTurnOver(delivery, settlement)) {
    const outcome = settlement.failedStep === undefined ? 'completed' : 'failed'
    found.push({ name: 'turn_ended', session, data: { delivery: id, outcome, ...failedStep } })
  }
  // Whoever cancels knows.
  if (settlement.state === 'FAILED' && delivery.state !== 'FAILED' && settlement.failedStep !== 'cancelled')
    found.push({ name: 'delivery_failed', session, data: { delivery: id, ...failedStep } })
  return found
}

/** A turn that had begun is over; what only took a message in has begun none that we know the end of. */
function isTurnOver(
  { phase, action, acceptedAt }: Pick<Delivery, 'phase' | 'action' | 'acceptedAt'>,
  { outcome, failedStep }: Pick<Settlement, 'outcome' | 'failedStep'>,
): boolean {
  if (phase !== 'deliver') return false
  if (outcome === 'completed' || outcome === 'turn_failed') return true
  return action === 'turn' && acceptedAt !== undefined && failedStep === 'turn'
}

/** What a person is asked, as a driver tells it. */
export interface Asked {
  /** Exactly, as far as the driver knows it: `permission: Bash(ls)`. */
  readonly asks: string
  /** Unix milliseconds. */
  readonly since: number
  /** The agent told `since` itself: asking the same again is another question then. */
  readonly toldSince: boolean
}

/** The question of one opening of a session. Without a prefix all of that opening's. */
export const inputKey = (session: SessionId, generation: string, question = ''): string =>
  `needs_input ${session} ${generation} ${question}`

export const needsInput = (session: SessionId, generation: string, asked: Asked): Happening => ({
  name: 'needs_input',
  session,
  data: {
    kind: asked.asks.startsWith('permission') ? 'permission' : 'question',
    asks: asked.asks,
    since: asked.since,
  },
  once: inputKey(session, generation, `${asked.toldSince ? asked.since : ''} ${asked.asks}`),
})

/** How a notice goes on after an attempt. */
export type NoticeEnd =
  | { readonly state: 'DELIVERED' }
  | { readonly state: 'FAILED'; readonly failures: number; readonly detail: string }
  | {
      readonly state: 'PENDING'
      readonly failures: number
      readonly detail: string
      /** In the time of deliveries, Unix milliseconds. */
      readonly dueAt: number
    }

/** As callbacks are retried. `now` in the time of deliveries, `jitter` in [0, 1). */
export function noticeEnd(
  { failures: before }: Pick<Notice, 'failures'>,
  outcome: Outcome,
  now: number,
  jitter: number,
  policy: RetryPolicy,
): NoticeEnd {
  if (outcome.kind === 'taken') return { state: 'DELIVERED' }
  const failures = before + 1
  const detail = 'why' in outcome && outcome.why !== undefined ? outcome.why : outcome.kind
  if (outcome.kind !== 'failed' || !outcome.retry || failures >= policy.attempts)
    return { state: 'FAILED', failures, detail }
  const dueAt = now + (outcome.retryAfterMs ?? backoffMs(failures, jitter, policy))
  return { state: 'PENDING', failures, detail, dueAt }
}
