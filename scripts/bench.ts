/**
 * Measures what SPEC promises of speed and size, all in one run on one machine, as ratios to a bare Elysia route.
 * Usage: npm run bench                     everything, into bench/latest, bench/curves and docs/performance
 *        npm run bench -- --short          about a minute, printed only
 *        npm run bench -- --curves         how the cost of a knock grows, into bench/curves and its picture
 *        npm run bench -- --only latency   one measurement, printed only
 *        npm run bench -- --against ../main/dist/postern   this build and another one in turn, printed only
 */
import { chmodSync, rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { against } from './bench/against.ts'
import { curves } from './bench/curves.ts'
import { type Curves, type Findings, findingsPage, growth, type Machine } from './bench/findings.ts'
import { fleet } from './bench/fleet.ts'
import { fullStore } from './bench/full-store.ts'
import { createHome } from './bench/home.ts'
import { instead } from './bench/instead.ts'
import { largeHook } from './bench/large-hook.ts'
import { latency } from './bench/latency.ts'
import { outcomes } from './bench/outcomes.ts'
import { type Bench, fullPlan, type Samples, shortPlan } from './bench/plan.ts'
import { rowsOf } from './bench/rows.ts'
import { slowDisk } from './bench/slow-disk.ts'
import { starts } from './bench/starts.ts'
import { throughput } from './bench/throughput.ts'
import { writePerformance } from './performance.ts'

const measurements: Readonly<Record<string, (bench: Bench) => Promise<Samples>>> = {
  'slow-disk': slowDisk,
  throughput,
  fleet,
  'full-store': fullStore,
  latency,
  outcomes,
  'large-hook': largeHook,
  starts,
}

const [loadBefore = 0] = loadavg()

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    curves: { type: 'boolean', default: false },
    only: { type: 'string' },
    against: { type: 'string' },
  },
})

const only = values.curves ? 'curves' : values.only

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

if (import.meta.main) await main()

async function main(): Promise<void> {
  const names = [...Object.keys(measurements), 'curves', 'instead']
  if (only !== undefined && !names.includes(only))
    throw new Error(`There is no measurement "${only}"; choose among ${names.join(', ')}.`)
  const scratch = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  // PostgreSQL runs as another user.
  chmodSync(scratch, 0o711)
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))
  // Everything that is written on the way lies there, and goes with it.
  process.env.TMPDIR = scratch
  let homes = 0
  const plan = values.short ? shortPlan : fullPlan
  const benchOf = (binary: string): Bench => ({
    plan,
    home: (options = {}) => createHome(resolve(binary), join(scratch, `home-${homes++}`), options),
  })
  const bench = benchOf('dist/postern')
  if (values.against === undefined) await report(bench)
  else console.log(await against(bench, benchOf(values.against)))
}

/** What is measured in its full length, and not for a look at one part of it, is worth keeping. */
async function report(bench: Bench): Promise<void> {
  const samples = await measure(bench)
  const grown = values.short && only !== 'curves' ? undefined : await attempt('curves', () => curves(bench))
  const others = (await attempt('instead', () => instead(bench))) ?? []
  const findings: Findings = { ...machine(), plan: bench.plan, samples, others }
  const rows = rowsOf(bench.plan).filter(({ key }) => only === undefined || key in samples)
  const page = findingsPage(findings, rows)
  console.log(`${values.short ? 'The short form. ' : ''}${page}`)
  if (grown) console.log(`\n${growth(grown)}`)
  if (values.short || values.only !== undefined) return
  if (!values.curves) {
    await writeFile('bench/latest.md', `${page}\n`)
    await writeFile('bench/latest.json', `${JSON.stringify(findings, null, 2)}\n`)
  }
  if (grown) {
    const kept: Curves = { ...machine(), curves: grown }
    await writeFile('bench/curves.json', `${JSON.stringify(kept, null, 2)}\n`)
  }
  writePerformance()
}

async function measure(bench: Bench): Promise<Samples> {
  const samples: Record<string, readonly number[]> = {}
  for (const [name, act] of Object.entries(measurements))
    Object.assign(samples, await attempt(name, () => act(bench)))
  return samples
}

/** What is not wanted, or cannot be measured here, which is said, leaves its rows empty. */
async function attempt<T>(name: string, act: () => Promise<T>): Promise<T | undefined> {
  if (only !== undefined && only !== name) return
  console.error(`… ${name}`)
  try {
    return await act()
  } catch (error) {
    console.error(`${name} was not measured: ${error}`)
    process.exitCode = 1
  }
}

function machine(): Machine {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    bun: process.versions.bun ?? 'unknown',
    loadBefore,
  }
}
