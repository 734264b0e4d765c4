import type { Counts } from '../domain/counts.ts'
import {
  type Attempt,
  type Delivery,
  type DeliveryEvent,
  type DeliveryId,
  type DeliveryRecord,
  shown,
} from '../domain/delivery.ts'
import { pausedText } from '../domain/pause.ts'
import type { DeliveryFilter } from '../domain/ports.ts'
import type { SessionId } from '../domain/session.ts'
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

function spanOf({ sql }: ReadContext, { after, oldestFirst }: DeliveryFilter): Span {
  const row = sql(
    'SELECT (SELECT MIN(seq) FROM deliveries) AS low, (SELECT MAX(seq) FROM deliveries) AS high',
  ).get()
  const low = number(row?.low ?? 1)
  const high = number(row?.high ?? 0) + 1
  if (after === undefined) return { low, high }
  return oldestFirst ? { low: Math.max(low, after + 1), high } : { low, high: Math.min(high, after) }
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
const textTerm = `EXISTS (SELECT 1 FROM (SELECT lower(?) AS part) WHERE instr(lower(message), part) > 0
  OR instr(lower(answer), part) > 0 OR instr(lower(CAST(payload AS TEXT)), part) > 0)`

type Term = readonly [condition: string, ...values: SqlValue[]]

function termsOf(filter: DeliveryFilter, skew: number): readonly Term[] {
  const { state, session, hook, grant, unfinished, notPaused, text: part } = filter
  const { idPrefix, receivedSince, receivedUntil } = filter
  const terms: (Term | undefined)[] = [
    // Spelled out, so that the partial indexes apply.
    state === undefined ? undefined : [`state = '${state}'`],
    unfinished ? [`state IN ('PENDING', 'RETRY') AND phase = 'deliver'`] : undefined,
    notPaused ? [notPausedTerm] : undefined,
    session === undefined ? undefined : ['session = ?', session],
    hook === undefined ? undefined : ['source = ?', `hook:${hook}`],
    grant === undefined ? undefined : [`(source = ? OR extra ->> '$.grant' = ?)`, `grant:${grant}`, grant],
    part === undefined ? undefined : [textTerm, part],
    idPrefix ? ['substr(id, 1, ?) = ?', idPrefix.length, idPrefix] : undefined,
    receivedSince === undefined ? undefined : ['received_at >= ?', receivedSince - skew],
    receivedUntil === undefined ? undefined : ['received_at < ?', receivedUntil - skew],
  ]
  return terms.filter((term) => term !== undefined)
}

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

const hourMs = 3_600_000
/** Counted piece by piece, so that knocks are answered in between. */
const hourRows = 5000

export async function knocksByHour(context: ReadContext, since: number, hours: number) {
  const from = since - context.time.skew()
  const found: { knocks: number; failures: number }[] = []
  let first = await context.read(() => firstSince(context, from))
  for (let hour = 1; hour <= hours; hour++) {
    const end = await context.read(() => firstSince(context, from + hour * hourMs))
    found.push({
      knocks: await countKnocks(context, first, end),
      failures: await countFailures(context, first, end),
    })
    first = end
  }
  return found
}

async function countKnocks(context: ReadContext, first: number, end: number): Promise<number> {
  const pause = createPause()
  let knocks = 0
  for (let at = first; at < end; at += hourRows) {
    knocks += await context.read(() => countBetween(context, at, Math.min(end, at + hourRows)))
    await pause()
  }
  return knocks
}

const countBetween = ({ sql }: ReadContext, first: number, end: number): number =>
  number(sql('SELECT COUNT(*) AS n FROM deliveries WHERE seq >= ? AND seq < ?').get(first, end)?.n)

/** FAILED rows have an index of their own. */
const countFailures = (context: ReadContext, first: number, end: number): Promise<number> =>
  context.read(() =>
    number(
      context
        .sql(`SELECT COUNT(*) AS n FROM deliveries WHERE state = 'FAILED' AND seq >= ? AND seq < ?`)
        .get(first, end)?.n,
    ),
  )

/** The place in the order of arrival of the first delivery stored from then on: times grow with places. */
function firstSince({ sql }: ReadContext, at: number): number {
  const span = sql('SELECT MIN(seq) AS low, MAX(seq) + 1 AS high FROM deliveries').get()
  let [low, high] = [number(span?.low ?? 0), number(span?.high ?? 0)]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const row = sql('SELECT seq, stored_at FROM deliveries WHERE seq >= ? ORDER BY seq LIMIT 1').get(middle)
    if (row && number(row.stored_at) < at) low = number(row.seq) + 1
    else high = middle
  }
  return low
}

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
