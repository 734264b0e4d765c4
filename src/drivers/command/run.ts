import type { Readable } from 'node:stream'
import { lastLines } from '../../domain/one-line.ts'
import { isTimeout, within } from '../../wait.ts'
import { endGroup, startProgram } from '../process/process.ts'

export interface Order {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** For its standard input, which is closed behind it. */
  readonly input: string
  readonly maxOutputBytes: number
  readonly timeoutMs?: number
  /** Runs before the program gets its input. */
  readonly started: (pid: number) => Promise<void>
  /** Called at its first output, and perhaps again. */
  readonly reacts?: () => void
}

export interface Finished {
  readonly exitCode?: number
  readonly signal?: string
  /** Why it was killed, when it was killed here. */
  readonly cut?: 'timeout' | 'stopped'
  /** The first `maxOutputBytes`. */
  readonly stdout: string
  readonly truncated: boolean
  /** The last lines it complained with, fit to be shown; empty when it did not. */
  readonly complaint: string
}

/** Longest wait for what a program's children still write after it exited. */
const lingerMs = 300
/** Well inside the second within which an abort must be over. */
const killGraceMs = 400

/** Runs one program to its end, and the end of everything it started. Rejects when it cannot be started. */
export async function run(order: Order, signal: AbortSignal): Promise<Finished> {
  const child = await startProgram(order.command, order)
  const exited = exitOf(child)
  const closed = new Promise((resolve) => child.once('close', resolve))
  const stdout = keepHead(child.stdout, order.maxOutputBytes)
  const stderr = keepTail(child.stderr)
  for (const stream of [child.stdout, child.stderr]) stream.once('data', () => order.reacts?.())
  // The program may exit without reading.
  child.stdin.on('error', () => {})
  const cutting = cutWhen(order.timeoutMs, signal, () => endGroup(child.pid, killGraceMs))
  try {
    await order.started(child.pid)
    child.stdin.end(order.input)
    const exit = await exited
    await within(closed, lingerMs)
    return { ...exit, ...cutting.why(), ...stdout(), complaint: lastLines(stderr()) }
  } finally {
    cutting.disarm()
    await endGroup(child.pid, killGraceMs)
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
  }
}

type Exit = Pick<Finished, 'exitCode' | 'signal'>

const exitOf = (child: Awaited<ReturnType<typeof startProgram>>): Promise<Exit> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) =>
      resolve({ ...(code !== null && { exitCode: code }), ...(signal !== null && { signal }) }),
    )
  })

interface Cutting {
  readonly why: () => Pick<Finished, 'cut'>
  readonly disarm: () => void
}

/** Kills once, when its time is over or the caller gives up, and remembers why. */
function cutWhen(timeoutMs: number | undefined, signal: AbortSignal, kill: () => Promise<void>): Cutting {
  let cut: Finished['cut']
  const cutNow = (why: 'timeout' | 'stopped') => {
    if (cut) return
    cut = why
    // Its end shows as the program's exit; killing by signal cannot reject.
    void kill()
  }
  const aborted = () => cutNow(isTimeout(signal) ? 'timeout' : 'stopped')
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => cutNow('timeout'), timeoutMs)
  signal.addEventListener('abort', aborted)
  if (signal.aborted) aborted()
  return {
    why: () => (cut ? { cut } : {}),
    disarm: () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
    },
  }
}

/** Reads everything, so that the program never waits, and keeps the beginning. */
function keepHead(stream: Readable, maxBytes: number): () => Pick<Finished, 'stdout' | 'truncated'> {
  const chunks: Uint8Array[] = []
  let kept = 0
  let truncated = false
  stream.on('error', () => {})
  stream.on('data', (chunk: Uint8Array) => {
    const part = chunk.subarray(0, maxBytes - kept)
    if (part.length < chunk.length) truncated = true
    if (part.length > 0) chunks.push(part)
    kept += part.length
  })
  // `stream` leaves out a character that was cut in two.
  return () => ({ stdout: new TextDecoder().decode(Buffer.concat(chunks), { stream: true }), truncated })
}

const tailBytes = 4096

function keepTail(stream: Readable): () => string {
  let tail = Buffer.alloc(0)
  stream.on('error', () => {})
  stream.on('data', (chunk: Uint8Array) => {
    tail = Buffer.concat([tail, chunk]).subarray(-tailBytes)
  })
  return () => tail.toString('utf8')
}
