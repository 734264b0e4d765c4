import type { DeliveryEvent, DeliveryRecord, EventKind, FailedStep, HeldBecause } from '../domain/delivery.ts'
import { isTerminal } from '../domain/delivery.ts'
import { oneLine } from '../domain/one-line.ts'
import { waitedText } from '../domain/session.ts'
import { spanText } from '../domain/span.ts'

/**
 * What happened to a delivery and what happens next, in a sentence or two for people: "Taken by build 240 ms after it arrived;
 * the agent answered in 12 s." `now`: Unix milliseconds. On one line, but with what strangers wrote: to be escaped where it is
 * shown.
 */
export function deliverySentence(record: DeliveryRecord, now: number): string {
  if (record.phase === 'callback' && !isTerminal(record.state)) return callingBack(record, now)
  if (record.state === 'DELIVERED') return `${good(record)}${calledBack(record)}.`
  if (record.state === 'FAILED') return failed(record)
  if (record.acceptedAt !== undefined) return running(record, now)
  if (record.leasedUntil !== undefined)
    return `It is being brought to ${record.session} now${atAttempt(record)}.`
  return waiting(record, now)
}

function callingBack(record: DeliveryRecord, now: number): string {
  const turn = record.failedStep === undefined ? good(record) : bad(record)
  if (record.leasedUntil !== undefined || record.failures === 0)
    return `${ended(turn)} Its callback URL is being told.`
  const cause = reason(lastOf(record, 'callback')?.detail)
  const next = `it is tried again ${inTime(record.dueAt - now)}`
  return `${ended(turn)} Its callback URL could not be told ${times(record.failures)}${cause}; ${next}.`
}

/** Taken, and how its turn ended, without the full stop. */
function good(record: DeliveryRecord): string {
  const { action, answer, turnEnd, acceptedAt } = record
  if (action !== 'turn' && answer === undefined) return taken(record)
  const endedAt = record.repliedAt ?? turnEndedAt(record)
  const ms = acceptedAt === undefined || endedAt === undefined ? undefined : endedAt - acceptedAt
  const span = ms === undefined ? undefined : spanText(ms)
  const inferred = turnEnd === 'inferred' ? ' (as its silence shows)' : ''
  if (answer !== undefined)
    return `${taken(record)}; the agent answered${ms === 0 ? ' at once' : span ? ` in ${span}` : ''}${inferred}`
  return `${taken(record)}; its turn ended${span ? ` after ${span}` : ''} without an answer${inferred}`
}

function taken(record: DeliveryRecord): string {
  const { session, acceptedAt, receivedAt } = record
  const span = acceptedAt === undefined ? '' : ` ${spanText(acceptedAt - receivedAt)} after it arrived`
  return `Taken by ${session}${span}${atAttempt(record)}`
}

const atAttempt = ({ attempts }: DeliveryRecord): string => (attempts > 1 ? `, at attempt ${attempts}` : '')

const turnEndedAt = (record: DeliveryRecord): number | undefined =>
  lastOf(record, 'turn_completed')?.at ?? record.settledAt

const lastOf = ({ events }: DeliveryRecord, kind: EventKind): DeliveryEvent | undefined =>
  events.findLast((event) => event.kind === kind)

const calledBack = ({ callbackUrl, phase }: DeliveryRecord): string =>
  callbackUrl !== undefined && phase === 'callback' ? ', and its callback URL was told' : ''

function failed(record: DeliveryRecord): string {
  if (record.failedStep !== 'callback') return `${ended(bad(record))}${untold(record)}`
  return ended(`${good(record)}, but its callback URL could not be told${reason(callbackCause(record))}`)
}

/** A turn that failed, whose callback failed as well. */
const untold = ({ detail = '' }: DeliveryRecord): string =>
  /; callback: /.test(detail) ? ' Its callback URL could not be told either.' : ''

const callbackCause = ({ detail }: DeliveryRecord): string | undefined => detail?.replace(/^callback: /, '')

/** How it failed, without the full stop. */
function bad(record: DeliveryRecord): string {
  const { failedStep, acceptedAt } = record
  const detail = record.detail?.replace(/; callback: .*$/s, '')
  if (acceptedAt !== undefined && failedStep !== undefined && afterAcceptance.includes(failedStep))
    return `${taken(record)}, but its turn failed${afterTime(record)}${reason(detail)}`
  return failedStep === undefined ? `Not delivered${reason(detail)}` : steps[failedStep](record, detail)
}

const afterAcceptance: readonly FailedStep[] = ['turn', 'skill', 'session_ended', 'expired', 'attempts']

function afterTime(record: DeliveryRecord): string {
  const at = lastOf(record, 'failed')?.at ?? record.settledAt
  return at === undefined || record.acceptedAt === undefined
    ? ''
    : ` after ${spanText(at - record.acceptedAt)}`
}

