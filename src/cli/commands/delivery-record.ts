import type { DeliveryRecord } from '../../domain/delivery.ts'
import { spanText } from '../../domain/span.ts'
import { deliverySentence } from '../../manage/delivery-sentence.ts'
import { helpOn } from '../../manage/troubleshooting.ts'
import {
  type AttemptView,
  type DeliveryView,
  type EventView,
  type RecordView,
  recordView,
} from '../../manage/views.ts'
import type { Call } from '../command.ts'
import type { Output } from '../output.ts'

/**
 * One delivery for a person, like a page: what happened, the facts, what was said, then what happened when and what was sent.
 * `now`: Unix milliseconds. `label`: of the grant by which it came.
 */
export function printRecord(out: Output, record: DeliveryRecord, now: number, label?: string): void {
  const view = recordView(record)
  out.prose(deliverySentence(record, now))
  out.line('')
  out.fields(facts(view, now, label).filter((pair): pair is readonly [string, string] => pair[1] !== null))
  section(out, 'Message', view.message === '' ? [] : view.message.split('\n'))
  section(out, 'Answer', view.answer?.split('\n') ?? [])
  rows(out, 'Timeline', eventRows(view.events))
  rows(out, 'Attempts', view.attemptList.map(attemptRow))
  section(
    out,
    'Headers',
    Object.entries(view.headers).map(([name, value]) => `${name}: ${value}`),
  )
  section(out, 'Payload', payloadLines(view))
}

type Fact = readonly [string, string | null]

const facts = (view: RecordView, now: number, label: string | undefined): readonly Fact[] => [
  ['Delivery', view.id],
  ['State', view.inFlight ? `${view.state}, in flight` : view.state],
  ['Reason', view.failedStep ?? view.heldBecause],
  ['More', helpOn(view.failedStep ?? view.heldBecause ?? '') ?? null],
  ['Detail', view.detail],
  ['Channel', view.channel],
  ['Grant', view.grant !== null && label !== undefined ? `${view.grant} (${label})` : view.grant],
  ['Hook', view.hook],
  ['Action', view.action],
  ['From', view.from],
  ['Skill', view.skill],
  ['Callback', view.callbackUrl],
  ['Asked for', view.responseSchema && JSON.stringify(view.responseSchema)],
  ['It fits', view.responseFits === null ? null : view.responseFits ? 'yes' : 'no'],
  ['Replay of', view.replayOf],
  ['Key', view.idempotencyKey],
  ['Attempts', String(view.attempts)],
  ['Evidence', view.evidence],
  ['Received', `${view.receivedAt} (${spanText(now - Date.parse(view.receivedAt))} ago)`],
  ['Next try', view.settledAt === null ? view.dueAt : null],
]

function section(out: Output, title: string, lines: readonly string[]): void {
  if (lines.length === 0) return
  out.line(`\n${title}`)
  for (const line of lines) out.line(`  ${line}`)
}

type Cells = Parameters<Output['row']>[0]

function rows(out: Output, title: string, all: readonly Cells[]): void {
  if (all.length === 0) return
  out.line(`\n${title}`)
  for (const cells of all) out.row(cells)
}

/** Each with how long after the first it was. */
function eventRows(events: readonly EventView[]): readonly Cells[] {
  const since = events.map(({ at }) => `+${spanText(Date.parse(at) - Date.parse(events[0]?.at ?? at))}`)
  const widest = Math.max(0, ...since.map(({ length }) => length))
  return events.map(({ at, kind, detail }, i) => [
    moment(at, '  '),
    (i === 0 ? '' : (since[i] ?? '')).padStart(widest),
    ...(detail === null ? [kind] : [kind.padEnd(14), detail]),
  ])
}

const attemptRow = ({ number, startedAt, endedAt, outcome, detail }: AttemptView): Cells => [
  `  ${number}`,
  moment(startedAt),
  ...(endedAt === null ? [] : [spanText(Date.parse(endedAt) - Date.parse(startedAt))]),
  outcome ?? 'under way',
  ...(detail === null ? [] : [detail]),
]

/** On a terminal the time of the day: the date stands above, and how long after it that was beside it. */
const moment = (at: string, indent = '') => ({ text: indent + at, short: indent + at.slice(11) })

function payloadLines({ payload, payloadEncoding }: RecordView): readonly string[] {
  if (payload === null) return []
  return payloadEncoding === 'base64' ? [`(base64) ${payload}`] : payload.split('\n')
}

/** A delivery that is to be delivered now, or no more. */
export function printQueued({ out, json }: Call, view: DeliveryView): void {
  if (json) out.json(view)
  else out.line(`${view.id}  ${view.state}`)
}
