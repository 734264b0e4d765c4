import type { DeliveryRecord } from '../../../domain/delivery.ts'
import type { RecordView } from '../../../manage/views.ts'
import { type Labels, sourceOf } from '../delivery-rows.ts'
import { nameOf, shortTime } from '../page.ts'

interface Fact {
  readonly name: string
  readonly value: string
  /** What the name means, where it is no everyday word. */
  readonly meaning: string | null
  readonly href: string | null
  /** ISO 8601, where the value is a time. */
  readonly at: string | null
}

/** The small print of one delivery. */
export function factsOf(record: DeliveryRecord, view: RecordView, labels: Labels): readonly Fact[] {
  const filter = (name: string, value: string) => `/dashboard?${new URLSearchParams({ [name]: value })}`
  const { source } = record
  const name = nameOf(source)
  return [
    linked('Session', view.session, filter('session', view.session)),
    linked(
      'Source',
      sourceOf(record, labels),
      name === null || source.kind === 'wait' ? null : filter(source.kind, name),
    ),
    ...fact('Grant', view.grant),
    ...fact('Action', view.action),
    ...fact('Skill', view.skill),
    ...fact('From', view.from),
    ...moment('Received', view.receivedAt),
    ...moment('Settled', view.settledAt),
    ...moment('Next attempt', view.state === 'RETRY' ? view.dueAt : null),
    ...moment('Waits until', view.settledAt === null ? view.expiresAt : null),
    ...fact('Evidence', view.evidence),
    ...fact('Attempts', String(view.attempts)),
    ...fact('Failed attempts', String(view.failures)),
    ...fact('Idempotency key', view.idempotencyKey),
    ...fact('Callback URL', view.callbackUrl),
  ]
}

const meanings: ReadonlyMap<string, string> = new Map([
  ['Action', 'What it asks of the session: to take the message, or to run a whole turn and answer'],
  ['Settled', 'When it came to its end, delivered or failed'],
  ['Evidence', 'How Postern knows that the session took it'],
  ['Idempotency key', 'Another request with this key is a repeat, and is not delivered again'],
  ['Callback URL', 'Where the answer is sent'],
])

const linked = (name: string, value: string, href: string | null): Fact => ({
  ...{ name, value, href, at: null },
  meaning: meanings.get(name) ?? null,
})

const fact = (name: string, value: string | null): readonly Fact[] =>
  value === null ? [] : [linked(name, value, null)]

const moment = (name: string, at: string | null): readonly Fact[] =>
  at === null ? [] : [{ ...linked(name, shortTime(at), null), at }]
