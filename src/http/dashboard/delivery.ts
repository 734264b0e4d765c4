import {
  type Attempt,
  causeOf,
  type Delivery,
  type DeliveryEvent,
  type DeliveryRecord,
  type EventKind,
  type FailedStep,
} from '../../domain/delivery.ts'
import { withoutFence } from '../../domain/fence.ts'
import { showDelivery } from '../../manage/deliveries.ts'
import { iso, type RecordView, recordView } from '../../manage/views.ts'
import {
  longestPayload,
  nameOf,
  type Page,
  type PageDeps,
  shortened,
  shortTime,
  type Tone,
  toneOf,
} from './page.ts'
import { prettyJson } from './pretty-json.ts'
import { textareaHtml } from './templates.ts'

/** Everything kept of one delivery. Throws `not_found`. */
export async function deliveryPage(deps: PageDeps, id: string): Promise<Page> {
  const record = await showDelivery(deps.store, id)
  const view = recordView(record)
  const self = `/dashboard/deliveries/${view.id}`
  return {
    template: 'delivery',
    title: `Delivery ${view.id}`,
    section: 'deliveries',
    live: self,
    view: {
      id: view.id,
      self,
      state: view.state,
      tone: toneOf(view.state),
      inFlight: view.inFlight,
      held:
        view.state === 'FAILED' ? null : [causeOf(record), view.detail].filter(Boolean).join(': ') || null,
      failure: failureOf(record),
      facts: factsOf(record, view),
      events: eventsOf(record.events),
      replayOf: view.replayOf,
      edited: await isEdited(deps, record),
      anyAttempts: record.attemptList.length > 0,
      attempts: record.attemptList.map(attemptOf),
      canRetry: view.state === 'FAILED',
      ...textsOf(view),
    },
  }
}

function textsOf(view: RecordView) {
  return {
    hasMessage: view.message !== '',
    ...messageOf(view),
    editable: textareaHtml(view.message),
    hasAnswer: view.answer !== null && view.answer !== '',
    answer: view.answer,
    hasPayload: view.payload !== null,
    ...payloadOf(view),
    contentType: view.contentType ?? 'without a content type',
    encoded: view.payloadEncoding === 'base64',
    anyHeaders: Object.keys(view.headers).length > 0,
    headers: Object.entries(view.headers).map(([name, value]) => ({ name, value })),
  }
}

/** A fence is folded away; what the agent got stands beside it. */
function messageOf({ message }: RecordView) {
  const text = withoutFence(message)
  return { message: text, whole: text === message ? null : message }
}

/** JSON is laid out to be read; what was sent stands beside it. */
function payloadOf({ payload, payloadEncoding }: RecordView) {
  if (payload === null) return { payload: null, raw: null, payloadSize: null }
  const bytes = Buffer.byteLength(payload, payloadEncoding === 'base64' ? 'base64' : 'utf8')
  const laidOut = payloadEncoding === 'base64' ? undefined : prettyJson(payload, longestPayload * 2 + 2)
  return {
    payload: shortened(laidOut ?? payload, longestPayload),
    raw: laidOut === undefined || laidOut === payload ? null : shortened(payload, longestPayload),
    payloadSize: `${bytes.toLocaleString('en')} ${bytes === 1 ? 'byte' : 'bytes'}`,
  }
}

/** Whether the message of a replay is another than that of its original; unknown once that one is erased. */
async function isEdited(deps: PageDeps, { replayOf, message }: DeliveryRecord): Promise<boolean> {
  if (replayOf === undefined) return false
  const original = await deps.store.inspectDelivery(replayOf)
  return original !== undefined && original.message !== message
}

