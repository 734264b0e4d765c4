import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pause } from './plan.ts'
import { bind, outputOf, type Server, stopper } from './server.ts'

/** A home of its own with a server on it: limits raised, nothing else switched off. */
export interface BenchHome extends Server {
  readonly folder: string
  /** One capability URL's path for each of its inbox sessions. */
  readonly paths: readonly string[]
  /** Runs one command of the command line; its output. */
  cli(...args: string[]): Promise<string>
  /** Starts one that waits for something, and prints a message when that has come. */
  start(...args: string[]): { readonly printed: Promise<string>; readonly ended: Promise<unknown> }
  /** The same when this process exits, and nothing can be awaited. */
  cliAtExit(...args: string[]): void
  /** Stops the server and starts it again; milliseconds from the start of the process to its first 200. */
  restart(): Promise<number>
}

export interface HomeOptions {
  /** What the configuration holds beside the raised limits. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Of the server alone. */
  readonly env?: Readonly<Record<string, string>>
  /** Puts something into the home before the server starts. */
  readonly prepare?: (home: string) => Promise<void>
  /** Another door at the store of that one: it has the same keys and sessions. */
  readonly beside?: BenchHome
}

const inboxes = ['alpha', 'beta', 'gamma', 'delta']
const limits = { knocksPerMinute: 0, authFailuresPerMinute: 0, queuePerSession: 0 }

export async function createHome(binary: string, home: string, options: HomeOptions): Promise<BenchHome> {
  mkdirSync(join(home, 'preferences'), { recursive: true, mode: 0o700 })
  const config = JSON.stringify({ limits, ...options.config })
  writeFileSync(join(home, 'preferences', 'webhooks.json'), config, { mode: 0o600 })
  const cli = async (...args: string[]) => (await outputOf(binary, ['--home', home, ...args])).trim()
  const start = (...args: string[]) => {
    const child = spawn(binary, ['--home', home, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    bind(child)
    const ended = once(child, 'close')
    const printed = Promise.race([once(child.stdout, 'data'), ended]).then(([text]) => `${text}`)
    return { printed, ended }
  }
  const { beside } = options
  if (beside) cpSync(join(beside.folder, 'keys'), join(home, 'keys'), { recursive: true })
  // In a database the first start makes the tables.
  if (options.config && 'store' in options.config && !beside)
    await (await serve(binary, home, options.env)).stop()
  const paths = beside?.paths ?? (await openInboxes(cli))
  await options.prepare?.(home)
  let running = await serve(binary, home, options.env)
  return {
    folder: home,
    get port() {
      return running.port
    },
    get pid() {
      return running.pid
    },
    paths,
    cli,
    start,
    cliAtExit: (...args) => {
      spawnSync(binary, ['--home', home, ...args])
    },
    async restart() {
      await running.stop()
      running = await serve(binary, home, options.env)
      return running.startMs
    },
    [Symbol.asyncDispose]: () => running.stop(),
  }
}

async function openInboxes(cli: BenchHome['cli']): Promise<readonly string[]> {
  const paths: string[] = []
  for (const id of inboxes) {
    await cli('session', 'add', id, '--driver', 'inbox')
    paths.push(new URL(await cli('expose', '--session', id, '--quiet')).pathname)
  }
  return paths
}

/** The path that a round uses: the sessions take turns. */
export const pathOf = ({ paths }: BenchHome, round: number): string => paths[round % paths.length] ?? '/'

async function serve(binary: string, home: string, env: Readonly<Record<string, string>> = {}) {
  const startedAt = performance.now()
  const child = spawn(binary, ['--home', home, 'serve', '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  })
  const stop = stopper(child)
  let last = ''
  const port = await new Promise<number>((found, failed) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      last = line
      const port = /Listening on \S+:(\d+)/.exec(line)?.[1]
      if (port) found(Number(port))
    })
    child.once('exit', (code) => failed(new Error(`serve ended with ${code}: ${last}`)))
  })
  while (!(await answers(port))) await pause(1)
  return { port, pid: child.pid ?? 0, startMs: performance.now() - startedAt, stop }
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).ok
  } catch {
    return false
  }
}
