import type { Counts } from '../domain/counts.ts'
import type { Decision } from '../domain/decision.ts'
import type { StoreServer } from '../domain/door.ts'
import { type HostState, hostStates } from '../domain/host.ts'
import type { Activities } from '../manage/activity.ts'

/** Counts what this process saw, and spells it for Prometheus (text exposition format 0.0.4). */
interface Metrics {
  /** Counts one answered knock. */
  knocked(status: number, seconds: number): void
  render(seen: Seen): string
}

/** What others saw. */
interface Seen {
  readonly counts: Counts
  readonly activities: Activities
  /** What agents ask of people. */
  readonly decisions: readonly Pick<Decision, 'session'>[]
  readonly refusals: RefusalNumbers
  /** Of every machine that may join. */
  readonly hosts: readonly HostState[]
  /** Of every door that shares the store. */
  readonly doors: readonly HostState[]
  /** Of a store on a server. */
  readonly server: StoreServer | undefined
  /** Attempts to tell somebody what happened, by how they ended, and how many notices wait for the next. */
  readonly notices: { readonly attempts: Readonly<Record<string, number>>; readonly waiting: number }
  /** How often the event loop was held, by what was under way. */
  readonly stalls: ReadonlyMap<string, number>
  /** Whether what other processes write to the store is heard at once; undefined where that is the home's own file. */
  readonly isListening: boolean | undefined
}

interface RefusalNumbers {
  readonly totals: () => readonly { readonly door: string; readonly code: string; readonly count: number }[]
  readonly guesses: () => number
}

/** Upper bounds in seconds of the knock duration histogram. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]

export function createMetrics(version: string, startedAt: number): Metrics {
  const statuses = new Map<number, number>()
  const buckets = bounds.map(() => 0)
  let count = 0
  let sum = 0
  return {
    knocked(status, seconds) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      count += 1
      sum += seconds
      const index = bounds.findIndex((bound) => seconds <= bound)
      if (index >= 0) buckets[index] = (buckets[index] ?? 0) + 1
    },
    render: ({
      counts,
      activities,
      decisions,
      refusals,
      hosts,
      doors,
      server,
      notices,
      stalls,
      isListening,
    }) =>
      [
        ...family('postern_build_info', 'gauge', 'Version of this binary.', [[`version="${version}"`, 1]]),
        ...family('postern_start_time_seconds', 'gauge', 'Start of this process, Unix seconds.', [
          ['', startedAt / 1000],
        ]),
        ...family(
          'postern_knocks_total',
          'counter',
          'Knocks at capability URLs and hooks, by HTTP status.',
          [...statuses].map(([status, n]) => [`status="${status}"`, n]),
        ),
        ...histogram(buckets, count, sum),
        ...refusalFamilies(refusals),
        ...family(
          'postern_deliveries',
          'gauge',
          'Stored deliveries, by state.',
          Object.entries(counts.deliveries).map(([state, n]) => [`state="${state}"`, n]),
        ),
        ...family(
          'postern_queue_length',
          'gauge',
          'Unfinished deliveries, by session.',
          [...counts.queues].map(([session, n]) => [`session="${session}"`, n]),
        ),
        ...family(
          'postern_session_blocked',
          'gauge',
          'Whether the agent waits for a person, by session; sessions whose agent does not tell are left out.',
          [...activities].flatMap(([session, { activity }]) =>
            activity === undefined ? [] : [[`session="${session}"`, activity === 'blocked' ? 1 : 0] as const],
          ),
        ),
        ...family(
          'postern_session_blocked_since_timestamp_seconds',
          'gauge',
          'Since when, Unix seconds, by session; absent where the agent does not wait for a person.',
          [...activities].flatMap(([session, { activity, since }]) =>
            activity !== 'blocked' || since === undefined
              ? []
              : [[`session="${session}"`, since / 1000] as const],
          ),
        ),
        ...family(
          'postern_hosts',
          'gauge',
          'Machines that may join with agents of their own, by state; nothing where none was added.',
          byState(hosts),
        ),
        ...family(
          'postern_doors',
          'gauge',
          'Servers that share the store, by state; nothing where that is a file.',
          byState(doors),
        ),
        ...storeFamilies(server),
        ...family(
          'postern_notices_total',
          'counter',
          'Attempts to tell a receiver what happened, by how they ended.',
          Object.entries(notices.attempts).map(([outcome, n]) => [`outcome="${outcome}"`, n]),
        ),
        ...family(
          'postern_store_listening',
          'gauge',
          'Whether what others write to the store in PostgreSQL is heard at once; absent for a store in a file.',
          isListening === undefined ? [] : [['', isListening ? 1 : 0]],
        ),
        ...family('postern_notices_waiting', 'gauge', 'Notices that no receiver has taken yet.', [
          ['', notices.waiting],
        ]),
        ...family(
          'postern_open_decisions',
          'gauge',
          'Requests of agents that wait for a person, by session.',
          [...Map.groupBy(decisions, ({ session }) => session)].map(([session, { length }]) => [
            `session="${session}"`,
            length,
          ]),
        ),
        ...family(
          'postern_oldest_waiting_timestamp_seconds',
          'gauge',
          'When the oldest unfinished delivery arrived, Unix seconds; absent when nothing waits.',
          counts.oldestUnfinishedAt === undefined ? [] : [['', counts.oldestUnfinishedAt / 1000]],
        ),
        ...family(
          'postern_event_loop_stalls_total',
          'counter',
          'How often the server was held longer than 50 ms in one piece, by what was under way.',
          [...stalls].map(([work, n]) => [`during="${work}"`, n]),
        ),
        ...usage(),
        '',
      ].join('\n'),
  }
}

const byState = (all: readonly HostState[]): readonly Sample[] =>
  (all.length === 0 ? [] : hostStates).map((state) => [
    `state="${state}"`,
    all.filter((one) => one === state).length,
  ])

/** Nothing of a store that is a file. */
function storeFamilies(server: StoreServer | undefined): readonly string[] {
  const sample = (of: (known: StoreServer) => Sample) => (server ? [of(server)] : [])
  return [
    ...family(
      'postern_store_info',
      'gauge',
      'The PostgreSQL of the store, and what it is set to.',
      sample(({ version, settings, isEncrypted }) => [
        Object.entries({ version, tls: isEncrypted ? 'on' : 'off', ...settings })
          .map(([name, value]) => `${name}="${value}"`)
          .join(','),
        1,
      ]),
    ),
    ...family(
      'postern_store_bytes',
      'gauge',
      'What is stored there, bytes.',
      sample(({ bytes }) => ['', bytes]),
    ),
    ...family(
      'postern_store_clock_ahead_seconds',
      'gauge',
      'How far its clock is ahead of that of this machine, seconds.',
      sample(({ aheadMs }) => ['', aheadMs / 1000]),
    ),
  ]
}

