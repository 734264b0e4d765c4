import type { AttemptView, DeliveryView, EventView, RecordView } from '../../manage/views.ts'
import type { Call } from '../command.ts'
import type { Output } from '../output.ts'

/** One delivery for a person: the facts, then what happened when, then the texts. */
export function printRecord(out: Output, view: RecordView): void {
  out.fields(facts(view).filter((pair): pair is readonly [string, string] => pair[1] !== null))
  section(out, 'Timeline', view.events.map(eventLine))
  section(out, 'Attempts', view.attemptList.map(attemptLine))
  section(
    out,
    'Headers',
    Object.entries(view.headers).map(([name, value]) => `${name}: ${value}`),
  )
  section(out, 'Payload', payloadLines(view))
  section(out, 'Message', view.message.split('\n'))
  section(out, 'Answer', view.answer?.split('\n') ?? [])
}

const facts = (view: RecordView): readonly (readonly [string, string | null])[] => [
  ['Delivery', view.id],
  ['State', view.inFlight ? `${view.state}, in flight` : view.state],
  ['Reason', view.failedStep ?? view.heldBecause],
  ['Detail', view.detail],
  ['Channel', view.channel],
  ['Grant', view.grant],
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
  ['Received', view.receivedAt],
  ['Next try', view.settledAt === null ? view.dueAt : null],
]

function section(out: Output, title: string, lines: readonly string[]): void {
  if (lines.length === 0) return
  out.line(`\n${title}`)
  for (const line of lines) out.line(`  ${line}`)
}

const eventLine = ({ at, kind, detail }: EventView): string =>
  detail === null ? `${at}  ${kind}` : `${at}  ${kind.padEnd(14)}  ${detail}`

const attemptLine = ({ number, startedAt, outcome, detail }: AttemptView): string =>
  [`${number}  ${startedAt}  ${outcome ?? 'under way'}`, ...(detail === null ? [] : [detail])].join('  ')

function payloadLines({ payload, payloadEncoding }: RecordView): readonly string[] {
  if (payload === null) return []
  return payloadEncoding === 'base64' ? [`(base64) ${payload}`] : payload.split('\n')
}

/** A delivery that is to be delivered now, or no more. */
export function printQueued({ out, json }: Call, view: DeliveryView): void {
  if (json) out.json(view)
  else out.line(`${view.id}  ${view.state}`)
}
