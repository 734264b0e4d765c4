import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type HttpServer, type ServeOptions, usualArrivalSeconds } from './platform.ts'

/** HTTP by `node:http`, for runtimes whose own server cannot close a connection that drips. */
export async function serve(options: ServeOptions): Promise<HttpServer> {
  const messages = new WeakMap<Request, IncomingMessage>()
  const server = await createServer(options, (incoming, outgoing) => {
    cutSlow(incoming, outgoing, options)
    const request = requestOf(incoming, outgoing, options.tls !== undefined)
    if (!request) return void outgoing.writeHead(400, { connection: 'close' }).end()
    messages.set(request, incoming)
    answer(options, request, outgoing).catch(() => outgoing.destroy())
  })
  await listen(server, options)
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    peerOf: (request) => messages.get(request)?.socket.remoteAddress ?? 'unknown',
    authorityOf: (request) => /^[a-z]+:\/\/([^/?#]*)/i.exec(messages.get(request)?.url ?? '')?.[1],
    // What has arrived may take its time here.
    keepOpen: () => {},
    stop: (force) => stop(server, force),
  }
}

type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => void

async function createServer(
  { tls, arrivalSeconds = usualArrivalSeconds }: ServeOptions,
  listener: Listener,
): Promise<Server> {
  const limits = {
    headersTimeout: arrivalSeconds * 500,
    requestTimeout: arrivalSeconds * 1000,
    keepAliveTimeout: arrivalSeconds * 1000,
    connectionsCheckingInterval: 1000,
    requireHostHeader: false,
  }
  return tls
    ? (await import('node:https')).createServer({ ...limits, ...tls }, listener)
    : (await import('node:http')).createServer(limits, listener)
}

const listen = (server: Server, { hostname, port }: ServeOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, hostname, resolve)
  })

/** Undefined for what no `Request` can say: TRACE, odd characters in a header. */
function requestOf(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  secure: boolean,
): Request | undefined {
  const request = plainRequest(incoming, outgoing)
  // As it was sent: `Request` would tidy up the path, and refuse a bad Host before we do.
  if (request) Object.defineProperty(request, 'url', { value: addressOf(incoming, secure) })
  return request
}

function plainRequest(incoming: IncomingMessage, outgoing: ServerResponse): Request | undefined {
  const { method = 'GET', headers } = incoming
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  try {
    return new Request('http://localhost/', {
      method,
      headers: pairsOf(incoming.rawHeaders),
      signal: cutSignal(outgoing),
      ...(hasBody && method !== 'GET' && method !== 'HEAD' && streamed(incoming)),
    })
  } catch {
    return undefined
  }
}

function addressOf({ url = '/', headers }: IncomingMessage, secure: boolean): string {
  const path = url.replace(/^[a-z]+:\/\/[^/?#]*/i, '')
  const rooted = path.startsWith('/') ? path : `/${path}`
  return `${secure ? 'https' : 'http'}://${headers.host ?? 'localhost'}${rooted}`
}

const pairsOf = (raw: readonly string[]): [string, string][] =>
  raw.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name, raw[i + 1] ?? '']] : []))

const streamed = (incoming: IncomingMessage) => ({
  // Of the same shape, in the words of another library of types.
  body: Readable.toWeb(incoming) as unknown as ReadableStream,
  duplex: 'half' as const,
})

/** Aborts when the caller goes away before it has its answer. */
function cutSignal(outgoing: ServerResponse): AbortSignal {
  const cut = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) cut.abort()
  })
  return cut.signal
}

/** The server's own limit ends with the answer, though a body that nobody reads may still drip. */
function cutSlow(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { arrivalSeconds = usualArrivalSeconds }: ServeOptions,
): void {
  outgoing.once('finish', () => {
    if (incoming.complete) return
    incoming.resume()
    const timer = setTimeout(() => incoming.socket.destroy(), arrivalSeconds * 1000)
    incoming.once('close', () => clearTimeout(timer))
  })
}

async function answer({ fetch }: ServeOptions, request: Request, outgoing: ServerResponse): Promise<void> {
  const response = await fetch(request)
  const streams = response.headers.get('content-type') === 'text/event-stream'
  const body = streams ? undefined : Buffer.from(await response.arrayBuffer())
  const length = body !== undefined && response.status !== 204 && !response.headers.has('content-length')
  outgoing.writeHead(response.status, [
    ...[...response.headers].flat(),
    ...(length ? ['content-length', String(body.length)] : []),
  ])
  if (body !== undefined || response.body === null) outgoing.end(body)
  // A caller that went away is no failure of ours.
  else await pipeline(Readable.fromWeb(response.body as never), outgoing).catch(() => {})
}

const stop = (server: Server, force: boolean): Promise<void> =>
  new Promise((resolve) => {
    if (server.listening) server.close(() => resolve())
    else resolve()
    if (force) server.closeAllConnections()
    else server.closeIdleConnections()
  })
