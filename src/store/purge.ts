import { type DeliveryId, type DeliveryState, timeOfId } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import type { Store } from '../domain/ports.ts'
import type { SessionId } from '../domain/session.ts'
import type { SqlRow } from '../platform/platform.ts'
import { pause } from '../wait.ts'
import type { StoreContext } from './context.ts'
import { forgetDecisionsOf } from './decisions.ts'
import { hasOldHistory, purgeHistory } from './history.ts'
import { byId, keyOf, number, text } from './rows.ts'
import { hasOldWaits, purgeWaits } from './waits.ts'

export function createPurge(context: StoreContext): Pick<Store, 'purgeDelivery' | 'purgeSettled'> {
  let bytesInLog = false
  return {
    async purgeDelivery(id) {
      if (await context.write(() => purgeOne(context, id))) bytesInLog = true
      if (!bytesInLog) return false
      await emptyLog(context)
      bytesInLog = false
      return true
    },
    purgeSettled: (before, limit) => purgeSettled(context, before, limit),
  }
}

/** Erases one delivery and everything kept beside it. Throws `in_flight` while an attempt is under way. */
function purgeOne(context: StoreContext, id: DeliveryId): boolean {
  const row = context
    .sql(`SELECT seq, id, state, session, leased_until FROM deliveries ${byId}`)
    .get(...keyOf(id))
  if (!row) return false
  if (row.leased_until !== null)
    throw new Failure('in_flight', 'It is being delivered right now; purge it afterwards.')
  erase(context, row)
  return true
}

/** Erases up to `limit` terminal deliveries that were settled before a time, a few in each transaction. */
async function purgeSettled(context: StoreContext, before: number, limit: number): Promise<number> {
  if (await context.read(() => hasOldWaits(context, before)))
    await context.write(() => purgeWaits(context, before, limit))
  if (await context.read(() => hasOldHistory(context))) await context.write(() => purgeHistory(context))
  let erased = 0
  while (erased < limit) {
    const wanted = Math.min(purgeBatch, limit - erased)
    if ((await context.read(() => settledRows(context, before, 1))).length === 0) break
    erased += await context.write(() => eraseSettled(context, before, wanted))
  }
  return erased
}

/** Overwriting large payloads takes its time; knocks come in between. */
const purgeBatch = 20

function eraseSettled(context: StoreContext, before: number, limit: number): number {
  const rows = settledRows(context, before, limit)
  for (const row of rows) erase(context, row)
  return rows.length
}

const settledRows = ({ sql }: StoreContext, before: number, limit: number): readonly SqlRow[] =>
  sql(
    'SELECT seq, id, state, session FROM deliveries WHERE settled_at < ? ORDER BY settled_at, seq LIMIT ?',
  ).all(before, limit)

/**
 * `secure_delete` has overwritten the bytes in the database; what the log still holds of them goes with this.
 * Throws `store_unavailable` while another process keeps reading an older state from the log.
 */
async function emptyLog({ engine, read, sql }: Pick<StoreContext, 'engine' | 'read' | 'sql'>): Promise<void> {
  // PostgreSQL keeps what it erased until it writes over it, and in its log and copies: SECURITY.md says so.
  if (engine === 'postgres') return
  const deadline = performance.now() + logWaitMs
  while ((await read(() => sql('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy)) !== 0) {
    if (performance.now() > deadline)
      throw new Failure(
        'store_unavailable',
        'It is erased, but another process still reads the log that holds its bytes. Purge it again in a moment.',
        { retryAfterMs: 5000 },
      )
    await pause(logPauseMs)
  }
}

const logWaitMs = 4000
const logPauseMs = 25

function erase(context: StoreContext, row: SqlRow): void {
  const { sql, cache } = context
  const seq = number(row.seq)
  const session = text(row.session) as SessionId
  for (const table of ['events', 'attempts']) sql(`DELETE FROM ${table} WHERE delivery = ?`).run(seq)
  forgetDecisionsOf(context, text(row.id) as DeliveryId)
  sql('DELETE FROM deliveries WHERE seq = ?').run(seq)
  sql(keepHighest).run('seq', seq)
  sql(keepHighest).run('idTime', timeOfId(text(row.id) as DeliveryId))
  cache.forgetHead(session)
  cache.count(text(row.state) as DeliveryState, session, -1)
}

/** Keeps the highest `seq` and time of an id ever purged, so that every later delivery is above. */
const keepHighest = `INSERT INTO tallies (kind, name, n) VALUES ('purged', ?, ?)
  ON CONFLICT (kind, name) DO UPDATE SET n = MAX(tallies.n, excluded.n)`
