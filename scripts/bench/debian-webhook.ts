import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Taker, withoutCost } from './instead.ts'
import { startProgram } from './server.ts'
import { secret, signature } from './signature.ts'
import { body, flood } from './wrk.ts'

const run = promisify(execFile)

/** adnanh/webhook, Debian's package `webhook`: verifies, and starts a command for each request. */
export async function debianWebhook(): Promise<readonly (Taker | string)[]> {
  const version = await run('webhook', ['-version']).then(
    ({ stdout }) => stdout.trim().replace(' version', ''),
    () => undefined,
  )
  if (version === undefined) return ['Debian’s `webhook` is not installed here.']
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-webhook-'))
  const file = join(folder, 'hooks.json')
  await writeFile(file, JSON.stringify([hook('at-once', false), hook('after', true)]))
  const proof = 'HMAC-SHA256 of the body'
  // A process for each flood: commands that were answered for and have not run yet shall not disturb the next one.
  const floodOf = (id: string) => async (seconds: number) => {
    await using server = await startProgram('webhook', (port) => [
      ...['-ip', '127.0.0.1', '-port', `${port}`, '-hooks', file],
    ])
    return await flood(server, { path: `/hooks/${id}`, headers: signature(body), seconds, connections: 64 })
  }
  const [atOnce, after] = [floodOf('at-once'), floodOf('after')]
  return [
    {
      title: `${version}, as it comes`,
      proof,
      stored: 'not stored: a command will be started',
      flood: async (seconds) => withoutCost(await atOnce(seconds)),
      [Symbol.asyncDispose]: async () => {},
    },
    {
      title: `${version}, told to wait for its command`,
      proof,
      stored: 'not stored: a command has run (`true`)',
      async flood(seconds) {
        const { perSecond, p99Ms, cpuMicros, childMicros } = await after(seconds)
        return { perSecond, p99Ms, cpuMicros: cpuMicros + childMicros }
      },
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
    },
  ]
}

const hook = (id: string, waits: boolean) => ({
  id,
  'execute-command': '/bin/true',
  'http-methods': ['POST'],
  'include-command-output-in-response': waits,
  'trigger-rule': {
    match: {
      type: 'payload-hmac-sha256',
      secret,
      parameter: { source: 'header', name: 'X-Hub-Signature-256' },
    },
  },
})
