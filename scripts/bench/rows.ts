import type { Plan } from './plan.ts'

/** One figure, and what SPEC asks of it; without bounds it is only there to be read. */
export interface Row {
  readonly key: string
  readonly title: string
  readonly unit?: string
  readonly bound?: Bound
  /** What keeps this figure from being better. */
  readonly limit?: string
}

export interface Bound {
  readonly better: 'higher' | 'lower'
  readonly must: number
  readonly aim: number
}

const atLeast = (must: number, aim: number) => ({ better: 'higher', must, aim }) as const
const atMost = (must: number, aim: number) => ({ better: 'lower', must, aim }) as const

const oneWrites =
  'Only one door writes at a time, and what the second needs of the processors is taken from the first.'

/** In the order of the table: first what does not depend on the disk's mood. */
export const rowsOf = ({ stored, pending }: Plan): readonly Row[] => [
  {
    key: 'slowHealthz',
    title: '/healthz while every fsync takes 20 ms longer: p99 in floods of 64',
    unit: 'ms',
    bound: atMost(5, 2),
    limit: 'The load generator and the thread that writes want the same processors as the loop.',
  },
  {
    key: 'slow64',
    title: 'that slow disk: durable knocks over 64 connections, of their limit',
    bound: atLeast(0.75, 0.9),
    limit:
      'The limit leaves out the way between the threads, and callers who come back after the next commit has begun.',
  },
  {
    key: 'slow512',
    title: 'that slow disk: durable knocks over 512 connections, of their limit',
    bound: atLeast(0.75, 0.9),
    limit:
      'The limit leaves out what 512 answers and the next 512 knocks need of the processor between two commits.',
  },
  {
    key: 'cpuOfBare',
    title: 'processor time of a durable knock, of the bare route’s',
    bound: atMost(2.5, 2),
    limit:
      'A durable knock is proved, rendered and written with its timeline, and goes to another thread and back; the bare route does none of that.',
  },
  { key: 'bareCpu', title: 'of the bare route', unit: 'µs' },
  { key: 'cpu', title: 'of a durable knock', unit: 'µs' },
  {
    key: 'rateOfBare',
    title: 'durable knocks per second, of the bare route’s',
    bound: atLeast(0.55, 0.75),
    limit:
      'It costs more processor time than the bare route, and where there are two processors the load generator takes one.',
  },
  { key: 'bareRate', title: 'bare route', unit: '/s' },
  { key: 'rate', title: 'durable knocks', unit: '/s' },
  {
    key: 'fleetOneOf',
    title: 'durable knocks per second of one door on PostgreSQL, of those on SQLite',
    bound: atLeast(0.4, 0.5),
    limit:
      'The database is another process on the same processors, and each commit takes two ways there and back by way of a thread that waits for it.',
  },
  {
    key: 'fleetEachOf',
    title: 'of two doors together, 64 callers at each',
    bound: atLeast(0.6, 0.75),
    limit: oneWrites,
  },
  {
    key: 'fleetTwoOf',
    title: 'of two doors that share 64 callers',
    bound: atLeast(0.6, 0.75),
    limit: `${oneWrites} Each transaction costs the same, and carries the knocks of 32 callers.`,
  },
  { key: 'fleetSqlite', title: 'one door on SQLite', unit: '/s' },
  { key: 'fleetOne', title: 'one door on PostgreSQL', unit: '/s' },
  { key: 'fleetEach', title: 'two doors on one PostgreSQL, 64 callers at each', unit: '/s' },
  { key: 'fleetTwo', title: 'two doors on one PostgreSQL that share 64 callers', unit: '/s' },
  {
    key: 'fullOfEmpty',
    title: `durable knocks with ${count(stored)} deliveries and ${count(stored / 10)} grants stored, of the empty store’s`,
    bound: atLeast(0.9, 1),
    limit: 'Deeper indexes, and more pages that the log carries back into the database.',
  },
  {
    key: 'p99',
    title: 'p99 of a knock at half the peak rate',
    unit: 'ms',
    bound: atMost(15, 8),
    limit: 'The commits of the machine’s own disk, and the load generator on the same processors.',
  },
  { key: 'p99Bare', title: 'of the bare route at that rate', unit: 'ms' },
  {
    key: 'typed',
    title: 'knock until typed and taken in an idle terminal',
    unit: 'ms',
    bound: atMost(400, 250),
    limit: 'The screen must be seen to have taken the text before Enter, and to have changed after it.',
  },
  {
    key: 'fetched',
    title: 'knock until printed by a waiting `postern inbox`',
    unit: 'ms',
    bound: atMost(15, 5),
    limit: '`postern inbox` is another process: it is told that the store was written, and reads it then.',
  },
  {
    key: 'p99Hung',
    title: 'p99 to other sessions while one hangs, of that before',
    bound: atMost(1.5, 1.1),
    limit: 'Both are a few milliseconds: chance has a large share.',
  },
  {
    key: 'held',
    title: 'event loop held by a webhook of 1 MiB',
    unit: 'ms',
    bound: atMost(10, 5),
    limit:
      'Reading and checking are cut into slices; one slice is not, nor what the runtime does in one go: a signature, a text, a collection of garbage.',
  },
  { key: 'heldQuiet', title: 'what the same look finds without it', unit: 'ms' },
  { key: 'took1', title: 'that webhook until its answer', unit: 'ms' },
  { key: 'held25', title: 'event loop held by a webhook of 25 MiB', unit: 'ms' },
  { key: 'took25', title: 'that webhook until its answer', unit: 'ms' },
  {
    key: 'p99Crowded',
    title: 'p99 among 200 live dashboards and 2,000 callers who wait, of that without',
    bound: atMost(1.5, 1.1),
    limit: 'Every dashboard fetches its page anew when something has changed, and each is written to.',
  },
  {
    key: 'expose',
    title: '`postern expose`, whole process',
    unit: 'ms',
    bound: atMost(60, 35),
    limit: 'About half of it is loading the program; the rest opens the store and commits once.',
  },
  {
    key: 'start',
    title: 'start of `serve` until its first 200',
    unit: 'ms',
    bound: atMost(300, 120),
    limit: 'Loading the program, once more for the thread that writes, and opening the store.',
  },
  {
    key: 'startPending',
    title: `start of \`serve\` with ${count(pending)} deliveries that wait`,
    unit: 'ms',
    bound: atMost(600, 300),
    limit: 'The database is read before the server answers.',
  },
  {
    key: 'memoryIdle',
    title: 'memory, idle',
    unit: 'MB',
    bound: atMost(90, 60),
    limit: 'The runtime with the program’s code, and once more for the thread that writes.',
  },
  {
    key: 'memoryLoaded',
    title: 'memory, at its most under full load',
    unit: 'MB',
    bound: atMost(200, 120),
    limit: 'The runtime gives memory back late.',
  },
  { key: 'memoryLargest', title: 'memory, at its most after webhooks of 25 MiB, one at a time', unit: 'MB' },
]

function count(n: number): string {
  return Math.round(n).toLocaleString('en')
}
