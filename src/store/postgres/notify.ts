import { databaseNow } from './clock.ts'

// Each transaction that changes anything tells those who listen to the store, when it is on disk (`listen.ts`).

/** The channel of a store, by a number: the name of a schema may be too long for one. */
export const channel = `'postern ' || hashtext(current_schema())`

/** To be sent with a COMMIT: counts the transaction, notes that it was this writer's, and tells of it with what `Counted.changes` is now. */
export const countAndTell = (writer: string, sender: string): string =>
  `WITH counted AS (
     INSERT INTO tallies (kind, name, n) VALUES ('commits', 'all', 1)
     ON CONFLICT (kind, name) DO UPDATE SET n = tallies.n + 1 RETURNING n
   )
   INSERT INTO writers (id, commit, at) SELECT '${writer}', n, ${databaseNow} FROM counted
   ON CONFLICT (id) DO UPDATE SET commit = excluded.commit, at = excluded.at
   RETURNING pg_notify(${channel}, '${sender} ' || COALESCE((SELECT n FROM tallies WHERE kind = 'changes'), 0))`

/** What became of a commit is asked within seconds. Milliseconds. */
const writerForgottenMs = 86_400_000

export const forgetWriters = `DELETE FROM writers WHERE at < ${databaseNow} - ${writerForgottenMs}`

/** The same, as it is heard. */
export function heardIn(payload: string): { readonly sender: string; readonly changes: number } {
  const space = payload.lastIndexOf(' ')
  return { sender: payload.slice(0, space), changes: Number(payload.slice(space + 1)) }
}
