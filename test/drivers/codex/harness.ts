import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { Connection, Driver, DriverTools } from '../../../src/domain/driver.ts'
import type { DriverSettings, Session, SessionId } from '../../../src/domain/session.ts'
import { type AppServer, connectTo } from '../../../src/drivers/codex/app-server.ts'
import { codexDriver } from '../../../src/drivers/codex/driver.ts'
import { begin } from '../../../src/drivers/codex/thread.ts'
import { identify } from '../../../src/drivers/process/process.ts'
import { type DriverHarness, eventually } from '../../suites/driver.ts'

/** A scratch folder with a fake codex, a connection to it, and what it noted. */
export interface Bench {
  readonly folder: string
  readonly driver: Driver
  readonly session: Session
  readonly connection: Connection
  readonly remembered: DriverSettings[]
  /** What was logged, by event. */
  readonly logged: string[]
  connect(settings?: DriverSettings): Connection
  /** Every message that reached a codex, in order. */
  prompts(): Promise<readonly string[]>
  starts(): Promise<readonly Start[]>
  notes(name: string): Promise<readonly unknown[]>
  anyRuns(): Promise<boolean>
  remove(): Promise<void>
}

/** With a server that somebody else runs, and somebody who has the conversation open there. */
export interface SharedBench extends Bench {
  readonly server: FakeServer
  readonly person: AppServer
  readonly threadId: string
}

export interface Start {
  readonly pid: number
  readonly cwd: string
  readonly pwd: string
  readonly secret?: string
}

export interface FakeServer {
  readonly socket: string
  port(): Promise<string>
  /** Its conversations as they lie on disk. */
  kept(): Promise<string>
  start(): Promise<void>
  kill(signal?: NodeJS.Signals): Promise<void>
}

export const fakeCodex: readonly string[] = [
  process.execPath,
  ...('Deno' in globalThis ? ['run', '-A'] : []),
  fileURLToPath(new URL('../../fixtures/fake-codex.mjs', import.meta.url)),
]

/** A codex of its own. */
export async function openBench(settings: DriverSettings = {}): Promise<Bench> {
  const folder = await scratch()
  return benchIn(folder, { command: fakeCodex, ...settings })
}

export async function openSharedBench(): Promise<SharedBench> {
  const folder = await scratch()
  const server = fakeServer(folder)
  await server.start()
  const person = await connectTo({ path: server.socket }, AbortSignal.timeout(20_000))
  const threadId = await begin(person, folder)
  const bench = await benchIn(folder, { socket: server.socket, threadId })
  const remove = async () => {
    await person.close()
    await server.kill()
    await bench.remove()
  }
  return { ...bench, server, person, threadId, remove }
}

const scratch = async (): Promise<string> => realpath(await mkdtemp(join(tmpdir(), 'postern-codex-')))

export const dirIn = (folder: string): string => join(folder, 'codex')

/** Listens on a Unix socket, as the daemon of codex does. */
export function fakeServer(
  folder: string,
  listen = join(folder, 'codex.sock'),
  more: Readonly<Record<string, string>> = {},
): FakeServer {
  let child: ChildProcess | undefined
  const ready = join(dirIn(folder), 'ready')
  return {
    socket: listen,
    port: () => readFile(ready, 'utf8'),
    kept: () => readFile(join(dirIn(folder), 'threads.json'), 'utf8').catch(() => ''),
    start: async () => {
      await rm(ready, { force: true })
      const [program = '', ...args] = fakeCodex
      const env = { ...process.env, ...more, FAKE_CODEX_DIR: dirIn(folder) }
      child = spawn(program, [...args, '--listen', listen], { env, stdio: 'inherit' })
      await eventually(
        () =>
          readFile(ready).then(
            () => true,
            () => false,
          ),
        'it listens',
      )
    },
    kill: async (signal = 'SIGKILL') => {
      const dying = child
      if (!dying || dying.exitCode !== null || dying.signalCode !== null) return
      const dead = new Promise((resolve) => dying.once('exit', resolve))
      dying.kill(signal)
      if (signal === 'SIGKILL') await dead
    },
  }
}

const tokens = { CODEX_TEST_TOKEN: 'open sesame', CODEX_TEST_WRONG: 'open barley' }

async function benchIn(folder: string, settings: DriverSettings): Promise<Bench> {
  const dir = dirIn(folder)
  const driver = codexDriver({
    env: { ...process.env, ...tokens, FAKE_CODEX_DIR: dir, POSTERN_SECRET: 'not for agents' },
    skillDirs: () => [join(folder, 'extra')],
    cancelMs: 600,
  })
  const prepared = await driver.prepare(settings, { cwd: folder })
  const session: Session = {
    id: 'coder' as SessionId,
    generation: '00c0ffee00c0ffee',
    driver: driver.kind,
    settings: prepared,
    state: 'live',
    openedAt: 0,
  }
  const remembered: DriverSettings[] = []
  const logged: string[] = []
  const connections: Connection[] = []
  const tools: DriverTools = {
    runDir: join(folder, 'run'),
    now: () => 0,
    log: (_level, event) => void logged.push(event),
    remember: async (learned) => void remembered.push(learned),
  }
  const connect = (other: DriverSettings = prepared) => {
    const connection = driver.connect({ ...session, settings: other }, tools)
    connections.push(connection)
    return connection
  }
  const notes = (name: string) => notesIn<unknown>(join(dir, `${name}.jsonl`))
  const starts = () => notesIn<Start>(join(dir, 'starts.jsonl'))
  return {
    ...{ folder, driver, session, remembered, logged, connect, starts, notes },
    connection: connect(),
    prompts: () => notesIn<string>(join(dir, 'prompts.jsonl')),
    anyRuns: async () => (await Promise.all((await starts()).map(({ pid }) => identify(pid)))).some(Boolean),
    remove: async () => {
      for (const connection of connections) await connection.end()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function notesIn<T>(path: string): Promise<readonly T[]> {
  const lines = await readFile(path, 'utf8').catch(() => '')
  return lines
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as T)
}

const promises = {
  delivery: 'push',
  multiline: true,
  longestLine: Number.POSITIVE_INFINITY,
  turns: 'answer',
} as const

export const ownHarness: DriverHarness = {
  ...promises,
  name: 'codex of its own',
  ownsAgent: true,
  close: 'ends',
  cannot: {
    goAway: 'its agent runs here, as its child',
    die: 'a dead agent is started again',
  },
  start: async () => {
    const bench = await openBench()
    return {
      connection: bench.connection,
      received: bench.prompts,
      busyWith: 'CHATTY SLOW:600',
      hang: async () => {
        await bench.connection.skills(AbortSignal.timeout(20_000))
        for (const { pid } of await bench.starts()) process.kill(pid, 'SIGSTOP')
      },
      alive: bench.anyRuns,
      stop: bench.remove,
    }
  },
}

export const sharedHarness: DriverHarness = {
  ...promises,
  name: 'codex that others use',
  ownsAgent: false,
  close: 'leaves',
  start: async () => {
    const bench = await openSharedBench()
    const { connection, server, person, threadId } = bench
    return {
      connection,
      received: bench.prompts,
      busyWith: 'CHATTY SLOW:600',
      hang: () => server.kill('SIGSTOP'),
      die: async () => void (await person.call('thread/delete', { threadId })),
      goAway: async () => {
        // Kept by its first message only.
        await connection.inject(
          { deliveryId: 'whd_first' as never, text: 'first' },
          AbortSignal.timeout(20_000),
        )
        await server.kill()
      },
      comeBack: server.start,
      alive: bench.anyRuns,
      stop: bench.remove,
    }
  },
}
