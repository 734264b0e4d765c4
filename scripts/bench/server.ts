import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { pause } from './plan.ts'

/** A process that listens on loopback. */
export interface Server extends AsyncDisposable {
  readonly port: number
  readonly pid: number
}

const children = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Whatever happens, a child does not outlive this process. */
export function bind(child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child))
}

/** What a program prints. */
export async function outputOf(program: string, args: readonly string[]): Promise<string> {
  const running = promisify(execFile)(program, args)
  bind(running.child)
  return (await running).stdout
}

/** Ends a child by SIGTERM and waits for it; throws when it had ended before. */
export function stopper(child: ChildProcess): () => Promise<void> {
  bind(child)
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  return async () => {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`${child.spawnargs.join(' ')} ended too early`)
    child.kill('SIGTERM')
    await ended
  }
}

/** A script beside this file in a process of its own, once it has printed its first line. */
export async function startScript(name: string, ...args: string[]): Promise<Server> {
  const child = spawn(process.execPath, [join(import.meta.dirname, name), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const stop = stopper(child)
  const line = await new Promise<string>((found, failed) => {
    createInterface({ input: child.stdout }).once('line', found)
    child.once('exit', (code) => failed(new Error(`${name} ended with ${code}`)))
  })
  return { port: Number(line), pid: child.pid ?? 0, [Symbol.asyncDispose]: stop }
}

const patienceMs = 120_000
/** Below those that systems give to whoever asks for any. */
const [lowestPort, ports] = [20_000, 10_000]

/** Any program that is given a port, most likely a free one; there once it listens. */
export async function startProgram(
  program: string,
  argumentsFor: (port: number) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const port = lowestPort + Math.floor(Math.random() * ports)
  const child = spawn(program, argumentsFor(port), { stdio: 'ignore', env: { ...process.env, ...env } })
  const stop = stopper(child)
  for (const deadline = performance.now() + patienceMs; !(await listens(port)); await pause(50)) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`)
    if (performance.now() < deadline) continue
    await stop()
    throw new Error(`${program} does not listen after ${patienceMs / 1000} s`)
  }
  return { port, pid: child.pid ?? 0, [Symbol.asyncDispose]: stop }
}

function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise<boolean>((found) => {
    socket.once('connect', () => found(true))
    socket.once('error', () => found(false))
  }).finally(() => socket.destroy())
}
