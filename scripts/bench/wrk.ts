import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cpuSeconds } from './proc.ts'
import { outputOf } from './server.ts'

export interface Flood {
  readonly path: string
  readonly seconds: number
  readonly connections: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Flooded {
  readonly perSecond: number
  readonly p99Ms: number
  /** Microseconds of processor time for each request: of the server's own threads, and of its children. */
  readonly cpuMicros: number
  readonly childMicros: number
}

export const body = '{"message":"deploy finished, look at the logs","from":"ci"}'

/** As fast as they go. Throws when any request is not answered 2xx. */
export async function flood(
  server: { readonly port: number; readonly pid: number },
  order: Flood,
): Promise<Flooded> {
  const before = cpuSeconds(server.pid)
  const { requests, perSecond, p99Ms } = parseWrk(await wrk(server.port, order))
  const after = cpuSeconds(server.pid)
  return {
    perSecond,
    p99Ms,
    cpuMicros: ((after.own - before.own) * 1e6) / requests,
    childMicros: ((after.children - before.children) * 1e6) / requests,
  }
}

/** What is compiled on the way shall not be measured. */
export async function warmUp(
  server: { readonly port: number; readonly pid: number },
  path: string,
): Promise<void> {
  await flood(server, { path, seconds: 1, connections: 64 })
}

let scripts = 0

async function wrk(port: number, order: Flood): Promise<string> {
  const script = join(tmpdir(), `postern-bench-${process.pid}-${scripts++}.lua`)
  await writeFile(script, luaScript(order))
  try {
    const { connections, seconds, path } = order
    const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script]
    return await outputOf('wrk', [...options, `http://127.0.0.1:${port}${path}`])
  } finally {
    await rm(script)
  }
}

interface WrkResult {
  readonly requests: number
  readonly perSecond: number
  readonly p99Ms: number
}

/** Reads what the script below prints: requests, microseconds, p99 in microseconds, errors. */
export function parseWrk(stdout: string): WrkResult {
  const numbers = /^RESULT (\d+) (\d+) (\d+) (\d+)$/m.exec(stdout)?.slice(1).map(Number)
  if (!numbers) throw new Error(`wrk printed something unexpected:\n${stdout}`)
  const [requests = 0, microseconds = 1, p99 = 0, errors = 0] = numbers
  if (errors > 0) throw new Error(`${errors} requests were not answered 2xx: the figures would mean nothing.`)
  return { requests, perSecond: requests / (microseconds / 1e6), p99Ms: p99 / 1000 }
}

/** One ready-made request: a script that is asked for each would measure wrk. */
const luaScript = ({ path, headers = {}, body: text = body }: Flood): string => `
wrk.method = "POST"
wrk.path = ${JSON.stringify(path)}
wrk.body = ${JSON.stringify(text)}
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Prefer"] = "wait=0"
${Object.entries(headers)
  .map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`)
  .join('\n')}
done = function(summary, latency)
  local e = summary.errors
  print(string.format("RESULT %d %d %d %d", summary.requests, summary.duration, latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`
