// Each transaction that changes anything tells those who listen to the store, when it is on disk (`listen.ts`).

/** The channel of a store, by a number: the name of a schema may be too long for one. */
export const channel = `'postern ' || hashtext(current_schema())`

/** To be sent with a COMMIT: counts the transaction, and tells of it. */
export const countAndTell = (sender: string): string =>
  `INSERT INTO tallies (kind, name, n) VALUES ('commits', 'all', 1)
   ON CONFLICT (kind, name) DO UPDATE SET n = tallies.n + 1 RETURNING pg_notify(${channel}, '${sender}')`
