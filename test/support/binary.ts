import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { isLong } from './long.ts'

const root = resolve(import.meta.dirname, '..', '..')
// What goes round for hours may have the machine with others.
const startMs = isLong ? 120_000 : 20_000
const stopMs = isLong ? 60_000 : 20_000
const commandMs = 30_000

/** The command that runs Postern: the compiled binary, or Deno and the sources with POSTERN_TEST_RUNTIME=deno. */
export function binary(): readonly [string, ...string[]] {
  if (process.env.POSTERN_TEST_RUNTIME === 'deno')
    return [join(root, 'node_modules/.bin/deno'), 'run', '-A', join(root, 'src/main.ts')]
  const path = join(root, 'dist', process.platform === 'win32' ? 'postern.exe' : 'postern')
  if (!existsSync(path)) throw new Error('dist/postern is not built: npm run build')
  return [path]
}

/** A home of its own, gone when the test process ends. The path is short: Unix sockets lie below it. */
export async function scratchHome(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-test-'))
  atExit(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'home')
}

export interface CliOptions {
  readonly home: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  readonly cwd?: string
  readonly timeoutMs?: number
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command to its end. Killed by its deadline it counts as 137. */
export function cli(args: readonly string[], options: CliOptions): Promise<Ran> {
  const child = start(args, options)
  const stdout = collected(child.stdout)
  const stderr = collected(child.stderr)
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  const deadline = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? commandMs)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(deadline)
      resolve({ code: code ?? 137, stdout: stdout(), stderr: stderr() })
    })
  })
}

export interface Served {
  /** Without a trailing slash. */
  readonly url: string
  readonly pid: number
  /** What it has written to stderr so far. */
  stderr(): string
  /** SIGTERM, then waits. Resolves with the exit code; 137 when it had to be killed. */
  stop(): Promise<number>
  /** As a power cut would. */
  kill9(): Promise<void>
}

export interface ServeOptions {
  readonly args?: readonly string[]
  /** A free one unless given. */
  readonly port?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a server on a free port and waits until it answers. Never outlives the test process. */
export async function serve(home: string, options: ServeOptions = {}): Promise<Served> {
  const lasting = startLasting(['serve', '--port', options.port ?? '0', ...(options.args ?? [])], {
    home,
    ...options,
  })
  return { url: await listening(lasting.child, lasting.stderr), ...lasting.process }
}

/** Joins a door and waits until it says so. Never outlives the test process. */
export async function joinDoor(
  home: string,
  args: readonly string[],
): Promise<Omit<Served, 'url'> & { readonly ended: Promise<number> }> {
  const { stderr, process, ended } = startLasting(['join', ...args], { home })
  const deadline = AbortSignal.timeout(startMs)
  let isOver = false
  void ended.then(() => {
    isOver = true
  })
  while (!/^Joined /m.test(stderr())) {
    if (deadline.aborted || isOver) throw new Error(`It did not join: ${stderr()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { ...process, ended }
}

function startLasting(args: readonly string[], options: CliOptions) {
  const child = start(args, options)
  child.stdin?.end()
  child.stdout?.resume()
  const stderr = collected(child.stderr)
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 137)))
  atExit(() => child.kill('SIGKILL'))
  const process = {
    pid: child.pid ?? -1,
    stderr,
    stop: () => stopped(child, ended),
    kill9: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
  return { child, stderr, ended, process }
}

/** `deno test` passes over the `exit` event. */
export function atExit(act: () => void): void {
  if ('Deno' in globalThis) globalThis.addEventListener('unload', act)
  else process.once('exit', act)
}

/** Nothing of the caller's own home or configuration reaches the program. */
function start(args: readonly string[], options: CliOptions): ChildProcess {
  const [command, ...first] = binary()
  const cwd = options.cwd ?? tmpdir()
  return spawn(command, [...first, ...args], {
    cwd,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: resolve(options.home, '..'),
      PWD: cwd,
      LANG: 'C.UTF-8',
      ...(process.env.DENO_DIR && { DENO_DIR: process.env.DENO_DIR }),
      POSTERN_HOME: options.home,
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

function collected(stream: ChildProcess['stdout']): () => string {
  const chunks: Uint8Array[] = []
  stream?.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString('utf8')
}

/** The address it says it listens on, once `/healthz` answers there. */
async function listening(child: ChildProcess, stderr: () => string): Promise<string> {
  const deadline = AbortSignal.timeout(startMs)
  try {
    const url = await announced(child, stderr, deadline)
    // Its certificate, if any, is the test's own affair.
    if (url.startsWith('https:')) return url
    const { status } = await fetch(`${url}/healthz`, { signal: deadline })
    if (status !== 200) throw new Error(`/healthz answers ${status}`)
    return url
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`The server did not come up: ${error}\n${stderr()}`)
  }
}

function announced(child: ChildProcess, stderr: () => string, deadline: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const look = () => {
    const url = /Listening on (https?:\/\/\S+?)\/?\s/.exec(stderr())?.[1]
    if (url) resolve(url)
  }
  child.stderr?.on('data', look)
  child.once('error', reject)
  child.once('exit', (code) => reject(new Error(`it ended with ${code}`)))
  deadline.addEventListener('abort', () => reject(new Error('it took too long')))
  return promise.finally(() => child.stderr?.removeListener('data', look))
}

async function stopped(child: ChildProcess, ended: Promise<number>): Promise<number> {
  // Not `child.kill`: after it Deno reports a death by that signal, whatever became of the process.
  if (child.pid && child.exitCode === null && child.signalCode === null) process.kill(child.pid, 'SIGTERM')
  const deadline = setTimeout(() => child.kill('SIGKILL'), stopMs)
  const code = await ended
  clearTimeout(deadline)
  return code
}
