import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { type ClientOptions, WebSocket } from 'ws'

/** Where a WebSocket server listens: at a path of the file system, or a `ws:` or `wss:` URL. */
export type SocketPlace =
  | { readonly path: string }
  | { readonly url: URL; readonly token?: string | undefined }

interface SocketListeners {
  readonly onMessage: (message: string) => void
  /** The connection is over: no message will follow. Once. */
  readonly onClosed: (why: string) => void
}

interface WebSocketClient {
  send(message: string): void
  open(): boolean
  close(): void
}

/** Compression costs more than it saves on one machine. Bytes and milliseconds. */
const limits = { perMessageDeflate: false, maxPayload: 33_554_432, handshakeTimeout: 5000 } as const

/** Rejects with the error of the system (`code`), or with the status that the server answered. */
export async function openWebSocket(
  place: SocketPlace,
  { onMessage, onClosed }: SocketListeners,
  signal: AbortSignal,
): Promise<WebSocketClient> {
  signal.throwIfAborted()
  const socket = 'path' in place ? socketAt(place.path) : new WebSocket(place.url, optionsFor(place.token))
  const giveUp = () => socket.terminate()
  signal.addEventListener('abort', giveUp)
  let why: string | undefined
  // Listened to from the beginning: a message may come in one piece with the answer that opens the connection.
  socket.on('message', (data) => onMessage(String(data)))
  socket.on('error', (error) => {
    why ??= error.message
  })
  socket.once('open', () => {
    socket.once('close', () => onClosed(why ?? 'the connection was closed'))
  })
  try {
    await opened(socket)
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
  return {
    send: (message) => socket.send(message, () => {}),
    open: () => socket.readyState === WebSocket.OPEN,
    close: () => socket.terminate(),
  }
}

/** Not as `ws+unix:`, which knows no path with a space or a colon. */
const socketAt = (path: string): WebSocket =>
  new WebSocket('ws://localhost/', { ...limits, createConnection: () => connect({ path }) })

const optionsFor = (token: string | undefined): ClientOptions => ({
  ...limits,
  ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
})

const opened = (socket: WebSocket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
    socket.once('unexpected-response', (_request: unknown, { statusCode }: IncomingMessage) => {
      reject(new Error(`it answered ${statusCode}`))
      socket.terminate()
    })
  })