type Say = (record: DeliveryRecord, detail: string | undefined) => string

const withDetail =
  (text: string): Say =>
  (_, detail) =>
    `${text}${reason(detail)}`

const steps: Readonly<Record<FailedStep, Say>> = {
  template: withDetail(
    'Not delivered, because the template of the hook and this payload do not fit together',
  ),
  skill: withDetail('Not delivered, because its agent cannot activate the skill'),
  session_ended: (_, detail) => `Not delivered: ${phrase(detail) || 'its session ended'}`,
  turn: withDetail('Not delivered'),
  callback: withDetail('Its callback URL could not be told'),
  expired: ({ receivedAt, expiresAt, settledAt = expiresAt }, detail) =>
    `Not delivered: it waited for ${spanText(settledAt - receivedAt)}, longer than it may` +
    reason(detail?.replace(/^waited too long: /, '')),
  attempts: ({ failures }, detail) =>
    `Not delivered: every attempt failed, ${failures} of them; the last` +
    (reason(detail?.replace(/^gave up after \d+ attempts: /, '')) || ' for an unknown reason'),
  revoked: () => 'Not delivered, because its grant was revoked before',
  restored: withDetail('Perhaps not delivered: it was unfinished in a backup that was put back'),
  cancelled: () => 'Cancelled by hand before it was delivered',
}

function running(record: DeliveryRecord, now: number): string {
  const { acceptedAt = now, session } = record
  const [asked, decided] = [lastOf(record, 'asked'), lastOf(record, 'decided')]
  if (asked && (decided?.at ?? 0) < asked.at)
    return ended(`${taken(record)}; its turn waits for a person to decide${reason(asked.detail)}`)
  const still = `its turn has been running for ${spanText(now - acceptedAt)}`
  return record.heldBecause === 'blocked'
    ? ended(`${taken(record)}; a person is needed at ${session}${reason(record.detail)}`)
    : `${taken(record)}; ${still}.`
}

function waiting(record: DeliveryRecord, now: number): string {
  const { heldBecause, receivedAt, session } = record
  const since = spanText(now - receivedAt)
  if (heldBecause === undefined) return `It has been waiting for ${since} in the queue of ${session}.`
  const { why, next } = holds[heldBecause]
  return `${ended(`It has been waiting for ${since}${why(record)}`)} ${next(record, now)}.`
}

interface Hold {
  readonly why: (record: DeliveryRecord) => string
  readonly next: (record: DeliveryRecord, now: number) => string
}

const because =
  (say: (record: DeliveryRecord) => string): Hold['why'] =>
  (record) =>
    `, because ${say(record)}${reason(record.detail)}`

/** Where the detail is the whole cause. */
const detailOr =
  (instead: string): Hold['why'] =>
  ({ detail }) =>
    `, because ${phrase(waitedText(detail ?? '')) || instead}`

const whenOpened: Hold['next'] = ({ session }) => `It goes on when ${session} is opened`

const holds: Readonly<Record<HeldBecause, Hold>> = {
  busy: {
    why: because(({ session }) => `${session} is busy`),
    next: ({ session }) => `It goes on when ${session} is idle`,
  },
  blocked: {
    why: because(({ session }) => `a person is needed at ${session}`),
    next: () => 'It goes on once that is done',
  },
  offline: {
    why: because(({ session }) => `${session} cannot be reached`),
    next: () => 'It goes on when that is possible again',
  },
  released: {
    why: because(() => 'its last attempt was let go before anything reached the agent'),
    next: () => 'It goes on by itself',
  },
  failed: {
    why: because(({ failures }) =>
      failures > 1 ? `${failures} attempts failed; the last` : 'an attempt failed',
    ),
    next: ({ dueAt }, now) => `It is tried again ${inTime(dueAt - now)}`,
  },
  inbox: {
    why: ({ session }) => ` in the inbox of ${session}`,
    next: () => 'It stays there until somebody fetches and acknowledges it',
  },
  paused: {
    why: detailOr('it is paused'),
    next: () => 'It goes on when that is resumed',
  },
  session_ended: { why: detailOr('the session has ended'), next: whenOpened },
  session_missing: { why: detailOr('there is no such session yet'), next: whenOpened },
}

const inTime = (ms: number): string => (ms < 1000 ? 'at once' : `in ${spanText(ms)}`)

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)

/** `: why`, or nothing where nobody said why. */
function reason(detail: string | undefined): string {
  const why = phrase(detail)
  return why === '' ? '' : `: ${why}`
}

const longestDetail = 600

const phrase = (detail: string | undefined): string => oneLine(detail ?? '', longestDetail)

const ended = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`)
