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

/** What only Bun can run, and why. */
const notForDeno: readonly { readonly path: RegExp; readonly reason: string }[] = [
  { path: /^test\/drivers\/pty\//, reason: 'Deno has no terminal to give to a program' },
  { path: /-terminal\.test\.ts$/, reason: 'Deno has no terminal to give to a program' },
  { path: /^test\/agents\//, reason: 'real agents are driven once, through the built binary' },
  { path: /\/unit\.test\.ts$/, reason: 'the unit starts the binary' },
  { path: /^test\/scripts\//, reason: 'the scripts run on Bun' },
]

/** Real agents, builds, the dashboard in a browser, and most moments that are picked by the clock: each runs when nothing else does. */
const alone =
  /^test\/(agents\/|scripts\/|e2e\/(crash|dashboard|dashboard-live|docs|durability|pictures|waits)\.)/
/** Whole programs and their starts. */
const demanding = /^test\/(agents|e2e|scripts)\//
/** They mostly wait for screens to come to rest, and need little beside what others do. */
const patient = /^test\/drivers\//

/** Every test file whose path contains one of `filters`; all without any. Those with the largest shares stand first. */
export function findSuites(root: string, filters: readonly string[]): readonly Suite[] {
  const files = testFiles(root)
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
    .filter((path) => !isByHand(path) || isNamed(path, filters))
  const suites = [
    ...files.map((file) => suite(file, 'bun')),
    ...files.filter((file) => !whyNotDeno(file)).map((file) => suite(file, 'deno')),
  ]
  return suites.sort((a, b) => b.share - a.share)
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

const longLimitMs = 1_200_000

/** The test files that go round more often when there is time, each with twenty minutes. */
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

export const whyNotDeno = (file: string): string | undefined =>
  notForDeno.find(({ path }) => path.test(file))?.reason

function suite(file: string, runtime: Runtime): Suite {
  const share = alone.test(file) ? 1 : patient.test(file) ? 1 / 4 : 3 / 8
  const isAgents = agentOf(file) !== undefined
  const limitMs = isAgents ? 420_000 : demanding.test(file) || patient.test(file) ? 240_000 : 90_000
  return { file, runtime, share, limitMs }
}
