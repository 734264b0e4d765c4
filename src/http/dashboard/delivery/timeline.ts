import type { DeliveryEvent, DeliveryRecord, EventKind } from '../../../domain/delivery.ts'
import { spanText } from '../../../domain/span.ts'
import { iso } from '../../../manage/views.ts'
import type { Tone } from '../page.ts'

interface Words {
  readonly text: string
  readonly tone?: Tone
}

const words: Readonly<Record<EventKind, Words>> = {
  received: { text: 'It arrived' },
  stored: { text: 'Stored on disk' },
  held: { text: 'Held', tone: 'queued' },
  attempt: { text: 'Attempt' },
  submitted: { text: 'Given to the agent' },
  turn_started: { text: 'The agent began its turn' },
  asked: { text: 'The agent asks a person', tone: 'waiting' },
  decided: { text: 'A person decided' },
  turn_completed: { text: 'The turn ended', tone: 'taken' },
  answered: { text: 'The agent answered', tone: 'taken' },
  callback: { text: 'Callback URL', tone: 'taken' },
  retry: { text: 'To be tried again', tone: 'retrying' },
  released: { text: 'Let go, no attempt spent', tone: 'queued' },
  unknown: { text: 'Cut off: it may have arrived', tone: 'failed' },
  requeued: { text: 'Put back into the queue by hand' },
  delivered: { text: 'Delivered', tone: 'taken' },
  failed: { text: 'Failed', tone: 'failed' },
}

/** What happened, in words and in order; times after the first are said from there. */
export const timelineOf = (events: readonly DeliveryEvent[]) =>
  events.map(({ at, kind, detail }, i) => ({
    at: iso(at),
    shown: `${iso(at).replace('T', ' ').replace('Z', '')} UTC`,
    since: i === 0 ? null : `+${spanText(at - (events[0]?.at ?? at))}`,
    kind,
    text: words[kind].text,
    tone: words[kind].tone ?? 'plain',
    detail: detail ?? null,
  }))

interface Phase {
  readonly name: string
  readonly from: number | undefined
  readonly to: number | undefined
}

/** Width of the bar, in its own units. */
const width = 1000

/**
 * How long it waited, was brought to the agent, was worked on and answered back, to scale; null before it was tried.
 * `now`, in Unix milliseconds, ends what goes on.
 */
export function phasesOf(record: DeliveryRecord, now: number) {
  const { events, acceptedAt, receivedAt, settledAt, action } = record
  const end = settledAt ?? now
  const tried = events.findLast(({ kind, at }) => kind === 'attempt' && at <= (acceptedAt ?? end))?.at
  const turnEnd = events.find(({ kind, at }) => kind === 'turn_completed' && at >= (acceptedAt ?? 0))?.at
  const all: readonly Phase[] = [
    { name: 'waiting', from: receivedAt, to: tried },
    { name: 'reaching the agent', from: tried, to: acceptedAt ?? end },
    { name: 'the agent’s turn', from: action === 'turn' ? acceptedAt : undefined, to: turnEnd ?? end },
    { name: 'answering back', from: record.callbackUrl === undefined ? undefined : turnEnd, to: end },
  ]
  const spans = all.flatMap(({ name, from, to }, i) =>
    from === undefined || to === undefined
      ? []
      : [{ name, ms: Math.max(0, to - from), phase: `phase-${i + 1}` }],
  )
  const sum = spans.reduce((total, { ms }) => total + ms, 0)
  if (tried === undefined || sum === 0) return null
  const longest = Math.max(...spans.map(({ ms }) => ms))
  let x = 0
  const bars = spans.map(({ name, ms, phase }) => {
    const w = Math.round((ms / sum) * width)
    const bar = {
      name,
      phase,
      x,
      w: Math.max(w, ms > 0 ? 2 : 0),
      span: spanText(ms),
      isLongest: ms === longest,
    }
    x += w
    return bar
  })
  return { width, bars, caption: bars.map(({ name, span }) => `${name} ${span}`).join(', ') }
}
