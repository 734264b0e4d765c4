import { execFile } from 'node:child_process'
import { toolEnv } from '../process/environment.ts'

/** What came of one call of tmux. */
export type CallResult =
  | { readonly kind: 'ok'; readonly stdout: string }
  /** No tmux server listens there. */
  | { readonly kind: 'no_server' }
  /** tmux answered and refused: something is not there. `stdout` holds its output until then. */
  | { readonly kind: 'refused'; readonly stdout: string; readonly why: string }
  /** tmux did not answer in time; whether it acted is not known. */
  | { readonly kind: 'silent'; readonly why: string }
  /** There is no tmux on this machine. */
  | { readonly kind: 'no_tmux' }

/** Calls one tmux server; never through a shell, never for longer than 3 s. */
export type Tmux = (args: readonly string[], input?: string) => Promise<CallResult>

const deadlineMs = 3000
/** What a call may still take once its caller has given up. */
const abortedDeadlineMs = 400
const maxOutputBytes = 16_777_216

/**
 * `server` chooses the server: `-S path`, `-L name`, or nothing for the default one. `signal` is asked anew for each
 * call: it shortens the deadline of a call whose caller has given up.
 */
export function openTmux(
  server: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  signal: () => AbortSignal | undefined,
): Tmux {
  const { HOME, TERM, TMUX_TMPDIR } = env
  const options = {
    env: { ...toolEnv(env), HOME, TERM, TMUX_TMPDIR, LC_ALL: 'C.UTF-8' },
    maxBuffer: maxOutputBytes,
    encoding: 'utf8',
  } as const
  return (args, input = '') =>
    new Promise((resolve) => {
      const child = execFile('tmux', ['-u', ...server, ...args], options, (error, stdout, stderr) => {
        disarm()
        resolve(resultOf(error, stdout, stderr.trim()))
      })
      const disarm = patience(signal(), () => {
        child.kill('SIGKILL')
        // The client hands its pipes to the server: one that hangs would keep them open, and us waiting.
        child.stdout?.destroy()
        child.stderr?.destroy()
        resolve(silent)
      })
      child.stdin?.on('error', () => {})
      child.stdin?.end(input)
    })
}

const silent: CallResult = { kind: 'silent', why: 'tmux does not answer' }

function patience(signal: AbortSignal | undefined, giveUp: () => void): () => void {
  let timer = setTimeout(giveUp, signal?.aborted ? abortedDeadlineMs : deadlineMs)
  const hurry = () => {
    clearTimeout(timer)
    timer = setTimeout(giveUp, abortedDeadlineMs)
  }
  signal?.addEventListener('abort', hurry)
  return () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', hurry)
  }
}

function resultOf(error: Error | null, stdout: string, stderr: string): CallResult {
  if (!error) return { kind: 'ok', stdout }
  if ('code' in error && error.code === 'ENOENT') return { kind: 'no_tmux' }
  if (/^(?:no server running|error connecting|lost server|server exited|server version)/m.test(stderr))
    return { kind: 'no_server' }
  return { kind: 'refused', stdout, why: stderr || error.message }
}
