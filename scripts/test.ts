import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from './build.ts'
import { checks } from './check.ts'
import { agentFilters, agentOf, installAgents } from './test/agents.ts'
import { add, type Counts, countsOf, none, summary } from './test/counts.ts'
import { inShares } from './test/in-shares.ts'
import { type Finished, run } from './test/process.ts'
import { skipsIn } from './test/skips.ts'
import { byHand, findSuites, longSuites, quickSuites, type Suite, whyNotDeno } from './test/suites.ts'
import { installTools } from './test/tools.ts'

const root = resolve(import.meta.dir, '..')
const wholeMs = 60 * 60_000
const longMs = 6 * wholeMs
const checkMs = 180_000
const oneFailed: Counts = { ...none, failed: 1 }

/** What each step that failed said, shown once more at the end, where a log that was cut still has it. */
const saidByFailed = new Map<string, string>()
const lastLines = 60

const quickMs = 105_000

const args = process.argv.slice(2)
process.exitCode = await (args[0] === '--quick'
  ? quick()
  : args[0] === '--long'
    ? long(args.slice(1))
    : main(filtersOf(args)))

/**
 * `npm test -- [part of a path]…`: everything, or the test files whose path contains one of the parts.
 * `npm test -- --quick`: in under two minutes what a change most likely broke.
 * `npm run test:agents -- [--newest] [agent]…`: what drives those real agents; without names, those that belong to everything.
 */
function filtersOf([first, ...rest]: readonly string[]): readonly string[] {
  if (first === '--agents') return agentFilters(rest)
  return first === undefined ? [] : [first, ...rest]
}

async function main(filters: readonly string[]): Promise<number> {
  for (const line of installTools(root)) console.log(`! ${line}`)
  printByHand(filters)
  return bounded(wholeMs, async (signal) => [
    ...(filters.length === 0 ? await runChecks(signal) : []),
    ...(await runSuites(findSuites(root, filters), signal)),
  ])
}

/** `npm run test:long -- [part of a path]…`: what tries chance (`test/support/long.ts`), with many more rounds. */
function long(filters: readonly string[]): Promise<number> {
  for (const line of installTools(root)) console.log(`! ${line}`)
  process.env.POSTERN_TEST_LONG = '1'
  return bounded(longMs, (signal) => runSuites(longSuites(root, filters), signal))
}

/** Installs nothing, and leaves out what does not fit into the time, saying so. */
function quick(): Promise<number> {
  const until = Date.now() + quickMs
  return bounded(wholeMs, async (signal) => {
    const counts = [...(await runChecks(signal)), ...buildOnce()]
    const late: string[] = []
    await inShares(quickSuites(root, changedFiles()), byShare, async (suite) => {
      if (Date.now() > until) late.push(suite.file)
      else counts.push(await runSuite(suite, signal))
    })
    for (const file of late) console.log(`- ${file} was not run: out of time`)
    console.log('Quick: Bun only, no browsers, no real agents. The whole is `npm test`.')
    return counts
  })
}

/** Runs until done, told to end, or out of time; prints the summary and returns the exit code. */
async function bounded(
  limitMs: number,
  work: (signal: AbortSignal) => Promise<readonly Counts[]>,
): Promise<number> {
  const startedAt = Date.now()
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), limitMs)
  process.once('SIGINT', () => over.abort())
  process.once('SIGTERM', () => over.abort())
  const counts = (await work(over.signal)).reduce(add, none)
  clearTimeout(timer)
  for (const [title, said] of saidByFailed) console.log(`Failed: ${title}\n${said}`)
  console.log(`Took ${Math.round((Date.now() - startedAt) / 1000)} s.`)
  console.log(summary(counts))
  return isGood(counts) ? 0 : 1
}

/** What differs from the last commit; where nothing does, what the last commit changed. From the root, with `/`. */
function changedFiles(): readonly string[] {
  const git = (...args: readonly string[]) =>
    spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.split('\n').filter(Boolean)
  const open = [...git('diff', '--name-only', 'HEAD'), ...git('ls-files', '--others', '--exclude-standard')]
  return open.length > 0 ? open : git('diff', '--name-only', 'HEAD~1')
}

function isGood({ passed, failed }: Counts): boolean {
  return failed === 0 && passed > 0
}

async function runChecks(signal: AbortSignal): Promise<readonly Counts[]> {
  const results: Counts[] = []
  for (const { name, args } of checks) {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(checkMs)])
    const finished = await run([process.execPath, ...args], { cwd: root, signal: bounded })
    results.push(report(name, finished, finished.code === 0 ? { ...none, passed: 1 } : oneFailed))
  }
  return results
}

