import type { HomeMark, HomeTrouble } from './home-state.ts'

// A database of a server can be put back as it was, or be another one under the same address. It has a mark and counts its
// transactions; each home notes both, and goes by what it noted itself.

/** What a database says of itself. */
export interface Era {
  readonly mark?: string
  /** Marks that it had before, and those of databases in whose place it was put by an operator's word. */
  readonly past: readonly string[]
  readonly commits: number
}

/**
 * Whether the database at `address` is the one that this home has been writing to, and not older; undefined when it is. One that was
 * put back, and accepted by another home, is. Blank is one without our tables, or with nothing in them.
 */
export function troubleWithEra(
  address: string,
  noted: HomeMark | undefined,
  found: Era | 'blank',
): HomeTrouble | undefined {
  if (noted === undefined) return undefined
  if (found === 'blank')
    return {
      kind: 'database_empty',
      detail: `There is nothing in ${address}, which this home has been writing to.`,
      fix: `Put it back, with pg_restore. To begin without what was in it: ${accept}`,
    }
  if (found.mark === noted.mark)
    return found.commits < noted.commits ? behind(address, noted.commits - found.commits) : undefined
  if (found.past.includes(noted.mark)) return undefined
  return {
    kind: 'database_foreign',
    detail: `${address} is another database than the one that this home has been writing to, or a copy of it from before it was last put back.`,
    fix: `Put back the right one, or correct the address. To go on with this one: ${accept}`,
  }
}

const accept = 'postern restore --accept-loss'

const behind = (address: string, by: number): HomeTrouble => ({
  kind: 'database_behind',
  detail:
    `${address} lacks the newest ${by === 1 ? 'transaction that was' : `${by} transactions that were`} acknowledged: ` +
    'an older state was put back, by pg_restore, a snapshot, or a replica that had not heard of them.',
  fix: `Put back a newer one. What is lacking cannot be known; to go on without it: ${accept}`,
})
