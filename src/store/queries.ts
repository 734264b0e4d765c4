import type { Counts } from '../domain/counts.ts'
import type { Attempt, Delivery, DeliveryEvent, DeliveryId, DeliveryRecord } from '../domain/delivery.ts'
import type { DeliveryFilter } from '../domain/delivery-filter.ts'
import { pausedText } from '../domain/pause.ts'
import type { SessionId } from '../domain/session.ts'
import { shown } from '../domain/shown-delivery.ts'
import type { SqlValue } from '../platform/platform.ts'
import type { Sql } from './connection.ts'
import type { ReadContext } from './context.ts'
import {
  attemptOf,
  byId,
  deliveryColumns,
  deliveryOf,
  eventOf,
  extraOf,
  keyOf,
  number,
  usualType,
} from './rows.ts'

/** A delivery with its timeline, attempts, payload and headers. */
export function inspect({ sql, cache, time }: ReadContext, id: DeliveryId): DeliveryRecord | undefined {
  const row = sql(`SELECT ${deliveryColumns}, payload FROM deliveries ${byId}`).get(...keyOf(id))
  if (!row) return undefined
  const delivery = deliveryOf(row)
  const attempts = sql('SELECT * FROM attempts WHERE delivery = ? ORDER BY number')
    .all(delivery.seq)
    .map(attemptOf)
  const noted = sql('SELECT * FROM events WHERE delivery = ? ORDER BY n').all(delivery.seq).map(eventOf)
  const { payload } = row
  const { contentType = payload ? usualType : undefined, headers = {} } = extraOf(row)
  return {
    ...time.onWall(shownNow(cache, delivery)),
    events: timeline(delivery, attempts, noted).map((event) => ({ ...event, at: time.toWall(event.at) })),
    attemptList: attempts.map((attempt) => onWall(attempt, time.toWall)),
    headers,
    ...(payload instanceof Uint8Array && { payload }),
    ...(contentType !== undefined && { contentType }),
  }
}

const onWall = (attempt: Attempt, toWall: (at: number) => number): Attempt => ({
  ...attempt,
  startedAt: toWall(attempt.startedAt),
  ...(attempt.endedAt !== undefined && { endedAt: toWall(attempt.endedAt) }),
})

/** Times from columns, attempts and events, in their order. */
function timeline(
  { receivedAt, storedAt }: Delivery,
  attempts: readonly Attempt[],
  noted: readonly DeliveryEvent[],
): readonly DeliveryEvent[] {
  const begun = attempts.map(
    ({ number: n, startedAt }): DeliveryEvent => ({ at: startedAt, kind: 'attempt', detail: `#${n}` }),
  )
  return [
    { at: receivedAt, kind: 'received' as const },
    { at: storedAt, kind: 'stored' as const },
    ...[...begun, ...noted].sort((a, b) => a.at - b.at),
  ]
}

/** Deliveries by place in the order of arrival, without payload and headers. */
export async function list(context: ReadContext, filter: DeliveryFilter): Promise<readonly Delivery[]> {
  const found: Delivery[] = []
  const pause = createPause()
  for (const window of windows(await context.read(() => spanOf(context, filter)), filter)) {
    const left = filter.limit - found.length
    found.push(...(await context.read(() => listWindow(context, filter, window, left))))
    if (found.length >= filter.limit) break
    await pause()
  }
  return found
}

/** What matches little is looked for piece by piece, so that knocks are answered in between. */
const windowRows = 2000
const payloadRows = 50

/** Places from `low` up to, not including, `high`. */
interface Span {
  readonly low: number
  readonly high: number
}

function* windows({ low, high }: Span, { oldestFirst, text }: DeliveryFilter): Generator<Span> {
  const rows = text === undefined ? windowRows : payloadRows
  if (oldestFirst)
    for (let at = low; at < high; at += rows) yield { low: at, high: Math.min(high, at + rows) }
  else for (let at = high; at > low; at -= rows) yield { low: Math.max(low, at - rows), high: at }
}

function spanOf(context: ReadContext, filter: DeliveryFilter): Span {
  const { after, oldestFirst, receivedSince, receivedUntil } = filter
  const skew = context.time.skew()
  const low = firstSince(context, receivedSince === undefined ? undefined : receivedSince - skew - marginMs)
  const high = firstSince(context, (receivedUntil ?? Number.POSITIVE_INFINITY) - skew + marginMs)
  if (after === undefined) return { low, high }
  return oldestFirst ? { low: Math.max(low, after + 1), high } : { low, high: Math.min(high, after) }
}

/** More than any knock takes from its first byte until it is stored. Milliseconds. */
const marginMs = 3_600_000

/** The place of the first delivery stored from then on, or of the next one: times grow with places, so it is searched by halves. */
function firstSince({ sql }: ReadContext, at = Number.NEGATIVE_INFINITY): number {
  const span = sql(
    'SELECT (SELECT MIN(seq) FROM deliveries) AS low, (SELECT MAX(seq) FROM deliveries) AS high',
  ).get()
  let [low, high] = [number(span?.low ?? 1), number(span?.high ?? 0) + 1]
  if (at === Number.POSITIVE_INFINITY) return high
  while (low < high && at !== Number.NEGATIVE_INFINITY) {
    const middle = Math.floor((low + high) / 2)
    const row = sql('SELECT seq, stored_at FROM deliveries WHERE seq >= ? ORDER BY seq LIMIT 1').get(middle)
    if (row && number(row.stored_at) < at) low = number(row.seq) + 1
    else high = middle
  }
  return low
}

