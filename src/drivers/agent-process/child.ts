import type { Readable } from 'node:stream'
import { lastLines } from '../../domain/one-line.ts'
import { within } from '../../wait.ts'
import { endGroup, startProgram } from '../process/process.ts'

/** An agent's process with its pipes. */
export interface Child {
  readonly pid: number
  /** Never fails: a process that is over has called `onGone`. */
  write(text: string): void
  running(): boolean
  /** From now on output goes to `listeners`, what came before first. */
  listen(listeners: ChildListeners): void
  /** Ends its whole process group, and calls `onGone` with why. */
  end(why: string): Promise<void>
}

interface ChildListeners {
  readonly onText: (text: string) => void
  /** The process is over, or was ended: no output follows. May be called more than once. */
  readonly onGone: (why: string) => void
}

export interface ChildPlace {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

const killGraceMs = 1000
/** What its children keep open must not keep the turn waiting; adapters leave their real agents behind. */
const lingerMs = 200

/** Starts the process in a group of its own. Rejects with a sentence when it cannot be started. */
export async function startChild(place: ChildPlace): Promise<Child> {
  const child = await startProgram(place.command, place)
  const complaint = complaintOn(child.stderr)
  const flushed = new Promise<void>((resolve) => child.stdout.once('close', resolve))
  let running = true
  let listeners: ChildListeners | undefined
  let over: string | undefined
  const gone = (why: string) => {
    over ??= why
    listeners?.onGone(over)
  }
  child.stdin.on('error', () => {})
  child.once('exit', (code, signal) => {
    running = false
    void within(flushed, lingerMs).then(() => {
      gone(exitText(code, signal, complaint()))
      return endGroup(child.pid, killGraceMs)
    })
  })
  return {
    pid: child.pid,
    write: (text) => void child.stdin.write(text),
    running: () => running,
    listen: (all) => {
      listeners = all
      onText(child.stdout, all.onText)
      if (over !== undefined) all.onGone(over)
    },
    end: async (why) => {
      running = false
      gone(why)
      child.stdin.end()
      await endGroup(child.pid, killGraceMs)
    },
  }
}

function onText(stream: Readable, feed: (text: string) => void): void {
  stream.setEncoding('utf8')
  stream.on('error', () => {})
  stream.on('data', feed)
}

const tailLength = 4096

function complaintOn(stream: Readable): () => string {
  let tail = ''
  onText(stream, (text) => {
    tail = (tail + text).slice(-tailLength)
  })
  return () => lastLines(tail)
}

function exitText(code: number | null, signal: string | null, complaint: string): string {
  const how = signal === null ? `exited with code ${code}` : `was killed by ${signal}`
  return complaint === '' ? `the agent ${how}` : `the agent ${how}: ${complaint}`
}