const refusalFamilies = (refusals: RefusalNumbers): readonly string[] => [
  ...family(
    'postern_refusals_total',
    'counter',
    'Knocks turned away, or ignored by their hook, by path and code.',
    refusals.totals().map(({ door, code, count }) => [`door="${door}",code="${code}"`, count]),
  ),
  ...family('postern_guesses_total', 'counter', 'Wrong secrets, signatures and tokens.', [
    ['', refusals.guesses()],
  ]),
]

/** Under the names that every client library of Prometheus gives them. */
function usage(): readonly string[] {
  const { user, system } = process.cpuUsage()
  return [
    ...family('process_cpu_seconds_total', 'counter', 'Time spent on the processor, seconds.', [
      ['', (user + system) / 1e6],
    ]),
    ...family('process_resident_memory_bytes', 'gauge', 'Memory in use, bytes.', [
      ['', process.memoryUsage().rss],
    ]),
  ]
}

type Sample = readonly [labels: string, value: number]

const family = (name: string, type: string, help: string, samples: readonly Sample[]): readonly string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
  ...samples.map(([labels, value]) => `${name}${labels && `{${labels}}`} ${value}`),
]

function histogram(buckets: readonly number[], count: number, sum: number): readonly string[] {
  const name = 'postern_knock_duration_seconds'
  let below = 0
  const samples = bounds.map((bound, i) => {
    below += buckets[i] ?? 0
    return `${name}_bucket{le="${bound}"} ${below}`
  })
  return [
    `# HELP ${name} From a knock to its answer.`,
    `# TYPE ${name} histogram`,
    ...samples,
    `${name}_bucket{le="+Inf"} ${count}`,
    `${name}_sum ${sum}`,
    `${name}_count ${count}`,
  ]
}
