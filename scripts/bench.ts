/**
 * Measures what SPEC promises of speed and size, all in one run on one machine, as ratios to a bare Elysia route.
 * Usage: npm run bench [-- --seconds 5 --stored 1000000 --out bench/latest]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fill } from './bench/fill.ts'
import { type BenchHome, createHome, medianMs, rssMb, startBare } from './bench/home.ts'
import { paced } from './bench/paced.ts'
import { body, flood } from './bench/wrk.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    stored: { type: 'string', default: '1000000' },
    out: { type: 'string', default: 'bench/latest' },
  },
})
const seconds = Number(values.seconds)
const stored = Number(values.stored)

const scratch = await mkdtemp(join(tmpdir(), 'postern-bench-'))

interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly must: number
  readonly aim: number
  readonly better: 'higher' | 'lower'
}

async function measure(): Promise<readonly Figure[]> {
  const bare = await startBare()
  const empty = await createHome(join(scratch, 'empty'))
  const script = join(scratch, 'knock.lua')
  const idle = rssMb(empty.pid)

  print('throughput: bare route and durable knocks, in turn')
  const rounds: { readonly bare: number; readonly durable: number }[] = []
  for (let i = 0; i < 3; i++) {
    const yardstick = await flood(bare.port, pathOf(empty, i), seconds, script)
    const durable = await flood(empty.port, pathOf(empty, i), seconds, script)
    refuseErrors(durable.errors)
    rounds.push({ bare: yardstick.perSecond, durable: durable.perSecond })
  }
  const ratio = median(rounds.map((round) => round.durable / round.bare))
  const peak = median(rounds.map((round) => round.durable))
  const loaded = rssMb(empty.pid)
  bare.stop()

  print('latency at half the peak rate, then the same while a session hangs')
  const calm = await halfRate(empty, peak)
  await empty.hang()
  const beside = await halfRate(empty, peak)

  print(`the same store with ${stored} deliveries and ${Math.round(stored / 10)} grants`)
  const full = await createHome(join(scratch, 'full'), (home) => fill(home, stored))
  const ratios: number[] = []
  for (let i = 0; i < 3; i++) {
    const fresh = await createHome(join(scratch, `fresh-${i}`))
    const one = await flood(fresh.port, pathOf(fresh, i), seconds, script)
    await fresh.stop()
    const other = await flood(full.port, pathOf(full, i), seconds, script)
    refuseErrors(other.errors)
    ratios.push(other.perSecond / one.perSecond)
  }

  print('the whole process of `postern expose`, and the start of a server')
  const exposeMs = await medianMs(21, () => empty.expose())
  await empty.stop()
  await full.stop()
  const startMs = await medianMs(9, async (i) => {
    const started = await createHome(join(scratch, `start-${i}`))
    const took = started.startMs
    await started.stop()
    return took
  })

  return [
    {
      name: 'bare route, knocks per second',
      value: median(rounds.map((r) => r.bare)),
      unit: '/s',
      must: 0,
      aim: 0,
      better: 'higher',
    },
    { name: 'durable knocks per second', value: peak, unit: '/s', must: 0, aim: 0, better: 'higher' },
    { name: 'durable, of the bare route', value: ratio, unit: '', must: 0.45, aim: 0.75, better: 'higher' },
    {
      name: 'with the full store, of the empty one',
      value: median(ratios),
      unit: '',
      must: 0.9,
      aim: 1,
      better: 'higher',
    },
    { name: 'p99 at half the peak rate', value: calm.p99, unit: 'ms', must: 15, aim: 8, better: 'lower' },
    {
      name: 'p99 while a session hangs, of the p99 before',
      value: beside.p99 / calm.p99,
      unit: '',
      must: 1.5,
      aim: 1,
      better: 'lower',
    },
    {
      name: 'postern expose, whole process',
      value: exposeMs,
      unit: 'ms',
      must: 60,
      aim: 25,
      better: 'lower',
    },
    { name: 'serve to the first 200', value: startMs, unit: 'ms', must: 300, aim: 120, better: 'lower' },
    { name: 'memory, idle', value: idle, unit: 'MB', must: 90, aim: 60, better: 'lower' },
    { name: 'memory, at full load', value: loaded, unit: 'MB', must: 200, aim: 120, better: 'lower' },
  ]
}

function pathOf({ paths }: BenchHome, round: number): string {
  return paths[round % paths.length] ?? '/'
}

async function halfRate(home: BenchHome, peak: number) {
  const requests = home.paths.map(
    (path) =>
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${home.port}\r\nContent-Type: application/json\r\nPrefer: wait=0\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  const result = await paced({ port: home.port, requests, perSecond: peak / 2, seconds, connections: 64 })
  refuseErrors(result.non2xx)
  return result
}

function refuseErrors(errors: number): void {
  if (errors > 0) throw new Error(`${errors} knocks were not answered 2xx: the figures would mean nothing.`)
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

function render(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, unit, must, aim, better }) => {
    const shown =
      `${value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)} ${unit}`.trim()
    const bound = better === 'higher' ? '≥' : '≤'
    const met = must === 0 ? '' : (better === 'higher' ? value >= must : value <= must) ? 'yes' : 'NO'
    return `| ${name} | ${shown} | ${must ? `${bound} ${must}` : ''} | ${aim ? `${bound} ${aim}` : ''} | ${met} |`
  })
  return ['| figure | measured | must | aim | met |', '|---|---:|---:|---:|---|', ...rows].join('\n')
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
  return `Measured ${date} on ${cores} cores of ${cpu}, ${memoryGb} GB, Bun ${bun}; load and server on the same machine.`
}

function print(text: string): void {
  console.error(`… ${text}`)
}

// Last, so that everything above is there.
try {
  const figures = await measure()
  const table = render(figures)
  console.log(table)
  await writeFile(
    `${values.out}.json`,
    `${JSON.stringify({ ...machine(), seconds, stored, figures }, null, 2)}\n`,
  )
  await writeFile(`${values.out}.md`, `${heading()}\n\n${table}\n`)
} finally {
  await rm(scratch, { recursive: true, force: true })
}
