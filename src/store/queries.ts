import type { Attempt, Delivery, DeliveryEvent, DeliveryId, DeliveryRecord } from '../domain/delivery.ts'
import type { Counts, DeliveryFilter } from '../domain/ports.ts'
import type { SqlValue } from '../platform/platform.ts'
import type { StoreContext } from './context.ts'
import { createPause } from './pause.ts'
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
export function inspect({ sql }: StoreContext, id: DeliveryId): DeliveryRecord | undefined {
  const row = sql(`SELECT ${deliveryColumns}, payload FROM deliveries ${byId}`).get(...keyOf(id))
  if (!row) return undefined
  const delivery = deliveryOf(row)
  const attemptList = sql('SELECT * FROM attempts WHERE delivery = ? ORDER BY number')
    .all(delivery.seq)
    .map(attemptOf)
  const noted = sql('SELECT * FROM events WHERE delivery = ? ORDER BY n').all(delivery.seq).map(eventOf)
  const { payload } = row
  const { contentType = payload ? usualType : undefined, headers = {} } = extraOf(row)
  return {
    ...delivery,
    events: timeline(delivery, attemptList, noted),
    attemptList,
    headers,
    ...(payload instanceof Uint8Array && { payload }),
    ...(contentType !== undefined && { contentType }),
  }
}

/** What the columns say and what was noted, in the order of their times. */
function timeline(
  { receivedAt, storedAt }: Delivery,
  attempts: readonly Attempt[],
  noted: readonly DeliveryEvent[],
): readonly DeliveryEvent[] {
  const tried = attempts.map(
    ({ number: n, startedAt }): DeliveryEvent => ({ at: startedAt, kind: 'attempt', detail: `#${n}` }),
  )
  return [
    { at: receivedAt, kind: 'received' as const },
    { at: storedAt, kind: 'stored' as const },
    ...[...tried, ...noted].sort((a, b) => a.at - b.at),
  ]
}

/** Deliveries by place in the order of arrival, without payload and headers. */
export async function list(context: StoreContext, filter: DeliveryFilter): Promise<readonly Delivery[]> {
  const found: Delivery[] = []
  const pause = createPause()
  for (const window of windows(
    await context.read(() => spanOf(context, filter)),
    filter.oldestFirst === true,
  )) {
    found.push(
      ...(await context.read(() => listWindow(context, filter, window, filter.limit - found.length))),
    )
    if (found.length >= filter.limit) break
    await pause()
  }
  return found
}

/** What matches little is looked for piece by piece, so that knocks are answered in between. */
const windowRows = 2000

/** Places from `low` up to, not including, `high`. */
interface Span {
  readonly low: number
  readonly high: number
}

function* windows({ low, high }: Span, oldestFirst: boolean): Generator<Span> {
  if (oldestFirst)
    for (let at = low; at < high; at += windowRows) yield { low: at, high: Math.min(high, at + windowRows) }
  else for (let at = high; at > low; at -= windowRows) yield { low: Math.max(low, at - windowRows), high: at }
}

function spanOf({ sql }: StoreContext, { after, oldestFirst }: DeliveryFilter): Span {
  const row = sql(
    'SELECT (SELECT MIN(seq) FROM deliveries) AS low, (SELECT MAX(seq) FROM deliveries) AS high',
  ).get()
  const low = number(row?.low ?? 1)
  const high = number(row?.high ?? 0) + 1
  if (after === undefined) return { low, high }
  return oldestFirst ? { low: Math.max(low, after + 1), high } : { low, high: Math.min(high, after) }
}

function listWindow(
  { sql }: StoreContext,
  filter: DeliveryFilter,
  span: Span,
  limit: number,
): readonly Delivery[] {
  const terms = termsOf(filter)
  const where = ['seq >= ?', 'seq < ?', ...terms.map(([condition]) => condition)].join(' AND ')
  const order = filter.oldestFirst ? 'ASC' : 'DESC'
  return sql(`SELECT ${deliveryColumns} FROM deliveries WHERE ${where} ORDER BY seq ${order} LIMIT ?`)
    .all(span.low, span.high, ...terms.flatMap(([, ...values]) => values), limit)
    .map(deliveryOf)
}

type Term = readonly [condition: string, ...values: SqlValue[]]

function termsOf(filter: DeliveryFilter): readonly Term[] {
  const { state, session, hook, grant, unfinished, text: words, receivedSince } = filter
  const terms: (Term | undefined)[] = [
    // Spelled out, so that the partial indexes apply.
    state === undefined ? undefined : [`state = '${state}'`],
    unfinished ? [`state IN ('PENDING', 'RETRY') AND phase = 'deliver'`] : undefined,
    session === undefined ? undefined : ['session = ?', session],
    hook === undefined ? undefined : ['source = ?', `hook:${hook}`],
    grant === undefined ? undefined : ['source = ?', `grant:${grant}`],
    words === undefined ? undefined : ['instr(lower(message), lower(?)) > 0', words],
    receivedSince === undefined ? undefined : ['received_at >= ?', receivedSince],
  ]
  return terms.filter((term) => term !== undefined)
}

/** Read from tallies that every transaction keeps: no scan. */
export function counts({ remembered }: StoreContext): Counts {
  const queues = [...remembered.tallies.queues()].filter(([, waiting]) => waiting > 0)
  const waitingSince = queues.flatMap(([session]) => remembered.head(session)?.receivedAt ?? [])
  return {
    deliveries: { ...remembered.tallies.states() },
    queues: new Map(queues),
    ...(waitingSince.length > 0 && { oldestUnfinishedAt: waitingSince.reduce((a, b) => Math.min(a, b)) }),
  }
}
