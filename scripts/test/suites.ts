import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { agentOf, pinOf } from './agents.ts'

type Runtime = 'bun' | 'deno'

export interface Suite {
  /** From the root, with `/`. */
  readonly file: string
  readonly runtime: Runtime
  readonly limitMs: number
  /** How much of the machine it wants: files whose shares make up 1 or less run side by side. */
  readonly share: number
}

interface Reasoned {
  readonly path: RegExp
  readonly reason: string
}

/** What only Bun can run, and why. */
const onlyBun: readonly Reasoned[] = [
  { path: /^test\/drivers\/pty\//, reason: 'Deno has no terminal to give to a program' },
  { path: /-terminal\.test\.ts$/, reason: 'Deno has no terminal to give to a program' },
  { path: /^test\/agents\//, reason: 'real agents are driven once, through the built binary' },
  { path: /\/unit\.test\.ts$/, reason: 'the unit starts the binary' },
  { path: /^test\/scripts\//, reason: 'the scripts run on Bun' },
]

/** What the built binary proves whatever the runtime, and the files of `test/` that show what Deno has of it. */
const provedOnce: readonly (Reasoned & { readonly onDeno: readonly string[] })[] = [
  {
    path: /^test\/e2e\/(dashboard|dashboard-(chart|hooks|hostile|narrow|usable)|decide-page|pages-usable|pictures)\./,
    reason: 'a browser sees the same pages',
    onDeno: ['e2e/dashboard-live', 'e2e/dashboard-login', 'e2e/decision-doors'],
  },
  {
    path: /^test\/e2e\/(client|docs|http-page|metrics)\./,
    reason: 'the texts are the same',
    onDeno: ['e2e/capability', 'e2e/decisions', 'e2e/proxies'],
  },
  {
    path: /^test\/e2e\/(action|fleet-guide|recipes|tutorial|wait-guide)\./,
    reason: 'what curl and shells ask is the same',
    onDeno: ['e2e/join', 'e2e/knock', 'e2e/verbs', 'e2e/waits'],
  },
  {
    path: /^test\/e2e\/(postgres|store-copy)\./,
    reason: 'the server and its store are the same',
    onDeno: ['store/postgres/store', 'store/postgres/faults', 'store/postgres/copy', 'store/postgres/era'],
  },
  {
    path: /^test\/e2e\/(hosts|join-(agents|asks|commands|crash|hostile)|lost-files)\./,
    reason: 'what commands, hosts and doors say is the same',
    onDeno: ['e2e/join', 'store/lost-files'],
  },
  {
    path: /^test\/e2e\/(doors(-(callbacks|crash|disk|faults|given-keys|guide|hostile|shared|stop|upgrade))?|poolers)\./,
    reason: 'doors and their database are the same',
    onDeno: [
      'app/among-doors',
      'e2e/doors-clock',
      'store/postgres/faults',
      'store/postgres/listen',
      'store/postgres/store',
    ],
  },
  {
    path: /^test\/e2e\/completions\./,
    reason: 'what shells ask is the same',
    onDeno: ['cli/complete'],
  },
]

/** Whole programs and their starts. */
const demanding = /^test\/(agents|e2e|scripts)\//
/** They mostly wait: for screens to come to rest, or for a database. */
const patient = /^test\/(drivers|store\/postgres)\//

/** What a file wants of the machine, by the first that fits, in the order in which they are run: the small fill gaps. */
const shares: readonly (readonly [path: RegExp, share: number])[] = [
  // Moments that are picked by the clock, and measurements: alone.
  [/^test\/(e2e\/(durability|waits)|scripts\/bench\/bench)\./, 1],
  // A browser of many processes, and load without a pause: beside one that waits.
  [
    /^test\/e2e\/(crash|dashboard|dashboard-(chart|hooks|hostile|live|narrow|usable)|docs|pages-usable|pictures)\./,
    3 / 4,
  ],
  // An agent waits for its model and screen as long as it works; opencode starts hard, so never two of it at once.
  [/^test\/agents\/opencode/, 5 / 8],
  [/^test\/scripts\//, 1 / 2],
  [/^test\/(?!drivers\/)/, 3 / 8],
  // They take a sixth of one processor; what is left of them at the end goes eight at a time.
  [/^test\/drivers\/(pty|tmux)\//, 1 / 8],
  [patient, 1 / 4],
]
const rankOf = (file: string): number => shares.findIndex(([path]) => path.test(file))

/** Every test file whose path contains one of `filters`; all without any. Those that fill gaps stand last. */
export function findSuites(root: string, filters: readonly string[]): readonly Suite[] {
  const files = testFiles(root)
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
    .filter((path) => !isByHand(path) || isNamed(path, filters))
  const suites = [
    ...files.map((file) => suite(file, 'bun')),
    ...files.filter((file) => !whyNotDeno(file)).map((file) => suite(file, 'deno')),
  ]
  return suites.sort((a, b) => rankOf(a.file) - rankOf(b.file))
}

/** One knock and one hook through the built binary: what breaks when the parts are put together wrongly. */
const isSmoke = /^test\/e2e\/(knock|hooks)\.test\.ts$/

/**
 * What a change most likely broke, on Bun: one round through the binary, the folders that mirror `changed` sources and
 * changed tests themselves, then everything that needs no terminal, browser or real agent.
 */
export function quickSuites(root: string, changed: readonly string[]): readonly Suite[] {
  const suites = findSuites(root, []).filter(({ runtime }) => runtime === 'bun')
  const near = suites.filter(({ file }) => changed.some((path) => isNear(file, path)) && !agentOf(file))
  const fast = suites.filter(({ file }) => !demanding.test(file) && !patient.test(file))
  const smoke = suites.filter(({ file }) => isSmoke.test(file))
  return [...new Set([...smoke, ...near, ...fast])]
}

const longLimitMs = 3_600_000

/** The test files that go round more often when there is time, each with an hour. */
export const longSuites = (root: string, filters: readonly string[]): readonly Suite[] =>
  findSuites(root, filters)
    .filter(({ file }) => readFileSync(join(root, file), 'utf8').includes("/support/long.ts'"))
    .map((suite) => ({ ...suite, limitMs: longLimitMs }))

/** `test/drivers/tmux/discover.test.ts` is near `src/drivers/tmux/pane.ts` and near itself. */
const isNear = (test: string, path: string): boolean =>
  test === path || (path.startsWith('src/') && test.startsWith(`test/${dirname(path).slice('src/'.length)}/`))

/** Test files that run only when their agent is named. */
export const byHand = (root: string): readonly string[] => testFiles(root).filter(isByHand)

const testFiles = (root: string): readonly string[] =>
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((path) => `test/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.test.ts') && !path.includes('/node_modules/'))
    .sort()

function isByHand(file: string): boolean {
  const agent = agentOf(file)
  return agent !== undefined && !pinOf(agent).always
}

const isNamed = (file: string, filters: readonly string[]): boolean =>
  filters.some((filter) => filter.includes(agentOf(file) ?? '/'))

export function whyNotDeno(file: string): string | undefined {
  const fits = ({ path }: Reasoned) => path.test(file)
  const once = provedOnce.find(fits)
  return once ? `${once.reason}; there ${once.onDeno.join(', ')}` : onlyBun.find(fits)?.reason
}

function suite(file: string, runtime: Runtime): Suite {
  const [, share = 1] = shares[rankOf(file)] ?? []
  const isAgents = agentOf(file) !== undefined
  const limitMs = isAgents ? 600_000 : 240_000
  return { file, runtime, share, limitMs }
}
