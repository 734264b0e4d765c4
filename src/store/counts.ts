import type { GrantId } from '../domain/grant.ts'
import type { Sql } from './connection.ts'

/** What a transaction has counted, to be added to what is stored. */
export interface Counts {
  readonly uses: readonly (readonly [grant: GrantId, n: number, lastAt: number])[]
  readonly tallies: readonly (readonly [kind: string, name: string, by: number])[]
  readonly history: readonly (readonly [hour: number, kind: string, name: string, by: number])[]
}

export function writeCounts(sql: Sql, { uses, tallies, history }: Counts): void {
  for (const [grant, n, at] of uses) sql(useGrant).run(n, at, grant)
  for (const tally of tallies) sql(addTally).run(...tally)
  for (const count of history) sql(addHistory).run(...count)
}

const useGrant =
  'UPDATE grants SET uses = uses + ?, last_used_at = MAX(COALESCE(last_used_at, 0), ?) WHERE id = ?'

const addTally = `INSERT INTO tallies (kind, name, n) VALUES (?, ?, ?)
  ON CONFLICT (kind, name) DO UPDATE SET n = tallies.n + excluded.n`

const addHistory = `INSERT INTO history (hour, kind, name, n) VALUES (?, ?, ?, ?)
  ON CONFLICT (hour, kind, name) DO UPDATE SET n = history.n + excluded.n`
