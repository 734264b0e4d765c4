import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

// A real PostgreSQL of a test's own, on loopback. It does not run as root: root's tests run it as the user that Debian's package makes.

export interface TestPostgres {
  /** Of the database that is there from the start. */
  readonly url: string
  /** Of a new, empty schema in it: a store of its own. */
  newSchema(): string
  /** Runs statements in a store, and gives what `psql` prints of their rows. */
  query(address: string, statements: string): string
  /** What `pg_dump` writes of a store. */
  dump(address: string): string
  /** Puts that in the place of the store, as it is now, and ends every connection to it. */
  putBack(address: string, dump: string): void
  /** Ends it as a power cut would (`-m immediate`). */
  crash(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

/** Why tests that need one are skipped; false where it is installed, and always in CI. */
export const withoutPostgres = (): string | false =>
  programs() === undefined && process.env.CI !== 'true' && 'postgresql is not installed'

function programs(): string | undefined {
  const root = '/usr/lib/postgresql'
  try {
    const newest = readdirSync(root)
      .map(Number)
      .toSorted((a, b) => b - a)[0]
    return newest === undefined ? undefined : join(root, String(newest), 'bin')
  } catch {
    return undefined
  }
}

/** Starts one with these settings beside its own; `prepare` is given its folder of data, and whom its files belong to, before. */
export async function startPostgres(
  settings: readonly string[] = [],
  prepare: (data: string, own: (file: string) => void) => void = () => {},
  env: Readonly<Record<string, string>> = {},
): Promise<TestPostgres> {
  const bin = programs()
  if (bin === undefined) throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  const dir = mkdtempSync(join(tmpdir(), 'postern-postgres-'))
  const data = join(dir, 'data')
  const asRoot = process.getuid?.() === 0
  const prefix = asRoot ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : []
  if (asRoot) chownSync(dir, ...idsOf('postgres'))
  run([
    ...prefix,
    join(bin, 'initdb'),
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    '-N',
  ])
  prepare(data, (file) => asRoot && chownSync(file, ...idsOf('postgres')))
  const port = await freePort()
  const options = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${dir}`,
    ...settings,
  ]
  const given = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const control = (...args: string[]) =>
    runBeside([...prefix, 'env', ...given, join(bin, 'pg_ctl'), '-D', data, '-w', ...args])
  const start = async () => {
    await control('-l', join(dir, 'log'), '-o', options.map((option) => `-c ${option}`).join(' '), 'start')
  }
  await start()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  let schemas = 0
  return {
    url,
    newSchema: () => {
      schemas += 1
      const name = `store_${schemas}`
      psql(url, `CREATE SCHEMA ${name}`)
      return `${url}?search_path=${name}`
    },
    query: psql,
    dump: (address) => run(['pg_dump', '-n', schemaOf(address), url]),
    putBack: (address, dump) => {
      psql(
        url,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postern';
         DROP SCHEMA ${schemaOf(address)} CASCADE`,
      )
      run(['psql', '-q', '-v', 'ON_ERROR_STOP=1', url], dump)
    },
    crash: async () => {
      await control('-m', 'immediate', 'stop')
    },
    start,
    stop: async () => {
      try {
        await control('-m', 'fast', 'stop')
      } catch {
        // It was ended before.
      }
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const schemaOf = (address: string): string => new URL(address).searchParams.get('search_path') ?? 'public'

function psql(address: string, statements: string): string {
  const url = new URL(address)
  const path = schemaOf(address)
  url.search = ''
  return run([
    'psql',
    '-qAt',
    '-v',
    'ON_ERROR_STOP=1',
    '-c',
    `SET search_path = ${path}`,
    '-c',
    statements,
    url.href,
  ])
}

function idsOf(user: string): [uid: number, gid: number] {
  const id = (flag: string) => Number(run(['id', flag, user]))
  return [id('-u'), id('-g')]
}

function run([command = '', ...args]: readonly string[], input?: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    ...(input === undefined ? { stdio: ['ignore', 'pipe', 'pipe'] } : { input }),
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

/** The same while this process goes on. */
async function runBeside([command = '', ...args]: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const stderr: Uint8Array[] = []
  child.stderr.on('data', (chunk: Uint8Array) => stderr.push(chunk))
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${Buffer.concat(stderr)}`)
}
