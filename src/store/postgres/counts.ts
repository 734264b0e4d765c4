import { runLater, type Sql } from '../connection.ts'
import type { Counts } from '../counts.ts'
import { columnsOf, unnested } from './arrays.ts'

/** `writeCounts` by one statement. */
export function writeCountsTogether(sql: Sql, { uses, tallies, history }: Counts): void {
  if (uses.length + tallies.length + history.length === 0) return
  const columns = [columnsOf(uses, use), columnsOf(history, hourly), columnsOf(tallies, tally)]
  runLater(sql, statement, ...columns.flat())
}

const use = ['text', 'bigint', 'bigint']
const hourly = ['bigint', 'text', 'text', 'bigint']
const tally = ['text', 'text', 'bigint']

const statement = `WITH
  used AS (
    UPDATE grants SET uses = uses + n, last_used_at = greatest(last_used_at, at)
    FROM ${unnested(use)} AS u (grant_id, n, at) WHERE id = grant_id
  ),
  hours AS (
    INSERT INTO history (hour, kind, name, n) SELECT * FROM ${unnested(hourly)}
    ON CONFLICT (hour, kind, name) DO UPDATE SET n = history.n + excluded.n
  )
  INSERT INTO tallies (kind, name, n) SELECT * FROM ${unnested(tally)}
  ON CONFLICT (kind, name) DO UPDATE SET n = tallies.n + excluded.n`
