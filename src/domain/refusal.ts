import type { Code } from './error.ts'
import type { GrantId } from './grant.ts'

/** A knock that was turned away, or one that its hook ignored. Holds nothing secret and nothing of a body. */
export interface Refusal {
  /** Its place in the list. */
  readonly seq: number
  /** Unix milliseconds. */
  readonly at: number
  /** The path of a known hook, else the part of the server that was asked: `/hook`, `/api`, `/dashboard` … */
  readonly door: string
  readonly hook?: string
  readonly grant?: GrantId
  readonly status: number
  readonly code: Code | 'ignored'
  /** For the operator: what the caller was not told. */
  readonly cause: string
  /** IP address. */
  readonly peer: string
  readonly userAgent?: string
  readonly requestId: string
}

export type NewRefusal = Omit<Refusal, 'seq'>

/** How often something was refused within one hour of Unix time; lists forget, these do not for two days. */
export interface RefusalCount {
  /** Unix hours. */
  readonly hour: number
  readonly code: Refusal['code']
  /** See `causeKind`. */
  readonly kind: string
  readonly count: number
  /** How many of them were guesses at a secret. */
  readonly guesses: number
}

export interface RefusalFilter {
  readonly hook?: string
  readonly grant?: GrantId
  /** Unix milliseconds. */
  readonly since?: number
  /** Only those that follow this place, which are older; with `oldestFirst`, newer. */
  readonly after?: number
  readonly oldestFirst?: boolean
  readonly limit: number
}

/** Most refusals that are kept, and most of one cause and peer among them. */
export const mostRefusals = 1000
export const mostAlike = 100
export const keptCountHours = 48

/** So many wrong secrets, signatures and tokens within an hour are no accident. */
export const guessesAnHour = 1000

/** The same for causes that differ in what they measure alone: `timestamp is … s old`. A number within a name stays. */
export const causeKind = (cause: string): string => cause.replace(/(?<![\w-])\d+(?![\w-])/g, '…')

export const likeness = ({ code, cause, peer }: NewRefusal): string => `${code} ${peer} ${causeKind(cause)}`

/** The newest that the bounds allow, in their order; `refusals` has the oldest first. */
export function withinBounds<T extends NewRefusal>(refusals: readonly T[]): readonly T[] {
  const alike = new Map<string, number>()
  const kept = refusals.toReversed().filter((refusal) => {
    const count = (alike.get(likeness(refusal)) ?? 0) + 1
    alike.set(likeness(refusal), count)
    return count <= mostAlike
  })
  return kept.slice(0, mostRefusals).reverse()
}

/** Of a list with the oldest first. */
export function filterRefusals(refusals: readonly Refusal[], filter: RefusalFilter): readonly Refusal[] {
  const { hook, grant, since = 0, after, oldestFirst = false, limit } = filter
  const wanted = refusals.filter(
    (refusal) =>
      (hook === undefined || refusal.hook === hook) &&
      (grant === undefined || refusal.grant === grant) &&
      refusal.at >= since &&
      (after === undefined || (oldestFirst ? refusal.seq > after : refusal.seq < after)),
  )
  return (oldestFirst ? wanted : wanted.toReversed()).slice(0, limit)
}

export const countOf = (
  at: number,
  code: Refusal['code'],
  cause: string,
  guess: boolean | undefined,
): RefusalCount => ({
  hour: Math.floor(at / 3_600_000),
  ...{ code, kind: causeKind(cause), count: 1, guesses: guess ? 1 : 0 },
})

export const newestHour = (counts: readonly RefusalCount[]): number =>
  counts.reduce((newest, { hour }) => Math.max(newest, hour), 0)

export function addCount(counts: Map<string, RefusalCount>, more: RefusalCount): void {
  const name = `${more.hour} ${more.code} ${more.kind}`
  const known = counts.get(name)
  counts.set(
    name,
    known ? { ...known, count: known.count + more.count, guesses: known.guesses + more.guesses } : more,
  )
}
