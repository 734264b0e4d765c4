import { Database } from 'bun:sqlite'

/** SQL that spells a number in base62, as ids do. */
const spelled = (number: string, digits: number): string =>
  Array.from(
    { length: digits },
    (_, i) => `substr(${base62}, ${number} / ${62 ** (digits - 1 - i)} % 62 + 1, 1)`,
  ).join(' || ')

const base62 = `'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'`

/** As `deliveryIdOf` spells a seq beside a chance of nothing but zeros. */
const place = ['i', '(i / 3844 + i)', '(i / 14776336 + i / 3844 + i)']
  .map((sum) => spelled(`(${sum} % 3844)`, 2))
  .join(' || ')

/**
 * Puts a past into a home that no server uses: so many settled deliveries, and a tenth as many grants, as they would
 * stand there after a long life.
 */
export async function fill(home: string, deliveries: number): Promise<void> {
  const database = new Database(`${home}/postern.db`)
  database.run('PRAGMA synchronous = OFF')
  database.run('BEGIN')
  database.run(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO grants (id, channel, verb, label, created_at, expires_at, uses)
     SELECT printf('%016x', i * 2654435761), 'postern:/sessions/alpha', 'send_input', 'ci job ' || i, 1700000000000 + i, NULL, 3 FROM n`,
    [Math.round(deliveries / 10)],
  )
  database.run(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     INSERT INTO deliveries (seq, id, session, source, action, state, phase, received_at, stored_at, due_at, expires_at,
       failures, attempts, settled_at, message, extra, payload)
     SELECT i, 'whd_' || ${spelled('(?2 + i)', 8)} || '0000000000' || ${place}, 'alpha', 'grant:' || printf('%016x', (i % (?1 / 10) + 1) * 2654435761),
       'input', CASE WHEN i % 50 = 0 THEN 'FAILED' ELSE 'DELIVERED' END, 'deliver',
       ?2 + i, ?2 + i, ?2 + i, ?2 + i + 86400000, 0, 1, ?2 + i,
       '[ci] deploy ' || i || ' finished, look at the logs', '{"contentType":"application/json","headers":{}}',
       CAST('{"message":"deploy finished, look at the logs","from":"ci"}' AS BLOB) FROM n`,
    [deliveries, Date.now() - deliveries - 3_600_000],
  )
  database.run(
    `INSERT INTO tallies (kind, name, n) SELECT 'state', state, COUNT(*) FROM deliveries GROUP BY state
     ON CONFLICT (kind, name) DO UPDATE SET n = excluded.n`,
  )
  database.run('COMMIT')
  database.run('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}
