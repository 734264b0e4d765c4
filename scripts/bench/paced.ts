import { connect, type Socket } from 'node:net'
import type { BenchHome } from './home.ts'
import { pause } from './plan.ts'
import { body } from './wrk.ts'

export interface PacedOptions {
  readonly port: number
  /** Whole HTTP/1.1 requests, taken in turn. */
  readonly requests: readonly string[]
  readonly perSecond: number
  readonly seconds: number
  readonly connections: number
}

/**
 * Asks for so many requests a second, whatever the answers do: one that falls due while all connections wait for an answer
 * is sent as soon as one is free, and counts from when it was due. Latencies in milliseconds, in the order of the answers.
 * Throws when any is not answered 2xx.
 */
export async function paced(options: PacedOptions): Promise<readonly number[]> {
  const { port, requests, perSecond, seconds } = options
  const free = await Promise.all(Array.from({ length: options.connections }, () => openLine(port)))
  const lines = [...free]
  const total = Math.round(perSecond * seconds)
  const startedAt = performance.now()
  const latencies: number[] = []
  let sent = 0
  const sendDue = () => {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * perSecond))
    for (let line = free.at(-1); line && sent < due; line = free.at(-1)) {
      free.pop()
      void ask(line, sent++)
    }
  }
  const ask = async (line: Line, number: number) => {
    await line.ask(requests[number % requests.length] ?? '')
    // The first is due after one interval, as all others.
    latencies.push(performance.now() - startedAt - ((number + 1) / perSecond) * 1000)
    free.push(line)
    sendDue()
  }
  const deadline = startedAt + seconds * 1000 + patienceMs
  while (latencies.length < total) {
    if (performance.now() > deadline)
      throw new Error(`${total - latencies.length} of ${total} requests were not answered 2xx in time.`)
    sendDue()
    await pause(1)
  }
  for (const line of lines) line.close()
  return latencies
}

/** How long the last answers may take. */
const patienceMs = 60_000

/** Knocks at a home's capability URLs, one session after the other. */
export const knocks = ({ port, paths }: BenchHome): readonly string[] =>
  paths.map(
    (path) =>
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nPrefer: wait=0\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )

/** Asks for `/healthz` over connections that are kept: what comes back late shows how long the event loop was held. */
export const pingHealthz = (port: number, perSecond: number, seconds: number): Promise<readonly number[]> =>
  paced({
    port,
    requests: [`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`],
    perSecond,
    seconds,
    connections: 64,
  })

interface Line {
  /** Resolves once it is answered 2xx, and never if it is not. */
  ask(request: string): Promise<void>
  close(): void
}

/** One connection that is kept. A server may close one that asks again before it was answered. */
async function openLine(port: number): Promise<Line> {
  const socket = await opened(port)
  let text = ''
  let answered = () => {}
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
    if (!isWhole(text)) return
    const well = text.startsWith('HTTP/1.1 2')
    text = ''
    if (well) answered()
  })
  return {
    ask: (request) =>
      new Promise((resolve) => {
        answered = resolve
        socket.write(request)
      }),
    close: () => socket.destroy(),
  }
}

const opened = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })

function isWhole(response: string): boolean {
  const head = response.indexOf('\r\n\r\n')
  const length = Number(/content-length: (\d+)/i.exec(response.slice(0, head))?.[1] ?? 0)
  return head >= 0 && response.length >= head + 4 + length
}
