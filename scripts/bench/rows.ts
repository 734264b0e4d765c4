import type { Plan } from './plan.ts'

/** One figure, and what SPEC asks of it; without bounds it is only there to be read. */
export interface Row {
  readonly key: string
  readonly title: string
  readonly unit?: string
  readonly bound?: { readonly better: 'higher' | 'lower'; readonly must: number; readonly aim: number }
}

const atLeast = (must: number, aim: number) => ({ better: 'higher', must, aim }) as const
const atMost = (must: number, aim: number) => ({ better: 'lower', must, aim }) as const

/** In the order of the table: first what does not depend on the disk's mood. */
export const rowsOf = ({ stored, pending }: Plan): readonly Row[] => [
  {
    key: 'slowHealthz',
    title: '/healthz while every fsync takes 20 ms longer: p99 in floods of 64',
    unit: 'ms',
    bound: atMost(5, 2),
  },
  {
    key: 'slow64',
    title: 'that slow disk: durable knocks over 64 connections, of their limit',
    bound: atLeast(0.75, 0.9),
  },
  { key: 'slow512', title: 'the same over 512 connections', bound: atLeast(0.75, 0.9) },
  {
    key: 'cpuOfBare',
    title: 'processor time of a durable knock, of the bare route’s',
    bound: atMost(2.5, 2),
  },
  { key: 'bareCpu', title: 'of the bare route', unit: 'µs' },
  { key: 'cpu', title: 'of a durable knock', unit: 'µs' },
  { key: 'rateOfBare', title: 'durable knocks per second, of the bare route’s', bound: atLeast(0.55, 0.75) },
  { key: 'bareRate', title: 'bare route', unit: '/s' },
  { key: 'rate', title: 'durable knocks', unit: '/s' },
  {
    key: 'fullOfEmpty',
    title: `the same with ${count(stored)} deliveries and ${count(stored / 10)} grants, of the empty store`,
    bound: atLeast(0.9, 1),
  },
  { key: 'p99', title: 'p99 of a knock at half the peak rate', unit: 'ms', bound: atMost(15, 8) },
  { key: 'p99Bare', title: 'of the bare route at that rate', unit: 'ms' },
  {
    key: 'typed',
    title: 'knock until typed and taken in an idle terminal',
    unit: 'ms',
    bound: atMost(400, 250),
  },
  {
    key: 'fetched',
    title: 'knock until printed by a waiting `postern inbox`',
    unit: 'ms',
    bound: atMost(15, 5),
  },
  { key: 'p99Hung', title: 'p99 to other sessions while one hangs, of that before', bound: atMost(1.5, 1.1) },
  { key: 'held', title: 'event loop held by a webhook of 1 MiB', unit: 'ms', bound: atMost(10, 5) },
  { key: 'heldQuiet', title: 'what the same look finds without it', unit: 'ms' },
  { key: 'took1', title: 'that webhook until its answer', unit: 'ms' },
  { key: 'held25', title: 'event loop held by a webhook of 25 MiB', unit: 'ms' },
  { key: 'took25', title: 'that webhook until its answer', unit: 'ms' },
  {
    key: 'p99Crowded',
    title: 'p99 among 200 live dashboards and 2,000 callers who wait, of that without',
    bound: atMost(1.5, 1.1),
  },
  { key: 'expose', title: '`postern expose`, whole process', unit: 'ms', bound: atMost(60, 35) },
  { key: 'start', title: 'start of `serve` until its first 200', unit: 'ms', bound: atMost(300, 120) },
  {
    key: 'startPending',
    title: `the same with ${count(pending)} deliveries that wait`,
    unit: 'ms',
    bound: atMost(600, 300),
  },
  { key: 'memoryIdle', title: 'memory, idle', unit: 'MB', bound: atMost(90, 60) },
  { key: 'memoryLoaded', title: 'memory, at its most under full load', unit: 'MB', bound: atMost(200, 120) },
  { key: 'memoryLargest', title: 'memory, at its most after webhooks of 25 MiB, one at a time', unit: 'MB' },
]

function count(n: number): string {
  return Math.round(n).toLocaleString('en')
}
