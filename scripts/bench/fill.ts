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

export interface Past {
  /** Settled ones, of sessions that exist anyway. */
  readonly deliveries?: number
  readonly grants?: number
  /** Inboxes, in each of which a message waits. */
  readonly sessions?: number
}

/** Puts a past into a home that no server uses, as it would stand there after a long life. */
export async function fill(home: string, past: Past): Promise<void> {
  const { deliveries = 0, grants = 0, sessions = 0 } = past
  const database = new Database(`${home}/postern.db`)
  database.run('PRAGMA synchronous = OFF')
  database.run('BEGIN')
  addGrants(database, grants)
  addSessions(database, sessions)
  addDeliveries(database, settled, 0, deliveries)
  addDeliveries(database, waiting, deliveries, deliveries + sessions)
  database.run(
    `INSERT INTO tallies (kind, name, n) SELECT 'state', state, COUNT(*) FROM deliveries GROUP BY state
     ON CONFLICT (kind, name) DO UPDATE SET n = excluded.n`,
  )
  database.run('COMMIT')
  database.run('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

function addGrants(database: Database, grants: number): void {
  database.run(
    `${numbers} INSERT INTO grants (id, channel, verb, label, created_at, expires_at, uses)
     SELECT printf('%016x', i * 2654435761), 'postern:/sessions/alpha', 'send_input', 'ci job ' || i, 1700000000000 + i, NULL, 3 FROM n`,
    [0, grants],
  )
}

function addSessions(database: Database, sessions: number): void {
  database.run(
    `${numbers} INSERT INTO sessions (id, generation, driver, settings, state, opened_at)
     SELECT printf('s%06d', i), printf('%016x', i), 'inbox', '{}', 'live', 1700000000000 + i FROM n`,
    [0, sessions],
  )
}

interface Kind {
  readonly session: string
  readonly state: string
  readonly settledAt: string
}

const settled: Kind = {
  session: `'alpha'`,
  state: `CASE WHEN i % 50 = 0 THEN 'FAILED' ELSE 'DELIVERED' END`,
  settledAt: '?3 + i',
}
const waiting: Kind = { session: `printf('s%06d', i - ?1)`, state: `'PENDING'`, settledAt: 'NULL' }

/** Those whose seq is more than `after`, up to `last`. */
function addDeliveries(database: Database, kind: Kind, after: number, last: number): void {
  const { session, state, settledAt } = kind
  database.run(
    `${numbers} INSERT INTO deliveries (seq, id, session, source, action, state, phase, received_at, stored_at, due_at,
       expires_at, failures, attempts, settled_at, message, extra, payload)
     SELECT i, 'whd_' || ${spelled('(?3 + i)', 8)} || '0000000000' || ${place}, ${session},
       'grant:' || printf('%016x', (i % 100000 + 1) * 2654435761), 'input', ${state}, 'deliver',
       ?3 + i, ?3 + i, ?3 + i, ?3 + i + 86400000, 0, 1, ${settledAt},
       '[ci] deploy ' || i || ' finished, look at the logs', '{"contentType":"application/json","headers":{}}',
       CAST('{"message":"deploy finished, look at the logs","from":"ci"}' AS BLOB) FROM n`,
    [after, last, Date.now() - last - 3_600_000],
  )
}

/** `n(i)`: the numbers that are more than the first parameter, up to the second. */
const numbers =
  'WITH RECURSIVE n(i) AS (SELECT ?1 + 1 WHERE ?1 < ?2 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)'
