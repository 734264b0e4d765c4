import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'

export interface Postern {
  readonly binary: string
  readonly home: string
}

/** Runs one command and gives its stdout back. Throws with what it said when it fails. */
export function command(postern: Postern, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(postern.binary, args, {
    env: environment(postern),
    encoding: 'utf8',
    timeout: 30_000,
  })
  if (status !== 0) throw new Error(`postern ${args[0]} failed: ${stderr.trim()}`)
  return stdout.trim()
}

export interface Server {
  readonly url: string
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

/** Starts `postern serve` and waits until it listens; what it logs later goes to stderr. */
export async function startServer(postern: Postern): Promise<Server> {
  const port = (await isFree(7717)) ? 7717 : 0
  const child = spawn(postern.binary, ['serve', '--port', String(port)], {
    env: environment(postern),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const url = await listening(child)
  child.stderr.pipe(process.stderr)
  return {
    url,
    ended,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Only what the caller's shell needs; an own `POSTERN_HOME` must not lead elsewhere. */
export const environment = ({ home }: Postern): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? home,
  LANG: process.env.LANG ?? 'C.UTF-8',
  TERM: 'xterm-256color',
  POSTERN_HOME: home,
})

function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

function listening(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let output = ''
  const look = (chunk: Uint8Array) => {
    output += Buffer.from(chunk).toString('utf8')
    const url = /Listening on (http\S+?)\/?\s/.exec(output)?.[1]
    if (url) resolve(url)
  }
  const fail = () => reject(new Error(`The server did not start:\n${output}`))
  child.stderr?.on('data', look)
  child.once('error', reject)
  child.once('exit', fail)
  const deadline = setTimeout(fail, 20_000)
  return promise.finally(() => {
    clearTimeout(deadline)
    child.stderr?.off('data', look)
  })
}
