import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)
const binary = resolve('dist/postern')

/** A home of its own with a server on it: limits raised, nothing else switched off. */
export interface BenchHome {
  readonly port: number
  readonly pid: number
  /** One capability URL's path for each of its inbox sessions. */
  readonly paths: readonly string[]
  /** From the start of the process to its first 200, milliseconds. */
  readonly startMs: number
  /** Mints one more URL; milliseconds for the whole process. */
  expose(): Promise<number>
  /** Gives one session an agent that never answers, and something to do. */
  hang(): Promise<void>
  stop(): Promise<void>
}

const inboxes = ['alpha', 'beta', 'gamma', 'delta']

export async function createHome(
  home: string,
  prepare?: (home: string) => Promise<void>,
): Promise<BenchHome> {
  mkdirSync(join(home, 'preferences'), { recursive: true, mode: 0o700 })
  const limits = { knocksPerMinute: 0, authFailuresPerMinute: 0, queuePerSession: 0 }
  writeFileSync(join(home, 'preferences', 'webhooks.json'), JSON.stringify({ limits }), { mode: 0o600 })
  const cli = async (...args: string[]) => (await run(binary, ['--home', home, ...args])).stdout.trim()
  for (const id of inboxes) await cli('session', 'add', id, '--driver', 'inbox')
  await prepare?.(home)
  const { child, port, startMs } = await serve(home)
  const paths: string[] = []
  for (const id of inboxes) paths.push(new URL(await cli('expose', '--session', id, '--quiet')).pathname)
  return {
    port,
    pid: child.pid ?? 0,
    paths,
    startMs,
    expose: () => timed(() => cli('expose', '--session', 'alpha', '--quiet')),
    async hang() {
      await cli('session', 'add', 'hung', '--driver', 'command', '--', 'sleep', '600')
      await cli('send', '--session', 'hung', 'are you there?')
    },
    stop: () => stop(child),
  }
}

async function serve(home: string) {
  const startedAt = performance.now()
  const child = spawn(binary, ['--home', home, 'serve', '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const port = await portOf(child)
  while (!(await answers(port))) await new Promise((done) => setTimeout(done, 1))
  return { child, port, startMs: performance.now() - startedAt }
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((found, failed) => {
    if (!child.stderr) return failed(new Error('no stderr'))
    createInterface({ input: child.stderr }).on('line', (line) => {
      const port = /Listening on \S+:(\d+)/.exec(line)?.[1]
      if (port) found(Number(port))
    })
    child.once('exit', (code) => failed(new Error(`serve ended with ${code}`)))
  })
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).ok
  } catch {
    return false
  }
}

const stop = (child: ChildProcess): Promise<void> =>
  new Promise((done) => {
    child.once('exit', () => done())
    child.kill('SIGTERM')
  })

/** The yardstick in a process of its own. */
export async function startBare(): Promise<{ readonly port: number; stop(): void }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bare.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  process.once('exit', () => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })
  const port = await new Promise<number>((found) => lines.once('line', (line) => found(Number(line))))
  return { port, stop: () => void child.kill() }
}

/** Resident memory in MB (Linux). */
export const rssMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024

export async function medianMs(times: number, act: (round: number) => Promise<number>): Promise<number> {
  const took: number[] = []
  for (let i = 0; i < times; i++) took.push(await act(i))
  return took.sort((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await act()
  return performance.now() - startedAt
}
