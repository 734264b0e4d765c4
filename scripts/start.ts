import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from './build.ts'
import { command, type Postern, type Server, startServer } from './start/postern.ts'
import { screenWith } from './start/screen.ts'

const message = 'deploy finished, look at the logs'

/** Stands for an agent: it answers every line that is typed to it. */
const agent = `printf 'A demonstration agent. Say something.\\n'
while IFS= read -r line; do printf 'agent: I heard "%s"\\n' "$line"; done`

process.exitCode = await main(process.argv.includes('--once'))

/** Builds, serves, knocks once and shows it arriving; then stays until ^C, unless `once`. Cleans up behind itself. */
async function main(once: boolean): Promise<number> {
  try {
    console.log('Building dist/postern…')
    await show({ binary: build(), home: join(mkdtempSync(join(tmpdir(), 'postern-demo-')), 'home') }, once)
    return 0
  } catch (error) {
    complain(error)
    return 1
  }
}

async function show(postern: Postern, once: boolean): Promise<void> {
  const stopped = stopSignal()
  let server: Server | undefined
  try {
    const secret = configure(postern)
    server = await startServer(postern)
    await demonstrate(postern, server, secret)
    if (!once) await Promise.race([stopped, server.ended])
  } finally {
    await cleanUp(postern, server)
  }
}

function complain(error: unknown): void {
  console.error(error instanceof Error ? error.message : error)
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve())
  })
}

/** Webhooks switched on with a secret of this demonstration, and one custom hook. */
function configure(postern: Postern): string {
  const secret = command(postern, 'secret')
  const hook = {
    name: 'github',
    path: '/api/hooks/github',
    messageTemplate: 'Push to {{repository.name}} by {{sender.login}}: {{head_commit.message}}',
    session: 'demo',
    active: true,
  }
  const folder = join(postern.home, 'preferences')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const text = JSON.stringify({ webhooks: { enabled: true, secret, hooks: { github: hook } } }, null, 2)
  writeFileSync(join(folder, 'webhooks.json'), text, { mode: 0o600 })
  return secret
}

async function demonstrate(postern: Postern, server: Server, secret: string): Promise<void> {
  command(postern, 'run', '--session', 'demo', '--detach', '--', 'sh', '-c', agent)
  const url = command(postern, 'expose', '--session', 'demo', '--label', 'demonstration', '--quiet')
  console.log(`\nA knock at ${shortened(url)}\n  ${JSON.stringify({ message, from: 'ci' })}`)
  console.log(`  ${await knock(url)}\n\nThe session's screen`)
  const screen = await screenWith(postern, 'demo', `I heard "[ci] ${message}"`)
  for (const line of screen) console.log(`  │ ${line}`)
  console.log(curlLines(server.url, url, secret))
  console.log(await places(postern, server.url))
}

function shortened(url: string): string {
  return `${url.slice(0, 52)}…`
}

async function knock(url: string): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Prefer: 'wait=20' },
    body: JSON.stringify({ message, from: 'ci' }),
    signal: AbortSignal.timeout(30_000),
  })
  return `${response.status} ${await response.text()}`
}

function curlLines(base: string, url: string, secret: string): string {
  return `
Knock yourself
  curl -X POST ${url} \\
    -H 'Content-Type: application/json' -d '{"message":"hello","from":"me"}'

  curl -X POST ${base}/api/hooks/github \\
    -H 'Authorization: Bearer ${secret}' -H 'Content-Type: application/json' \\
    -d '{"repository":{"name":"acme/billing"},"sender":{"login":"alice"},"head_commit":{"message":"Fix invoice rounding"}}'
`
}

/** Where to look next. A page this build does not serve is not named. */
async function places({ binary, home }: Postern, base: string): Promise<string> {
  const here = `POSTERN_HOME=${home} ${binary}`
  const lines = [
    ...((await isServed(`${base}/dashboard`))
      ? [`Dashboard  ${command({ binary, home }, 'dashboard')}`]
      : []),
    ...((await isServed(`${base}/docs`)) ? [`API        ${base}/docs`] : []),
    `Health     ${base}/healthz`,
    `Session    ${here} attach demo      (Ctrl-\\ leaves it)`,
    `Record     ${here} deliveries tail`,
  ]
  return `Look\n  ${lines.join('\n  ')}\n\n^C stops the server and the session and removes their home.`
}

async function isServed(url: string): Promise<boolean> {
  const { status } = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(5_000) })
  return status !== 404
}

async function cleanUp(postern: Postern, server: Server | undefined): Promise<void> {
  try {
    command(postern, 'session', 'end', '--all')
  } catch (error) {
    complain(error)
  }
  await server?.stop()
  rmSync(join(postern.home, '..'), { recursive: true, force: true })
}
