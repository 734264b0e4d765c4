import { type ChildProcess, spawn } from 'node:child_process'
import type { AgentBench } from '../agents.ts'
import { until } from '../hooks.ts'

/** A real opencode server in the bench's project. */
export interface OpencodeServer {
  readonly url: string
  /** Asked of it directly, as its person would. */
  ask(path: string, body?: unknown): Promise<unknown>
  /** As a power cut would. */
  kill(): Promise<void>
}

const listeningMs = 60_000

export async function startOpencode(
  { program, env, place }: AgentBench,
  port: number,
): Promise<OpencodeServer> {
  const args = ['serve', '--hostname', '127.0.0.1', '--port', String(port)]
  const child = spawn(program, args, { env, cwd: place.cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  await listening(child)
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    ask: async (path, body) => {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
      const headers = { 'content-type': 'application/json' }
      return (await fetch(url + path, { ...init, headers })).json()
    },
    kill: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    },
  }
}

function listening(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const late = setTimeout(() => reject(new Error('opencode does not listen')), listeningMs)
  child.stdout?.on('data', (said) => {
    if (/listening on/.test(String(said))) resolve()
  })
  child.once('exit', (code) => reject(new Error(`opencode exited with ${code}`)))
  return promise.finally(() => clearTimeout(late))
}

/** Waits longer than `until` does: the first turn of an agent takes its time. */
export async function untilSoon<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  return until(what, look).catch(() => until(what, look))
}
