import { pathOf } from './home.ts'
import { type Bench, inRounds } from './plan.ts'
import { median, ratios } from './stats.ts'
import { shown } from './table.ts'
import { type Flooded, flood, warmUp } from './wrk.ts'

const figures: readonly { readonly title: string; readonly of: (flooded: Flooded) => number }[] = [
  { title: 'durable knocks over 64 connections, /s', of: ({ perSecond }) => perSecond },
  { title: 'processor time of one, µs', of: ({ cpuMicros }) => cpuMicros },
  { title: 'p99, ms', of: ({ p99Ms }) => p99Ms },
]

/** Two builds in turn, each with a home of its own: which goes first alternates. */
export async function against(one: Bench, other: Bench): Promise<string> {
  await using a = await one.home()
  await using b = await other.home()
  await warmUp(a, pathOf(a, 0))
  await warmUp(b, pathOf(b, 0))
  const measured = await inRounds(2 * one.plan.times, async (round) => {
    const order = { seconds: 1, connections: 64 }
    const first = () => flood(a, { ...order, path: pathOf(a, round) })
    const second = () => flood(b, { ...order, path: pathOf(b, round) })
    if (round % 2 === 0) return { a: await first(), b: await second() }
    const before = await second()
    return { a: await first(), b: before }
  })
  const lines = figures.map(({ title, of }) => {
    const [here, there] = [measured.map(({ a }) => of(a)), measured.map(({ b }) => of(b))]
    const quotients = ratios(here, there)
    const spread = `${shown(Math.min(...quotients))}–${shown(Math.max(...quotients))}`
    return `| ${[title, shown(median(here)), shown(median(there)), shown(median(quotients)), spread].join(' | ')} |`
  })
  return [
    '| figure | this | the other | this / other | spread |',
    '|---|---:|---:|---:|---:|',
    ...lines,
  ].join('\n')
}
