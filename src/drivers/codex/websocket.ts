import { Buffer } from 'node:buffer'
import { createHash, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { frameOf, opcodes, readFrames } from './frames.ts'

/** Where a WebSocket server listens: at a path of the file system, or a `ws:` or `wss:` URL. */
export type SocketPlace =
  | { readonly path: string }
  | { readonly url: URL; readonly token?: string | undefined }

export interface SocketEars {
  readonly heard: (message: string) => void
  /** It is over: nothing will be heard any more. Once. */
  readonly gone: (why: string) => void
}

export interface WebSocketClient {
  send(message: string): void
  open(): boolean
  close(): void
}

const connectMs = 5000

/**
 * A WebSocket (RFC 6455) on the sockets of `node:net`: the runtimes' own clients differ in what they can reach, and some
 * know no Unix sockets. Rejects with what the system says (`code`), or a sentence of what the server answered.
 */
export async function openWebSocket(
  place: SocketPlace,
  ears: SocketEars,
  signal: AbortSignal,
): Promise<WebSocketClient> {
  signal.throwIfAborted()
  const socket = dial(place)
  const giveUp = () => socket.destroy(new Error('it was let go'))
  signal.addEventListener('abort', giveUp)
  const late = setTimeout(() => socket.destroy(new Error('it does not answer')), connectMs)
  try {
    const rest = await upgrade(socket, place)
    return speaking(socket, rest, ears)
  } catch (thrown) {
    socket.destroy()
    throw thrown
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', giveUp)
  }
}

function dial(place: SocketPlace): Socket {
  if ('path' in place) return connect({ path: place.path })
  const { protocol, hostname, port } = place.url
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return protocol === 'wss:'
    ? connectTls({ host, port: Number(port || 443), servername: host })
    : connect({ host, port: Number(port || 80) })
}

/** Resolves with what came behind the answer already. */
function upgrade(socket: Socket, place: SocketPlace): Promise<Buffer> {
  const key = randomBytes(16).toString('base64')
  socket.write(request(place, key))
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0)
    const hear = (bytes: Buffer) => {
      answer = Buffer.concat([answer, bytes])
      const end = answer.indexOf('\r\n\r\n')
      if (end < 0 && answer.length < maxHead) return
      socket.off('data', hear)
      const trouble = troubleIn(answer.subarray(0, Math.max(end, 0)).toString('latin1'), key)
      if (trouble === undefined) resolve(answer.subarray(end + 4))
      else reject(new Error(trouble))
    }
    socket.on('data', hear)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('it hung up')))
  })
}

const maxHead = 16_384

function request(place: SocketPlace, key: string): string {
  const url = 'url' in place ? place.url : undefined
  const token = 'token' in place ? place.token : undefined
  const lines = [
    `GET ${url ? url.pathname + url.search : '/'} HTTP/1.1`,
    `Host: ${url ? url.host : 'localhost'}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

function troubleIn(head: string, key: string): string | undefined {
  const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(head) ?? []
  if (status === undefined) return 'it is no WebSocket server'
  if (status !== '101') return `it answered ${status}`
  const [, accept] = /^sec-websocket-accept:[ \t]*(\S+)/im.exec(head) ?? []
  return accept === acceptOf(key) ? undefined : 'it is no WebSocket server'
}

/** RFC 6455, 4.2.2. */
const acceptOf = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

function speaking(socket: Socket, rest: Buffer, ears: SocketEars): WebSocketClient {
  let open = true
  const over = (why: string) => {
    if (!open) return
    open = false
    socket.destroy()
    ears.gone(why)
  }
  const send = (opcode: number, payload: Uint8Array) => {
    if (open) socket.write(frameOf(opcode, payload, randomBytes(4)))
  }
  const read = readFrames({
    text: ears.heard,
    ping: (payload) => send(opcodes.pong, payload),
    closed: () => over('it closed the connection'),
  })
  const hear = (bytes: Buffer) => {
    try {
      read(bytes)
    } catch (thrown) {
      over(thrown instanceof Error ? thrown.message : String(thrown))
    }
  }
  socket.on('data', hear)
  socket.on('error', (error) => over(error.message))
  socket.on('close', () => over('it hung up'))
  // What came with the answer is heard once the caller has its connection.
  if (rest.length > 0) queueMicrotask(() => hear(rest))
  return {
    send: (message) => send(opcodes.text, Buffer.from(message, 'utf8')),
    open: () => open,
    close: () => {
      send(opcodes.close, new Uint8Array(0))
      over('the connection was closed')
    },
  }
}
