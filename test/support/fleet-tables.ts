import assert from 'node:assert/strict'
import type { TestPostgres } from './postgres.ts'

// What the tables of a store in PostgreSQL must agree on once nothing is under way.

/** In one statement: who asks here stands still meanwhile, also for what passes through this process. */
const querying =
  (database: Pick<TestPostgres, 'query'>, store: string) =>
  (statement: string): readonly string[] =>
    database.query(store, statement).split('\n').filter(Boolean)

/** Each of these finds nothing where all is well. */
const wrongs: Readonly<Record<string, string>> = {
  'a lease or an attempt that nobody ends': `
    SELECT id, state, phase, leased_until FROM deliveries WHERE leased_until IS NOT NULL AND state IN ('PENDING', 'RETRY')
    UNION ALL SELECT id, 'attempt', number::text, started_at FROM attempts JOIN deliveries ON seq = delivery WHERE ended_at IS NULL`,
  'an attempt that was followed by another, and is not unknown': `
    SELECT delivery, number, outcome, detail FROM attempts a
    WHERE outcome <> 'unknown' AND EXISTS (SELECT FROM attempts b WHERE b.delivery = a.delivery AND b.number > a.number)`,
  'attempts that are not numbered 1 to the count in their delivery': `
    SELECT id, attempts, n, most FROM deliveries
    JOIN (SELECT delivery, count(*) AS n, max(number) AS most FROM attempts GROUP BY delivery) AS made ON delivery = seq
    WHERE n <> attempts OR most <> attempts`,
  'a delivery without its attempts': `
    SELECT id, state, attempts FROM deliveries WHERE attempts > 0 AND NOT EXISTS (SELECT FROM attempts WHERE delivery = seq)`,
  'a state whose tally is not how many there are': `
    SELECT name, t.n, d.n FROM (SELECT name, n FROM tallies WHERE kind = 'state' AND n <> 0) AS t
    FULL JOIN (SELECT state, count(*) AS n FROM deliveries GROUP BY state) AS d ON state = name
    WHERE t.n IS DISTINCT FROM d.n`,
  'a session whose tally is not how many wait': `
    SELECT name, session, t.n, d.n FROM (SELECT name, n FROM tallies WHERE kind = 'queue' AND n <> 0) AS t
    FULL JOIN (SELECT session, count(*) AS n FROM deliveries WHERE state IN ('PENDING', 'RETRY') GROUP BY session) AS d
      ON session = name
    WHERE t.n IS DISTINCT FROM d.n`,
  'an hour whose counts are not those of its deliveries': `
    SELECT h.hour, h.kind, h.n, d.n FROM (SELECT hour, kind, sum(n) AS n FROM history GROUP BY hour, kind HAVING sum(n) <> 0) AS h
    FULL JOIN (
      SELECT received_at / 3600000 AS hour, kind, count(*) AS n FROM deliveries,
        LATERAL (VALUES ('stored', true), ('taken', accepted_at IS NOT NULL), ('failed', state = 'FAILED')) AS k (kind, counts)
      WHERE counts GROUP BY 1, 2
    ) AS d ON d.hour = h.hour AND d.kind = h.kind
    WHERE h.n IS DISTINCT FROM d.n`,
  'a grant whose uses are not its deliveries': `
    SELECT g.id, uses, n FROM grants g
    LEFT JOIN (SELECT source, count(*) AS n FROM deliveries GROUP BY source) AS d ON source = 'grant:' || g.id
    WHERE uses <> COALESCE(n, 0)`,
  'a key of idempotency with two deliveries that did not fail': `
    SELECT source, idempotency_key, count(*) FROM deliveries WHERE idempotency_key IS NOT NULL AND state <> 'FAILED'
    GROUP BY 1, 2 HAVING count(*) > 1`,
  // Where something lies for 5 s nothing is added for that recipient; what is there goes with the next that anybody fetches.
  'more passed between doors than lies there until it is fetched': `
    SELECT recipient, count(*) FROM relayed GROUP BY recipient
    HAVING max(at) > min(at) + interval '6 seconds' OR recipient NOT IN (SELECT name FROM hosts)`,
  'abilities of a host that there is none of': `
    SELECT host FROM host_abilities WHERE host NOT IN (SELECT name FROM hosts)`,
}

export function checkTables(database: Pick<TestPostgres, 'query'>, store: string): void {
  const each = Object.entries(wrongs).map(
    ([what, statement]) => `(SELECT '${what}: ' || rows FROM (${statement}) AS rows LIMIT 20)`,
  )
  assert.deepEqual(querying(database, store)(each.join(' UNION ALL ')), [])
}

/** Of each message how often an agent may have had it: once for each attempt that is shown as unknown, or that it took. */
export function attemptsMade(
  database: Pick<TestPostgres, 'query'>,
  store: string,
): ReadonlyMap<string, number> {
  const rows = querying(
    database,
    store,
  )(
    `SELECT message || '|' || count(*) FROM deliveries JOIN attempts ON delivery = seq
     WHERE outcome IN ('unknown', 'taken', 'completed') GROUP BY seq, message`,
  )
  return new Map(rows.map((row) => [row.slice(0, row.lastIndexOf('|')), Number(row.split('|').at(-1))]))
}

/** How attempts ended, and how many rows stand in the tables that no message belongs to. */
export function tablesInWords(database: Pick<TestPostgres, 'query'>, store: string): string {
  const size = (table: string) => `SELECT '${table} ' || count(*) FROM ${table}`
  const rows = ['writers', 'relayed', 'host_abilities', 'door_facts', 'hosts', 'tallies', 'refusals'].map(
    size,
  )
  const shown = querying(
    database,
    store,
  )(
    [
      `(SELECT 'attempts ' || outcome || ' ' || count(*) FROM attempts GROUP BY outcome ORDER BY 1)`,
      ...rows,
      `SELECT 'connections ' || count(*) FROM pg_stat_activity WHERE application_name = 'postern'`,
    ].join(' UNION ALL '),
  )
  return shown.join(', ')
}
