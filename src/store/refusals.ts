import type { GrantId } from '../domain/grant.ts'
import {
  filterRefusals,
  keptCountHours,
  likeness,
  mostAlike,
  mostRefusals,
  type NewRefusal,
  newestHour,
  type Refusal,
  type RefusalCount,
  type RefusalFilter,
} from '../domain/refusal.ts'
import type { SqlRow } from '../platform/platform.ts'
import type { ReadContext, StoreContext } from './context.ts'
import { number, orUndefined, text } from './rows.ts'

/** Adds, and drops what the bounds no longer allow, all in the caller's transaction. */
export function recordRefusals(
  context: StoreContext,
  refusals: readonly NewRefusal[],
  counts: readonly RefusalCount[],
): void {
  for (const refusal of refusals) insert(context, refusal)
  trim(context)
  for (const count of counts) add(context, count)
  forgetCounts(context, counts)
}

function insert({ sql }: StoreContext, refusal: NewRefusal): void {
  const { at, door, hook, grant, status, code, cause, peer, userAgent, requestId } = refusal
  sql(
    `INSERT INTO refusals (at, door, hook, grant_id, status, code, cause, peer, user_agent, request_id, likeness)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    ...[at, door, hook ?? null, grant ?? null, status, code, cause, peer],
    ...[userAgent ?? null, requestId, likeness(refusal)],
  )
}

function trim({ sql }: StoreContext): void {
  sql(
    `DELETE FROM refusals WHERE seq IN (
       SELECT seq FROM (
         SELECT seq, ROW_NUMBER() OVER (PARTITION BY likeness ORDER BY seq DESC) AS place FROM refusals
       ) AS alike WHERE place > ?)`,
  ).run(mostAlike)
  sql('DELETE FROM refusals WHERE seq <= (SELECT seq FROM refusals ORDER BY seq DESC LIMIT 1 OFFSET ?)').run(
    mostRefusals,
  )
}

const add = ({ sql }: StoreContext, { hour, code, kind, count, guesses }: RefusalCount): number =>
  sql(
    `INSERT INTO refusal_counts (hour, code, kind, count, guesses) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (hour, code, kind)
     DO UPDATE SET count = refusal_counts.count + excluded.count, guesses = refusal_counts.guesses + excluded.guesses`,
  ).run(hour, code, kind, count, guesses)

/** Hours that are still to come were counted by a clock that was wrong. */
function forgetCounts({ sql }: StoreContext, added: readonly RefusalCount[]): void {
  if (added.length === 0) return
  const now = newestHour(added)
  sql('DELETE FROM refusal_counts WHERE hour <= ? OR hour > ?').run(now - keptCountHours, now)
}

/** There are never many: they are read whole. */
export const listRefusals = ({ sql }: ReadContext, filter: RefusalFilter): readonly Refusal[] =>
  filterRefusals(sql('SELECT * FROM refusals ORDER BY seq').all().map(refusalOf), filter)

export const countRefusals = ({ sql }: ReadContext, fromHour: number): readonly RefusalCount[] =>
  sql('SELECT * FROM refusal_counts WHERE hour >= ? ORDER BY hour, code, kind').all(fromHour).map(countOf)

function refusalOf(row: SqlRow): Refusal {
  const hook = orUndefined(row.hook, text)
  const grant = orUndefined(row.grant_id, text)
  const userAgent = orUndefined(row.user_agent, text)
  return {
    seq: number(row.seq),
    at: number(row.at),
    door: text(row.door),
    ...(hook !== undefined && { hook }),
    ...(grant !== undefined && { grant: grant as GrantId }),
    status: number(row.status),
    code: text(row.code) as Refusal['code'],
    cause: text(row.cause),
    peer: text(row.peer),
    ...(userAgent !== undefined && { userAgent }),
    requestId: text(row.request_id),
  }
}

const countOf = (row: SqlRow): RefusalCount => ({
  hour: number(row.hour),
  code: text(row.code) as Refusal['code'],
  kind: text(row.kind),
  count: number(row.count),
  guesses: number(row.guesses),
})
