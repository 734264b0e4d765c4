import { createConnection, type Socket } from 'node:net'
import { hearFrom, type Reply, type Request, sayTo } from './protocol.ts'

/** A connection to the holder of one opening. */
export interface Line {
  say(request: Request): void
  /** The next reply; undefined when the holder has hung up. One waits at a time. */
  next(signal?: AbortSignal): Promise<Reply | undefined | 'aborted'>
  close(): void
}

const helloMs = 2000

/** Undefined when nobody answers there, or somebody else: a path may have become another's. */
export async function dial(path: string, generation: string): Promise<Line | undefined> {
  const socket = await connect(path)
  if (!socket) return undefined
  const line = lineOver(socket)
  const timer = setTimeout(line.close, helloMs)
  const hello = await line.next()
  clearTimeout(timer)
  if (hello !== 'aborted' && hello?.is === 'hello' && hello.generation === generation) return line
  line.close()
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

function lineOver(socket: Socket): Line {
  const replies: Reply[] = []
  let wake = () => {}
  let closed = false
  hearFrom<Reply>(socket, (reply) => {
    replies.push(reply)
    wake()
  })
  socket.once('close', () => {
    closed = true
    wake()
  })
  return {
    say: (request) => {
      sayTo(socket, request)
    },
    next: async (signal) => {
      while (replies.length === 0 && !closed) {
        if (signal?.aborted) return 'aborted'
        await new Promise<void>((resolve) => {
          wake = resolve
          signal?.addEventListener('abort', () => resolve(), { once: true })
        })
      }
      return replies.shift()
    },
    close: () => socket.destroy(),
  }
}
