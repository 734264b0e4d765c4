import type { Blocked, Readiness } from '../domain/driver.ts'
import { oneLine } from '../domain/one-line.ts'
import type { Outcome } from '../domain/outcome.ts'

/** `asks`: what a person is asked for, for example `permission: Bash(ls)`. */
export const blockedBy = (asks: string): Blocked => ({
  kind: 'blocked',
  why: `it waits for ${oneLine(asks)}`,
  asks: oneLine(asks),
})

type Waiting = Extract<Readiness, { kind: 'busy' | 'blocked' }>

/** What becomes of a message that comes meanwhile. */
export const heldBy = ({ kind, why }: Waiting): Extract<Outcome, { kind: 'busy' }> => ({
  kind: 'busy',
  why,
  ...(kind === 'blocked' && { blocked: true }),
})

/** As `heldBy`, for a turn of ours that runs and may ask a person for something. */
export const heldByTurn = (asks: string | undefined): Extract<Outcome, { kind: 'busy' }> =>
  heldBy(asks === undefined ? { kind: 'busy', why: 'a turn runs' } : blockedBy(asks))

/** Why a turn failed whose time was over, `asks` as in `blockedBy`; else `otherwise`. */
export const lateDetail = (
  asks: string | undefined,
  otherwise = 'its turn took longer than it may',
): string => (asks === undefined ? otherwise : `timed out while waiting for ${oneLine(asks)}`)