const steps: Readonly<Record<FailedStep, string>> = {
  template: 'The hook’s template could not be rendered with this payload: they do not fit together.',
  skill: 'The skill it asked for is not one that the agent can activate.',
  session_ended: 'Its session ended before it could be delivered.',
  turn: 'The agent took it, and its turn did not end well.',
  callback: 'The agent answered, but the answer could not be brought to the callback URL.',
  expired: 'It waited for its session longer than it may.',
  attempts: 'Every attempt failed, and there were as many as there may be.',
  revoked: 'Its grant was revoked while it waited.',
  restored: 'It was unfinished in a backup that was put back.',
  cancelled: 'It was cancelled by hand before it was delivered.',
}

function failureOf({ state, failedStep, detail }: Delivery) {
  if (state !== 'FAILED') return null
  return { step: failedStep ? steps[failedStep] : 'For an unknown reason.', detail: detail ?? null }
}

interface Fact {
  readonly name: string
  readonly value: string
  readonly href: string | null
}

function factsOf(record: DeliveryRecord, view: RecordView): readonly Fact[] {
  const filter = (name: string, value: string) => `/dashboard?${new URLSearchParams({ [name]: value })}`
  const { source } = record
  const name = nameOf(source)
  return [
    { name: 'Session', value: view.session, href: filter('session', view.session) },
    {
      name: 'Source',
      value: name === null ? 'the operator' : `${source.kind} ${name}`,
      href: name === null || source.kind === 'wait' ? null : filter(source.kind, name),
    },
    ...fact('Grant', source.kind === 'hook' ? view.grant : null),
    ...fact('Action', view.action),
    ...fact('Skill', view.skill),
    ...fact('From', view.from),
    ...fact('Received', shortTime(view.receivedAt)),
    ...fact('Settled', view.settledAt && shortTime(view.settledAt)),
    ...fact('Next attempt', view.state === 'RETRY' ? shortTime(view.dueAt) : null),
    ...fact('Waits until', view.settledAt === null ? shortTime(view.expiresAt) : null),
    ...fact('Attempts', String(view.attempts)),
    ...fact('Failed attempts', String(view.failures)),
    ...fact('Idempotency key', view.idempotencyKey),
    ...fact('Callback URL', view.callbackUrl),
  ]
}

const fact = (name: string, value: string | null): readonly Fact[] =>
  value === null ? [] : [{ name, value, href: null }]

const eventTones: Partial<Readonly<Record<EventKind, Tone>>> = {
  delivered: 'taken',
  turn_completed: 'taken',
  answered: 'taken',
  callback: 'taken',
  failed: 'failed',
  unknown: 'failed',
  held: 'queued',
  asked: 'waiting',
  retry: 'retrying',
  released: 'queued',
}

const eventsOf = (events: readonly DeliveryEvent[]) =>
  events.map(({ at, kind, detail }, i) => ({
    at: iso(at),
    shown: iso(at).replace('T', ' ').replace('Z', ' UTC'),
    since: i === 0 ? null : `+${spanOf(at - (events[0]?.at ?? at))}`,
    kind,
    tone: eventTones[kind] ?? 'plain',
    detail: detail ?? null,
  }))

/** `8 ms`, `1.25 s`, `3 min 20 s`, `2 h 5 min`, `1 d 3 h` */
function spanOf(ms: number): string {
  if (ms < 1000) return `${ms} ms`
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(2))} s`
  const seconds = Math.round(ms / 1000)
  const [days, hours, minutes] = [86_400, 3600, 60].map((unit) => Math.floor(seconds / unit))
  if (days) return `${days} d ${(hours ?? 0) % 24} h`
  return hours ? `${hours} h ${(minutes ?? 0) % 60} min` : `${minutes} min ${seconds % 60} s`
}

const attemptOf = ({ number, startedAt, endedAt, outcome, detail }: Attempt) => ({
  number,
  startedAt: iso(startedAt),
  started: shortTime(iso(startedAt)),
  took: endedAt === undefined ? 'under way' : spanOf(endedAt - startedAt),
  outcome: outcome ?? 'under way',
  detail: detail ?? null,
})
