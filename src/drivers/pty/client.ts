import { readdir, stat } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import { type Reply, type Request, readLines, sendLine } from './protocol.ts'

/** A connection to the holder of one opening. */
export interface HolderClient {
  send(request: Request): void
  /** The next reply; undefined when the holder has hung up. One waits at a time. */
  next(signal?: AbortSignal): Promise<Reply | undefined | 'aborted'>
  close(): void
}

const helloMs = 2000

/** Undefined when nothing answers at the path, or the holder of another generation does. */
export async function connectHolder(path: string, generation: string): Promise<HolderClient | undefined> {
  const greeted = await greet(path)
  if (greeted?.hello.generation === generation) return greeted.client
  greeted?.client.close()
  return undefined
}

/** A terminal that is held, as its holder says it. */
export interface HeldHere {
  readonly socket: string
  readonly generation: string
}

/** The terminal of a session that is held by a socket of this folder; the one begun last, should there be several. */
export async function findHolder(runDir: string, session: string): Promise<HeldHere | undefined> {
  const names = await readdir(runDir).catch(() => [])
  const sockets = names.filter((name) => name.endsWith('.sock')).map((name) => join(runDir, name))
  const found = await Promise.all(sockets.map((socket) => heldAt(socket, session)))
  return found.flatMap((one) => one ?? []).sort((a, b) => b.beganAt - a.beganAt)[0]
}

async function heldAt(socket: string, session: string) {
  const greeted = await greet(socket)
  if (!greeted) return undefined
  const { client, hello } = greeted
  client.close()
  if (hello.session !== session) return undefined
  // It may end in this moment.
  const file = await stat(socket).catch(() => undefined)
  return file && { socket, generation: hello.generation, beganAt: file.ctimeMs }
}

async function greet(path: string) {
  const socket = await connect(path)
  if (!socket) return undefined
  const client = clientOver(socket)
  const timer = setTimeout(client.close, helloMs)
  const hello = await client.next()
  clearTimeout(timer)
  if (hello !== 'aborted' && hello?.is === 'hello') return { client, hello }
  client.close()
  return undefined
}

function connect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    const timer = setTimeout(() => socket.destroy(), helloMs)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(socket)
    })
    socket.on('error', () => socket.destroy())
    socket.once('close', () => resolve(undefined))
  })
}

function clientOver(socket: Socket): HolderClient {
  const replies: Reply[] = []
  let wake = () => {}
  let closed = false
  readLines<Reply>(socket, (reply) => {
    replies.push(reply)
    wake()
  })
  socket.once('close', () => {
    closed = true
    wake()
  })
  return {
    send: (request) => {
      sendLine(socket, request)
    },
    next: async (signal) => {
      const onAbort = () => wake()
      signal?.addEventListener('abort', onAbort)
      try {
        while (replies.length === 0 && !closed) {
          if (signal?.aborted) return 'aborted'
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        return replies.shift()
      } finally {
        signal?.removeEventListener('abort', onAbort)
      }
    },
    close: () => socket.destroy(),
  }
}
