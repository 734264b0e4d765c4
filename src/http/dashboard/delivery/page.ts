import { type Attempt, type DeliveryRecord, isTerminal } from '../../../domain/delivery.ts'
import { withoutFence } from '../../../domain/fence.ts'
import { spanText } from '../../../domain/span.ts'
import { commandFor } from '../../../inbound/delivery-curl.ts'
import { showDelivery } from '../../../manage/deliveries.ts'
import { deliverySentence } from '../../../manage/delivery-sentence.ts'
import { iso, type RecordView, recordView } from '../../../manage/views.ts'
import { parsePayload } from '../../../payload/parse.ts'
import { labelsOf, stateWords } from '../delivery-rows.ts'
import { grouped, longestPayload, type Page, type PageDeps, shortened, shortTime, toneOf } from '../page.ts'
import { type PageView, textareaHtml } from '../templates.ts'
import { differenceOf } from './difference.ts'
import { factsOf } from './facts.ts'
import { markdownHtml } from './markdown.ts'
import { neighboursOf } from './neighbours.ts'
import { payloadTree } from './payload-tree.ts'
import { phasesOf, timelineOf } from './timeline.ts'

/** Everything kept of one delivery. `query`: the filter of the list that it was chosen from. Throws `not_found`. */
export async function deliveryPage(deps: PageDeps, id: string, query: URLSearchParams): Promise<Page> {
  const record = await showDelivery(deps.store, id)
  const neighbours = await neighboursOf(deps, record, query)
  return {
    template: 'delivery',
    title: `Delivery ${record.id}`,
    section: 'deliveries',
    live: neighbours.self,
    view: { ...neighbours, ...(await deliveryDetail(deps, record)) },
  }
}

/** What the partial `detail` shows of a delivery. */
export async function deliveryDetail(deps: PageDeps, record: DeliveryRecord): Promise<PageView> {
  const view = recordView(record)
  const now = steppedNow(record, deps.now())
  const labels = await labelsOf(deps.store, [record])
  const original = record.replayOf && (await deps.store.inspectDelivery(record.replayOf))
  return {
    ...{
      id: view.id,
      address: `/dashboard/deliveries/${view.id}`,
      state: stateWords[view.state],
      tone: toneOf(view.state),
    },
    sentence: deliverySentence(record, now),
    ...{
      facts: factsOf(record, view, labels),
      events: timelineOf(record.events),
      phases: phasesOf(record, now),
    },
    replayOf: view.replayOf,
    difference: original ? differenceOf(withoutFence(original.message), withoutFence(record.message)) : null,
    anyAttempts: record.attemptList.length > 0,
    attempts: record.attemptList.map(attemptOf),
    canRetry: view.state === 'FAILED',
    canCancel: !isTerminal(record.state) && !view.inFlight,
    canPurge: !view.inFlight,
    ...textsOf(view),
    ...(await payloadOf(record, view)),
    curl: commandFor(record, deps.hooks().hooks)?.note ?? null,
  }
}

/** Waiting times are told in steps, so that a page whose delivery waits is not another one all the time. */
export function steppedNow({ receivedAt }: DeliveryRecord, now: number): number {
  const age = Math.max(0, now - receivedAt)
  const step = age < 10_000 ? 1000 : age < 600_000 ? 10_000 : 60_000
  return receivedAt + Math.floor(age / step) * step
}

function textsOf(view: RecordView) {
  const message = withoutFence(view.message)
  const hasAnswer = view.answer !== null && view.answer !== ''
  return {
    hasMessage: view.message !== '',
    message,
    /** With its fence, as the agent got it. */
    whole: message === view.message ? null : view.message,
    editable: textareaHtml(view.message),
    hasAnswer,
    answer: view.answer,
    answerHtml: hasAnswer ? (markdownHtml(view.answer ?? '') ?? null) : null,
    anyHeaders: Object.keys(view.headers).length > 0,
    headers: Object.entries(view.headers).map(([name, value]) => ({ name, value })),
  }
}

/** Larger payloads are not drawn as a tree. Bytes. */
const largestTree = 2_000_000

async function payloadOf({ payload: bytes }: DeliveryRecord, view: RecordView) {
  if (bytes === undefined || view.payload === null) return { hasPayload: false, tree: null }
  return {
    hasPayload: true,
    payload: shortened(view.payload, longestPayload),
    cut: view.payload.length > longestPayload,
    tree: view.payloadEncoding === 'base64' ? null : await treeOf(bytes, view.contentType),
    payloadSize: `${grouped(bytes.length)} ${bytes.length === 1 ? 'byte' : 'bytes'}`,
    contentType: view.contentType ?? 'without a content type',
    encoded: view.payloadEncoding === 'base64',
  }
}

/** As templates see it; null for what cannot be read or is only text. */
async function treeOf(bytes: Uint8Array, contentType: string | null): Promise<string | null> {
  if (bytes.length > largestTree || /^text\/plain/i.test(contentType ?? '')) return null
  const view = await parsePayload(bytes, contentType ?? '').catch(() => null)
  return payloadTree(view) ?? null
}

const attemptOf = ({ number, startedAt, endedAt, outcome, detail }: Attempt) => ({
  number,
  startedAt: iso(startedAt),
  started: shortTime(iso(startedAt)),
  took: endedAt === undefined ? 'under way' : spanText(endedAt - startedAt),
  outcome: outcome?.replaceAll('_', ' ') ?? 'under way',
  detail: detail ?? null,
})
