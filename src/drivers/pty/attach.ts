import type { ReadStream, WriteStream } from 'node:tty'
import { Failure } from '../../domain/error.ts'
import { connectHolder, type HolderClient } from './client.ts'
import { exitCodeOf, type Size } from './protocol.ts'

interface AttachDeps {
  readonly socket: string
  readonly generation: string
  readonly stdin: ReadStream
  readonly stdout: WriteStream
}

/** Why `attachTerminal` returned; `code` as a shell reports it. */
type AttachEnd = { readonly kind: 'detached' } | { readonly kind: 'ended'; readonly code: number }

/**
 * Joins this terminal to a held one until its program ends or the person presses Ctrl-\. Everything else goes to the
 * program, ^C too. Without a terminal on both sides it only shows the output, all of it when it comes early enough:
 * standard input is left alone. Restores the terminal however it ends. Throws `session_ended` when nobody is there.
 */
export async function attachTerminal(options: AttachDeps): Promise<AttachEnd> {
  const client = await connectHolder(options.socket, options.generation)
  if (!client) throw new Failure('session_ended', 'The terminal of this session is gone.')
  const { stdin, stdout } = options
  const interactive = stdin.isTTY === true && stdout.isTTY === true
  client.send({ op: 'attach', ...(interactive && { terminal: sizeOf(stdout) }) })
  const leaving = new AbortController()
  const release = interactive ? connectTerminal(options, client, leaving) : watchSignals(leaving)
  try {
    return await show(client, stdout, leaving.signal)
  } finally {
    release()
    client.close()
  }
}

const sizeOf = ({ columns, rows }: WriteStream): Size => ({ columns: columns || 80, rows: rows || 24 })

async function show(client: HolderClient, stdout: WriteStream, leaving: AbortSignal): Promise<AttachEnd> {
  for (;;) {
    const reply = await client.next(leaving)
    if (reply === 'aborted') return { kind: 'detached' }
    if (reply === undefined) return { kind: 'ended', code: 1 }
    if (reply.is === 'output') await write(stdout, Buffer.from(reply.data, 'base64'), leaving)
    if (reply.is === 'end') return { kind: 'ended', code: exitCodeOf(reply.end) }
  }
}

/** Resolves when the reader has taken it: a slow pipe holds us up, not the program. */
function write(stdout: WriteStream, bytes: Uint8Array, leaving: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      leaving.removeEventListener('abort', done)
      resolve()
    }
    leaving.addEventListener('abort', done)
    stdout.write(bytes, done)
  })
}

/**
 * Leaves modes that a program may have set: alternate screen, paste, mouse, focus, keyboard, hidden cursor,
 * colours.
 */
const resetModes =
  '\x1b[?1049l\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?1l\x1b>\x1b[<u\x1b[>4m\x1b[?25h\x1b[0m\r\n'

function connectTerminal(
  { stdin, stdout }: AttachDeps,
  client: HolderClient,
  leaving: AbortController,
): () => void {
  const type = (bytes: Buffer) => {
    const at = detachAt(bytes)
    const keys = at < 0 ? bytes : bytes.subarray(0, at)
    if (keys.length > 0) client.send({ op: 'keys', data: keys.toString('base64') })
    if (at >= 0) leaving.abort()
  }
  const leave = () => leaving.abort()
  const resize = () => client.send({ op: 'resize', size: sizeOf(stdout) })
  const unwatch = watchSignals(leaving)
  stdin.setRawMode(true)
  stdin.on('data', type)
  stdin.once('end', leave)
  stdin.resume()
  stdout.on('resize', resize)
  return () => {
    stdin.off('data', type)
    stdin.off('end', leave)
    stdin.pause()
    stdin.setRawMode(false)
    stdout.off('resize', resize)
    stdout.write(resetModes)
    unwatch()
  }
}

/** Ctrl-\ as terminals send it: plain, in the kitty protocol, and as xterm's modifyOtherKeys. */
const detachKeys = ['\x1c', '\x1b[92;5u', '\x1b[27;5;92~'].map((keys) => Buffer.from(keys))

function detachAt(bytes: Buffer): number {
  const found = detachKeys.map((keys) => bytes.indexOf(keys)).filter((at) => at >= 0)
  return found.length === 0 ? -1 : Math.min(...found)
}

/** A closed terminal or SIGTERM detaches; the agent goes on. */
function watchSignals(leaving: AbortController): () => void {
  const leave = () => leaving.abort()
  process.on('SIGHUP', leave).on('SIGTERM', leave)
  return () => {
    process.off('SIGHUP', leave).off('SIGTERM', leave)
  }
}
