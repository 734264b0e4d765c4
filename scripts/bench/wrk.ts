import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Throughput {
  readonly perSecond: number
  readonly p99Ms: number
  readonly errors: number
}

/** As fast as they go: wrk with 64 connections at one path. */
export async function flood(
  port: number,
  path: string,
  seconds: number,
  scriptFile: string,
): Promise<Throughput> {
  await writeFile(scriptFile, luaScript(path))
  const { stdout } = await run('wrk', [
    '-t1',
    '-c64',
    `-d${seconds}s`,
    '-s',
    scriptFile,
    `http://127.0.0.1:${port}${path}`,
  ])
  const line = /RESULT (\d+) (\d+) (\d+) (\d+)/.exec(stdout)
  if (!line) throw new Error(`wrk printed something unexpected:\n${stdout}`)
  const [requests = 0, microseconds = 1, p99 = 0, errors = 0] = line.slice(1).map(Number)
  return { perSecond: requests / (microseconds / 1e6), p99Ms: p99 / 1000, errors }
}

export const body = '{"message":"deploy finished, look at the logs","from":"ci"}'

/** One ready-made request: a script that is asked for each would measure wrk. Rounds take the sessions in turn. */
const luaScript = (path: string): string => `
wrk.method = "POST"
wrk.path = ${JSON.stringify(path)}
wrk.body = ${JSON.stringify(body)}
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Prefer"] = "wait=0"
done = function(summary, latency)
  local e = summary.errors
  print(string.format("RESULT %d %d %d %d", summary.requests, summary.duration, latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`
