import type { BenchHome, HomeOptions } from './home.ts'

/** How long everything takes. */
export interface Plan {
  readonly rounds: number
  /** Of the programs to compare with, of which nothing is promised. */
  readonly insteadRounds: number
  /** Of floods of one second for the curves. */
  readonly curveRounds: number
  /** Of one flood. */
  readonly seconds: number
  /** Times for what is measured one by one. */
  readonly times: number
  /** Deliveries of the full store; a tenth as many grants. */
  readonly stored: number
  /** Deliveries that wait when a server starts. */
  readonly pending: number
  /** Whether OpenClaw is compared with, and installed from npm where it is missing. */
  readonly openclaw: boolean
}

export const fullPlan: Plan = {
  rounds: 7,
  insteadRounds: 5,
  curveRounds: 5,
  seconds: 2,
  times: 15,
  stored: 1_000_000,
  pending: 50_000,
  openclaw: true,
}

/** About a minute. */
export const shortPlan: Plan = {
  rounds: 2,
  insteadRounds: 1,
  curveRounds: 1,
  seconds: 1,
  times: 3,
  stored: 50_000,
  pending: 5_000,
  openclaw: false,
}

/** What every measurement is given. */
export interface Bench {
  readonly plan: Plan
  /** A fresh home with its server. */
  home(options?: HomeOptions): Promise<BenchHome>
}

/** Samples of what was measured, by the name of their row in `rows.ts`. */
export type Samples = Readonly<Record<string, readonly number[]>>

/** One after the other, so that what is compared shares the machine's mood. */
export async function inRounds<T>(times: number, act: (round: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let round = 0; round < times; round++) results.push(await act(round))
  return results
}

export async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await act()
  return performance.now() - startedAt
}

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))
