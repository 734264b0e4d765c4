import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Code, Failure, reasonOf } from '../../domain/error.ts'
import type { Platform } from '../../platform/platform.ts'
import { agentEnv } from '../process/environment.ts'
import { identify } from '../process/process.ts'
import type { Multiline } from '../terminal/keystrokes.ts'
import type { End, Size } from './protocol.ts'
import type { PtySettings } from './settings.ts'

interface StartOptions {
  /** The command line that becomes the holder: this program and its hidden subcommand. */
  readonly holder: readonly string[]
  /** Directory 0700 for the socket; made when it is missing. */
  readonly runDir: string
  readonly session: string
  readonly generation: string
  readonly command: readonly string[]
  readonly cwd: string
  /** Path of the file with the capability of the session (`capability.ts`). */
  readonly self?: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Variables that hold secrets of the configuration. */
  readonly secretVariables?: readonly string[]
  readonly size: Size
  readonly multiline?: Multiline
}

/** What a holder reads from its standard input, where no process list shows it. */
interface HolderInput {
  readonly socket: string
  readonly session: string
  readonly generation: string
  readonly command: readonly string[]
  readonly cwd: string
  readonly self?: string
  readonly size: Size
  readonly multiline: Multiline
}

type Report =
  | { readonly is: 'ready'; readonly childPid: number }
  | { readonly is: 'refused'; readonly code: Code; readonly detail: string }

const startMs = 15_000

/**
 * Starts a program in a terminal that outlives this process, and resolves when it can be reached. Holds on to nothing
 * of ours: pipes of the caller close. Throws `usage` when the program cannot be started.
 */
export async function startHolder(options: StartOptions): Promise<PtySettings> {
  const { runDir, session, generation, command, cwd, self, size, multiline = 'flatten' } = options
  const socket = join(runDir, `${randomBytes(4).toString('hex')}.sock`)
  const child = spawnHolder(options)
  try {
    const report = reportOf(child)
    const input: HolderInput = {
      ...{ socket, session, generation, command, cwd, size, multiline },
      ...(self !== undefined && { self }),
    }
    child.stdin?.on('error', () => {})
    child.stdin?.end(JSON.stringify(input))
    const output = await report
    if (output.is === 'refused') throw new Failure(output.code, output.detail)
    return await settingsOf(options, socket, child.pid ?? 0, output.childPid)
  } finally {
    child.stdout?.destroy()
    child.stderr?.destroy()
    child.unref()
  }
}

function spawnHolder({ holder, env, secretVariables }: StartOptions): ChildProcess {
  const [program = '', ...args] = holder
  // The program in the terminal can look at the holder's own environment.
  const clean = agentEnv(env, {}, secretVariables)
  // Not the caller's directory: a runtime would read its configuration there, and it could not be removed.
  return spawn(program, args, { cwd: '/', env: clean, detached: true, stdio: 'pipe' })
}

/** The first line of the holder's standard output; without one, rejects with its standard error. */
function reportOf(child: ChildProcess): Promise<Report> {
  return new Promise((resolve, reject) => {
    let output = ''
    let errors = ''
    const fail = (why: string) => {
      clearTimeout(timer)
      reject(new Failure('internal', `The terminal did not start: ${why}`))
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(`it did not report within ${startMs / 1000} s`)
    }, startMs)
    child.once('error', (error) => fail(error.message))
    child.once('close', (code) => fail(errors.trim() || `exit code ${code}`))
    child.stderr?.on('data', (chunk) => {
      errors = (errors + chunk).slice(-2000)
    })
    child.stdout?.on('data', (chunk) => {
      output += chunk
      if (!output.includes('\n')) return
      clearTimeout(timer)
      resolve(JSON.parse(output) as Report)
    })
  })
}

async function settingsOf(
  { command, cwd }: StartOptions,
  socket: string,
  holderPid: number,
  childPid: number,
): Promise<PtySettings> {
  const [holder, child] = await Promise.all([identify(holderPid), identify(childPid)])
  return {
    socket,
    holderPid,
    // A process that is over by now has no identity that could be checked later.
    holderStart: holder?.start ?? '',
    childPid,
    childStart: child?.start ?? '',
    command,
    cwd,
  }
}

interface HolderIo {
  /** All of standard input. */
  readonly read: () => Promise<string>
  readonly print: (line: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes the tombstone; false when there is no such opening (yet). */
  readonly onEnd: (session: string, generation: string, end: End) => Promise<boolean>
}

/**
 * What the hidden subcommand does: reads its input, reports whether it could start, and holds the terminal. The
 * exit code.
 */
export async function runHolderCommand(io: HolderIo, platform: Platform): Promise<number> {
  const report = (output: Report) => io.print(`${JSON.stringify(output)}\n`)
  try {
    const input = JSON.parse(await io.read()) as HolderInput
    const onReady = (childPid: number) => report({ is: 'ready', childPid })
    const onEnd = (end: End) => io.onEnd(input.session, input.generation, end)
    // Loaded here alone: starting a holder needs none of what being one takes.
    const { runHolder } = await import('./holder.ts')
    return await runHolder({ ...input, env: io.env, onReady, onEnd }, platform)
  } catch (thrown) {
    const code = thrown instanceof Failure ? thrown.code : 'internal'
    report({ is: 'refused', code, detail: reasonOf(thrown) })
    return 1
  }
}