function listWindow(
  { sql, cache, time }: ReadContext,
  filter: DeliveryFilter,
  span: Span,
  limit: number,
): readonly Delivery[] {
  const terms = termsOf(filter, time.skew())
  const where = ['seq >= ?', 'seq < ?', ...terms.map(([condition]) => condition)].join(' AND ')
  return sql(
    `SELECT ${deliveryColumns} FROM deliveries WHERE ${where} ORDER BY seq ${filter.oldestFirst ? 'ASC' : 'DESC'} LIMIT ?`,
  )
    .all(span.low, span.high, ...terms.flatMap(([, ...values]) => values), limit)
    .map(deliveryOf)
    .map((delivery) => time.onWall(shownNow(cache, delivery)))
}

const shownNow = (cache: ReadContext['cache'], delivery: Delivery): Delivery =>
  shown(delivery, cache.session(delivery.session), pausedText(cache.pauses(), delivery))

const notPausedTerm = `source NOT IN (SELECT target FROM pauses)
  AND 'session:' || session NOT IN (SELECT target FROM pauses)`

/** The message first: where it has the text nothing else is read. */
const textTerm = `EXISTS (SELECT 1 FROM (SELECT lower(?) AS part) AS wanted WHERE instr(lower(message), part) > 0
  OR instr(lower(answer), part) > 0 OR instr(lower(CAST(payload AS TEXT)), part) > 0)`

type Term = readonly [condition: string, ...values: SqlValue[]]

function termsOf(filter: DeliveryFilter, skew: number): readonly Term[] {
  const { state, session, hook, grant, unfinished, notPaused, text: part } = filter
  const { idPrefix, receivedSince, receivedUntil, failedStep } = filter
  const terms: (Term | undefined)[] = [
    // Spelled out, so that the partial indexes apply.
    state === undefined ? undefined : [`state = '${state}'`],
    unfinished ? [`state IN ('PENDING', 'RETRY') AND phase = 'deliver'`] : undefined,
    notPaused ? [notPausedTerm] : undefined,
    session === undefined ? undefined : ['session = ?', session],
    hook === undefined ? undefined : ['source = ?', `hook:${hook}`],
    // Of a hook's delivery it is a member of the JSON, in whose texts every quotation mark has a backslash before it.
    grant === undefined
      ? undefined
      : ['(source = ? OR instr(extra, ?) > 0)', `grant:${grant}`, `"grant":"${grant}"`],
    failedStep === undefined ? undefined : [`state = 'FAILED' AND failed_step = ?`, failedStep],
    part === undefined ? undefined : [textTerm, part],
    idPrefix ? ['substr(id, 1, ?) = ?', idPrefix.length, idPrefix] : undefined,
    receivedSince === undefined ? undefined : ['received_at >= ?', receivedSince - skew],
    receivedUntil === undefined ? undefined : ['received_at < ?', receivedUntil - skew],
  ]
  return terms.filter((term) => term !== undefined)
}

export const countEnded = ({ sql }: ReadContext, session: SessionId): number =>
  number(
    sql(
      `SELECT COUNT(*) AS ended FROM deliveries
       WHERE state = 'FAILED' AND failed_step = 'session_ended' AND session = ?`,
    ).get(session)?.ended,
  )

/** Read from tallies that every transaction keeps: no scan. */
export function counts({ sql, cache, time }: ReadContext): Counts {
  const queues = [...cache.queues()].filter(([, waiting]) => waiting > 0)
  const oldest = cache.pauses().size === 0 ? cache.head : (session: SessionId) => oldestOf(sql, session)
  const waitingSince = queues.flatMap(([session]) => receivedAtOf(oldest(session), time.toWall))
  return {
    deliveries: { ...cache.states() },
    queues: new Map(queues),
    ...(waitingSince.length > 0 && { oldestUnfinishedAt: waitingSince.reduce((a, b) => Math.min(a, b)) }),
  }
}

/** Also of what is paused, which no head is made of. */
function oldestOf(sql: Sql, session: SessionId): { readonly receivedAt: number } | null {
  const row = sql(
    `SELECT received_at FROM deliveries
     WHERE session = ? AND state IN ('PENDING', 'RETRY') AND phase = 'deliver' ORDER BY seq LIMIT 1`,
  ).get(session)
  return row ? { receivedAt: number(row.received_at) } : null
}

const receivedAtOf = (head: { readonly receivedAt: number } | null, toWall: (at: number) => number) =>
  head ? toWall(head.receivedAt) : []

/** Longest time that reading piece by piece holds up the event loop. */
const longestHoldMs = 3

/** To be awaited between two pieces: lets others in when it is time. */
export function createPause(): () => Promise<void> {
  let heldSince = performance.now()
  return async () => {
    if (performance.now() - heldSince < longestHoldMs) return
    await new Promise((resolve) => setImmediate(resolve))
    heldSince = performance.now()
  }
}