async function runSuites(suites: readonly Suite[], signal: AbortSignal): Promise<readonly Counts[]> {
  const built = buildOnce()
  printNotForDeno(suites)
  const agents = [...new Set(suites.flatMap(({ file }) => agentOf(file) ?? []))]
  for (const line of await installAgents(agents, signal)) console.log(`! ${line}`)
  const counts = [...built]
  await inShares(suites, byShare, async (suite) => {
    counts.push(await runSuite(suite, signal))
  })
  return counts
}

function byShare({ share }: Suite): number {
  return share
}

function buildOnce(): readonly Counts[] {
  try {
    build()
    return [{ ...none, passed: 1 }]
  } catch (error) {
    console.log(`✗ build\n${error}`)
    return [oneFailed]
  }
}

function printNotForDeno(suites: readonly Suite[]): void {
  for (const { file } of suites.filter(({ runtime }) => runtime === 'bun')) {
    const reason = whyNotDeno(file)
    if (reason) console.log(`- ${file} is not for Deno: ${reason}`)
  }
}

function printByHand(filters: readonly string[]): void {
  if (filters.length > 0) return
  for (const file of byHand(root))
    console.log(`- ${file} runs by hand: npm run test:agents -- ${agentOf(file)}`)
}

async function runSuite(suite: Suite, signal: AbortSignal): Promise<Counts> {
  const title = `${suite.file}${suite.runtime === 'deno' ? ' (deno)' : ''}`
  if (signal.aborted)
    return report(title, { code: undefined, output: 'not run: out of time', seconds: 0 }, oneFailed)
  const limit = AbortSignal.timeout(suite.limitMs)
  const finished = await run(commandOf(suite), {
    cwd: root,
    signal: AbortSignal.any([signal, limit]),
    env: { NO_COLOR: '1', ...(suite.runtime === 'deno' && denoEnvironment()) },
  })
  const output = limit.aborted
    ? `${finished.output}\nKilled after ${suite.limitMs / 1000} s.`
    : finished.output
  return report(title, { ...finished, output }, verdict(suite, finished), suite.file)
}

/**
 * A file that ends badly without naming a failed test has failed as a whole, and so has one without any test. Where
 * everything is said to be there, a test that is skipped unexpectedly is a hole.
 */
function verdict(suite: Suite, { code, output }: Finished): Counts {
  const counts = countsOf(suite.runtime, output) ?? none
  const isEmpty = counts.passed + counts.failed + counts.skipped === 0
  const { skipped, unexpected } = skipsIn(suite.file, output)
  const holes = process.env.CI === 'true' ? counts.skipped - (skipped.length - unexpected.length) : 0
  const all = add(counts, { ...none, failed: holes })
  return (code !== 0 && all.failed === 0) || isEmpty ? add(all, oneFailed) : all
}

/** The limit is that of hooks as well, and of tests that name none: agents start slowly on a busy machine. */
function commandOf({ runtime, file }: Suite): readonly [string, ...string[]] {
  return runtime === 'bun'
    ? [process.execPath, 'test', `--timeout=${agentOf(file) ? 120_000 : 60_000}`, `./${file}`]
    : [denoBinary(), 'test', '-A', '--no-check', '--no-lock', file]
}

/** Programs under test have homes of their own: without a cache in common each would compile all sources anew. */
function denoEnvironment(): Readonly<Record<string, string>> {
  const cache = process.env.DENO_DIR ?? join(root, 'node_modules', '.cache', 'deno')
  return { POSTERN_TEST_RUNTIME: 'deno', DENO_DIR: cache }
}

function denoBinary(): string {
  const path = join(root, 'node_modules', 'deno', process.platform === 'win32' ? 'deno.exe' : 'deno')
  return existsSync(path) ? path : join(root, 'node_modules', '.bin', 'deno')
}

/** One line for what went well, all else it said for what did not. */
function report(title: string, { output, seconds }: Finished, counts: Counts, file = ''): Counts {
  const isBad = counts.failed > 0
  console.log(`${isBad ? '✗' : '✓'} ${title}: ${summary(counts)} (${seconds.toFixed(1)} s)`)
  if (isBad) {
    const said = withoutPassed(output).replace(/^/gm, '    ')
    console.log(said)
    saidByFailed.set(title, said.split('\n').slice(-lastLines).join('\n'))
  }
  const { skipped, unexpected, missing } = skipsIn(file, output)
  for (const test of skipped)
    console.log(`    skipped${unexpected.includes(test) ? ', not as expected' : ''}: ${test}`)
  if (!isBad) for (const test of missing) console.log(`    not skipped, against expectation: ${test}`)
  return counts
}

function withoutPassed(output: string): string {
  return output.replace(/^(\(pass\) .*| *\S.* \.\.\. ok \(.*\))\n/gm, '')
}
