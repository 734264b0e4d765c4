import { debianWebhook } from './debian-webhook.ts'
import { openclaw } from './openclaw.ts'
import { type Bench, inRounds } from './plan.ts'
import { postern } from './postern.ts'
import { median } from './stats.ts'
import { shown } from './table.ts'
import type { Flooded } from './wrk.ts'

/** A program that takes webhooks, ready for the same body over 64 connections. */
export interface Taker extends AsyncDisposable {
  readonly title: string
  /** How a request proves that it may come. */
  readonly proof: string
  /** Whether a 2xx means that it is stored, and what it means else. */
  readonly stored: string
  flood(seconds: number): Promise<Taken>
}

/** Without processor time where the work of what was answered goes on after the flood. */
export type Taken = Pick<Flooded, 'perSecond' | 'p99Ms'> & { readonly cpuMicros?: number }

export const withoutCost = ({ perSecond, p99Ms }: Taken): Taken => ({ perSecond, p99Ms })

export interface Instead {
  readonly title: string
  readonly proof: string
  readonly stored: string
  readonly taken: readonly Taken[]
}

/** What people use instead, beside Postern. What cannot be measured here throws nothing and says why. */
export async function instead(bench: Bench): Promise<readonly (Instead | string)[]> {
  await using open = new AsyncDisposableStack()
  const found: (Taker | string)[] = []
  for (const start of [postern, debianWebhook, openclaw])
    for (const taker of await start(bench)) found.push(typeof taker === 'string' ? taker : open.use(taker))
  const takers = found.filter((taker) => typeof taker !== 'string')
  const rounds = await inRounds(bench.plan.insteadRounds, async () => {
    const taken: Taken[] = []
    for (const taker of takers) taken.push(await taker.flood(bench.plan.seconds))
    return taken
  })
  return found.map((taker) => {
    if (typeof taker === 'string') return taker
    const { title, proof, stored } = taker
    const place = takers.indexOf(taker)
    return { title, proof, stored, taken: rounds.flatMap((taken) => taken[place] ?? []) }
  })
}

export function insteadTable(all: readonly (Instead | string)[]): string {
  const lines = all.filter((one) => typeof one !== 'string').map(line)
  const missing = all.filter((one) => typeof one === 'string').map((why) => `\n${why}`)
  return [
    '| program | proof | answered, /s | p99, ms | processor time of one, µs | a 2xx means |',
    '|---|---|---:|---:|---:|---|',
    ...lines,
    ...missing,
  ].join('\n')
}

function line({ title, proof, stored, taken }: Instead): string {
  const cpu = taken.flatMap(({ cpuMicros }) => cpuMicros ?? [])
  const cells = [
    title,
    proof,
    withSpread(taken.map(({ perSecond }) => perSecond)),
    withSpread(taken.map(({ p99Ms }) => p99Ms)),
    cpu.length === 0 ? '' : withSpread(cpu),
    stored,
  ]
  return `| ${cells.join(' | ')} |`
}

const withSpread = (samples: readonly number[]): string =>
  `${shown(median(samples))} (${shown(Math.min(...samples))}–${shown(Math.max(...samples))})`
