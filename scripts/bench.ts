/**
 * Measures what SPEC promises of speed and size, all in one run on one machine, as ratios to a bare Elysia route.
 * Usage: npm run bench                     everything, into bench/latest
 *        npm run bench -- --short          about a minute, printed only
 *        npm run bench -- --only latency   one measurement, printed only
 *        npm run bench -- --against ../main/dist/postern   this build and another one in turn, printed only
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { against } from './bench/against.ts'
import { fullStore } from './bench/full-store.ts'
import { largeHook } from './bench/large-hook.ts'
import { latency } from './bench/latency.ts'
import { outcomes } from './bench/outcomes.ts'
import { type Bench, fullPlan, type Samples, shortPlan } from './bench/plan.ts'
import { rowsOf } from './bench/rows.ts'
import { createHome } from './bench/server.ts'
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

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    against: { type: 'string' },
  },
})

if (import.meta.main) await main()

async function main(): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  let homes = 0
  const plan = values.short ? shortPlan : fullPlan
  const benchOf = (binary: string): Bench => ({
    plan,
    home: (options = {}) => createHome(resolve(binary), join(scratch, `home-${homes++}`), options),
  })
  const bench = benchOf('dist/postern')
  try {
    if (values.against === undefined) await report(bench)
    else console.log(await against(bench, benchOf(values.against)))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Only all of it, in its full length, is worth keeping. */
async function report(bench: Bench): Promise<void> {
  const samples = await measure(bench)
  const rows = rowsOf(bench.plan).filter(({ key }) => values.only === undefined || key in samples)
  const page = `${heading()}\n\n${table(rows, samples)}\n`
  console.log(page)
  if (values.short || values.only !== undefined) return
  await writeFile('bench/latest.md', page)
  await writeFile(
    'bench/latest.json',
    `${JSON.stringify({ ...machine(), plan: bench.plan, samples }, null, 2)}\n`,
  )
}

/** What cannot be measured here is said, and leaves its rows empty. */
async function measure(bench: Bench): Promise<Samples> {
  const samples: Record<string, readonly number[]> = {}
  for (const [name, act] of Object.entries(measurements)) {
    if (values.only !== undefined && values.only !== name) continue
    console.error(`… ${name}`)
    try {
      Object.assign(samples, await act(bench))
    } catch (error) {
      console.error(`${name} was not measured: ${error}`)
      process.exitCode = 1
    }
  }
  return samples
}

function machine() {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    bun: process.versions.bun,
  }
}

function heading(): string {
  const { date, cpu, cores, memoryGb, bun } = machine()
  const form = values.short ? 'The short form. ' : ''
  return `${form}Measured ${date} on ${cores} cores of ${cpu}, ${memoryGb} GB, Bun ${bun}; load and server on the same machine.`
}
