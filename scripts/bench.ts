/**
 * Measures what SPEC promises of speed and size, all in one run on one machine, as ratios to a bare Elysia route.
 * Usage: npm run bench                     everything, into bench/latest
 *        npm run bench -- --short          about a minute, printed only
 *        npm run bench -- --only latency   one measurement, printed only
 *        npm run bench -- --against ../main/dist/postern   this build and another one in turn, printed only
 */
import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { against } from './bench/against.ts'
import { fullStore } from './bench/full-store.ts'
import { createHome } from './bench/home.ts'
import { instead, insteadTable } from './bench/instead.ts'
import { largeHook } from './bench/large-hook.ts'
import { latency } from './bench/latency.ts'
import { outcomes } from './bench/outcomes.ts'
import { type Bench, fullPlan, type Samples, shortPlan } from './bench/plan.ts'
import { rowsOf } from './bench/rows.ts'
import { slowDisk } from './bench/slow-disk.ts'
import { starts } from './bench/starts.ts'
import { table } from './bench/table.ts'
import { throughput } from './bench/throughput.ts'

const measurements: Readonly<Record<string, (bench: Bench) => Promise<Samples>>> = {
  'slow-disk': slowDisk,
  throughput,
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
    only: { type: 'string' },
    against: { type: 'string' },
  },
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

if (import.meta.main) await main()

async function main(): Promise<void> {
  const names = [...Object.keys(measurements), 'instead']
  if (values.only !== undefined && !names.includes(values.only))
    throw new Error(`There is no measurement "${values.only}"; choose among ${names.join(', ')}.`)
  const scratch = await mkdtemp(join(tmpdir(), 'postern-bench-'))
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

/** Only all of it, in its full length, is worth keeping. */
async function report(bench: Bench): Promise<void> {
  const samples = await measure(bench)
  const rows = rowsOf(bench.plan).filter(({ key }) => values.only === undefined || key in samples)
  const others = (await attempt('instead', () => instead(bench))) ?? []
  const page = [
    heading(),
    ...(rows.length > 0 ? [table(rows, samples)] : []),
    ...(others.length > 0 ? ['## What people use instead', insteadTable(others)] : []),
  ].join('\n\n')
  console.log(page)
  if (values.short || values.only !== undefined) return
  const results = { ...machine(), plan: bench.plan, samples, others }
  await writeFile('bench/latest.md', `${page}\n`)
  await writeFile('bench/latest.json', `${JSON.stringify(results, null, 2)}\n`)
}

async function measure(bench: Bench): Promise<Samples> {
  const samples: Record<string, readonly number[]> = {}
  for (const [name, act] of Object.entries(measurements))
    Object.assign(samples, await attempt(name, () => act(bench)))
  return samples
}

/** What is not wanted, or cannot be measured here, which is said, leaves its rows empty. */
async function attempt<T>(name: string, act: () => Promise<T>): Promise<T | undefined> {
  if (values.only !== undefined && values.only !== name) return
  console.error(`… ${name}`)
  try {
    return await act()
  } catch (error) {
    console.error(`${name} was not measured: ${error}`)
    process.exitCode = 1
  }
}

function machine() {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    bun: process.versions.bun,
    loadBefore,
  }
}

function heading(): string {
  const { date, cpu, cores, memoryGb, bun } = machine()
  const form = values.short ? 'The short form. ' : ''
  return `${form}Measured ${date} on ${cores} cores of ${cpu}, ${memoryGb} GB, Bun ${bun}; load and server on the same machine, which was ${loadBefore < 0.5 ? 'quiet' : 'busy'} before (load average ${loadBefore.toFixed(2)}).`
}
