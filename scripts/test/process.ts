import { type ChildProcess, spawn } from 'node:child_process'

export interface Finished {
  /** Undefined when it was killed, by its deadline or from outside. */
  readonly code: number | undefined
  readonly output: string
  readonly seconds: number
}

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Ends the process and all it started in its group. */
  readonly signal: AbortSignal
}

/** Runs a command to its end, in a process group of its own. */
export function run(command: readonly [string, ...string[]], options: RunOptions): Promise<Finished> {
  const startedAt = performance.now()
  const child = spawn(command[0], command.slice(1), {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const chunks: Uint8Array[] = []
  child.stdout.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  const kill = () => killGroup(child)
  options.signal.addEventListener('abort', kill)
  return new Promise((resolve) => {
    const finish = (code: number | undefined, more = '') => {
      options.signal.removeEventListener('abort', kill)
      // What the group left behind holds neither us nor the next one.
      kill()
      child.stdout.destroy()
      child.stderr.destroy()
      const seconds = (performance.now() - startedAt) / 1000
      resolve({ code, output: Buffer.concat(chunks).toString('utf8') + more, seconds })
    }
    child.once('error', (error) => finish(undefined, String(error)))
    child.once('exit', (code) => setImmediate(() => finish(code ?? undefined)))
  })
}

function killGroup({ pid }: ChildProcess): void {
  if (!pid || pid < 2) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Already gone.
  }
}
