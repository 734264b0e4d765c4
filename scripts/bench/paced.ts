import { connect, type Socket } from 'node:net'

/** Latency of requests sent on a fixed timetable, in milliseconds, measured from when each was due. */
export interface Paced {
  readonly sent: number
  readonly p50: number
  readonly p99: number
  readonly non2xx: number
}

export interface PacedOptions {
  readonly port: number
  /** Whole HTTP/1.1 requests, taken in turn. */
  readonly requests: readonly string[]
  readonly perSecond: number
  readonly seconds: number
  readonly connections: number
}

/** Sends so many requests a second, whatever the answers do: a slow server cannot slow the question. */
export async function paced(options: PacedOptions): Promise<Paced> {
  const lines = await Promise.all(Array.from({ length: options.connections }, () => openLine(options.port)))
  const total = Math.round(options.perSecond * options.seconds)
  const startedAt = performance.now()
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * options.perSecond))
    for (; sent < due; sent++) {
      const request = options.requests[sent % options.requests.length] ?? ''
      lines[sent % lines.length]?.send(request, startedAt + (sent / options.perSecond) * 1000)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(lines.map((line) => line.finish()))
  const latencies = lines.flatMap((line) => line.latencies).sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
  return {
    sent: latencies.length,
    p50: at(0.5),
    p99: at(0.99),
    non2xx: lines.reduce((sum, line) => sum + line.non2xx(), 0),
  }
}

interface Line {
  send(request: string, dueAt: number): void
  finish(): Promise<void>
  readonly latencies: number[]
  non2xx(): number
}

/** One keep-alive connection. Requests that fall due while another is under way queue behind it. */
async function openLine(port: number): Promise<Line> {
  const socket = await opened(port)
  const latencies: number[] = []
  const waiting: number[] = []
  let bad = 0
  let rest = ''
  let idle: (() => void) | undefined
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    rest += chunk
    for (let end = endOfResponse(rest); end > 0; end = endOfResponse(rest)) {
      if (!rest.startsWith('HTTP/1.1 2')) bad++
      rest = rest.slice(end)
      const dueAt = waiting.shift()
      if (dueAt !== undefined) latencies.push(performance.now() - dueAt)
    }
    if (waiting.length === 0) idle?.()
  })
  return {
    latencies,
    non2xx: () => bad,
    send(request, dueAt) {
      waiting.push(dueAt)
      socket.write(request)
    },
    async finish() {
      if (waiting.length > 0)
        await new Promise<void>((resolve) => {
          idle = resolve
          setTimeout(resolve, 10_000)
        })
      socket.destroy()
    },
  }
}

const opened = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })

/** Where the first whole response ends, or 0 when it is not there yet. */
function endOfResponse(text: string): number {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return 0
  const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1] ?? 0)
  return text.length >= head + 4 + length ? head + 4 + length : 0
}
