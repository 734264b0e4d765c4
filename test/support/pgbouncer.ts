import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit } from './binary.ts'
import { freePort } from './free-port.ts'

// A PgBouncer of a test's own, on loopback. As PostgreSQL it does not run as root.

/** Why tests that need one are skipped; false where it is installed, and always in CI. */
export const withoutPooler: string | false =
  spawnSync('pgbouncer', ['--version']).status !== 0 &&
  process.env.CI !== 'true' &&
  'pgbouncer is not installed'

export interface Pooler {
  /** The same database by way of it. */
  readonly address: string
  stop(): Promise<void>
}

export async function startPooler(
  database: string,
  mode: 'session' | 'transaction' | 'statement',
  settings: readonly string[] = [],
): Promise<Pooler> {
  const dir = mkdtempSync(join(tmpdir(), 'postern-pooler-'))
  atExit(() => rmSync(dir, { recursive: true, force: true }))
  const url = new URL(database)
  const port = await freePort()
  const file = join(dir, 'pgbouncer.ini')
  writeFileSync(
    file,
    `[databases]
* = host=${url.hostname} port=${url.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
${settings.join('\n')}
`,
  )
  const asRoot = process.getuid?.() === 0
  const id = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  if (asRoot) for (const path of [dir, file]) chownSync(path, id('-u'), id('-g'))
  const command = ['pgbouncer', '-q', file]
  const [program = '', ...args] = asRoot
    ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...command]
    : command
  const child = spawn(program, args, { stdio: 'ignore' })
  atExit(() => child.kill('SIGKILL'))
  await listens(port, child)
  url.port = String(port)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    address: url.href,
    stop: () => {
      child.kill('SIGKILL')
      return ended
    },
  }
}

async function listens(port: number, child: ChildProcess): Promise<void> {
  for (let look = 0; look < 200; look += 1) {
    if (child.exitCode !== null) throw new Error(`pgbouncer has ended: ${child.exitCode}`)
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (isThere) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('pgbouncer does not listen')
}
