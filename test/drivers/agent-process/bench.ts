import { spawn } from 'node:child_process'
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { DeliveryId } from '../../../src/domain/delivery.ts'
import type { Connection, Driver, DriverTools } from '../../../src/domain/driver.ts'
import type { DriverSettings, Session, SessionId } from '../../../src/domain/session.ts'
import type { OwnedDeps } from '../../../src/drivers/agent-process/opening.ts'
import { identify } from '../../../src/drivers/process/process.ts'
import { type DriverHarness, eventually } from '../../suites/driver.ts'

/** A driver that owns its agents, and the fake agent for it. */
export interface FakeKind {
  readonly make: (needs: OwnedDeps) => Driver
  /** In test/fixtures. */
  readonly fixture: string
  /** The fake notes everything in the folder of `<prefix>_DIR`, and outlives its pipes with `<prefix>_STAYS`. */
  readonly prefix: string
  /** What else the driver finds in its environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** A scratch folder with a connection to the fake agent, and what that noted. */
export interface Bench {
  readonly folder: string
  readonly driver: Driver
  readonly session: Session
  readonly connection: Connection
  readonly remembered: DriverSettings[]
  /** What was logged, by event. */
  readonly logged: string[]
  connect(settings?: DriverSettings, more?: Partial<DriverTools>): Connection
  /** Every prompt that reached an agent, in order. */
  prompts(): Promise<readonly string[]>
  starts(): Promise<readonly Start[]>
  notes(name: string): Promise<readonly unknown[]>
  anyRuns(): Promise<boolean>
  /** A server that is killed once its agent has begun; for a silent prompt, once it has got that. */
  killedServer(how: 'inject' | 'turn', deliveryId: DeliveryId, text: string): Promise<void>
  remove(): Promise<void>
}

interface Start {
  readonly pid: number
  readonly cwd: string
  readonly pwd: string
  readonly secret?: string
}

export const fakeCommand = (fixture: string): readonly string[] => [
  process.execPath,
  ...('Deno' in globalThis ? ['run', '-A'] : []),
  fileURLToPath(new URL(`../../fixtures/${fixture}`, import.meta.url)),
]

export async function openBench(fake: FakeKind, settings: DriverSettings = {}): Promise<Bench> {
  return benchIn(await scratch(), fake, { command: fakeCommand(fake.fixture), ...settings })
}

export const scratch = async (): Promise<string> => realpath(await mkdtemp(join(tmpdir(), 'postern-owned-')))

/** Where a fake notes everything. */
export const notesDir = (folder: string): string => join(folder, 'agent')

/** The same in a folder that is there, and without a command of its own. `remove` also removes the folder. */
export async function benchIn(folder: string, fake: FakeKind, settings: DriverSettings): Promise<Bench> {
  const dir = notesDir(folder)
  const env = { ...process.env, ...fake.env, [`${fake.prefix}_DIR`]: dir }
  const driver = fake.make({
    env: { ...env, POSTERN_SECRET: 'not for agents' },
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
  const connect = (other: DriverSettings = prepared, more: Partial<DriverTools> = {}) => {
    const connection = driver.connect({ ...session, settings: other }, { ...tools, ...more })
    connections.push(connection)
    return connection
  }
  const starts = () => notesIn<Start>(join(dir, 'starts.jsonl'))
  const prompts = () => notesIn<string>(join(dir, 'prompts.jsonl'))
  return {
    ...{ folder, driver, session, remembered, logged, connect, starts, prompts },
    connection: connect(),
    notes: (name) => notesIn(join(dir, name)),
    anyRuns: async () => (await Promise.all((await starts()).map(({ pid }) => identify(pid)))).some(Boolean),
    killedServer: async (how, deliveryId, text) => {
      const before = (await prompts()).length
      const resumed = { ...session, settings: remembered.at(-1) ?? prepared }
      const args = [JSON.stringify(resumed), tools.runDir, how, deliveryId, text]
      const server = startServer(args, { ...env, [`${fake.prefix}_STAYS`]: '1' })
      await eventually(async () => (await prompts()).length > before, 'it got the prompt')
      if (text.includes('CHATTY')) await server.accepted
      await server.kill()
    },
    remove: async () => {
      for (const connection of connections) await connection.end()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function startServer(args: readonly string[], env: Readonly<Record<string, string | undefined>>) {
  const main = fileURLToPath(new URL('crash-main.ts', import.meta.url))
  const runtime = 'Deno' in globalThis ? ['run', '-A', '--no-check', main] : [main]
  const server = spawn(process.execPath, [...runtime, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env })
  const dead = new Promise((resolve) => server.once('exit', resolve))
  return {
    accepted: new Promise((resolve) => server.stdout.once('data', resolve)),
    kill: async () => {
      server.kill('SIGKILL')
      await dead
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

export const ownedHarness = (name: string, fake: FakeKind, busyWith = 'SLOW:600'): DriverHarness => ({
  name,
  delivery: 'push',
  ownsAgent: true,
  close: 'ends',
  cannot: {
    goAway: 'its agent runs here, as its child',
    die: 'a dead agent is started again',
  },
  multiline: true,
  longestLine: Number.POSITIVE_INFINITY,
  turns: 'answer',
  start: async () => {
    const bench = await openBench(fake)
    return {
      connection: bench.connection,
      received: bench.prompts,
      busyWith,
      hang: async () => {
        await bench.connection.skills(AbortSignal.timeout(20_000))
        for (const { pid } of await bench.starts()) process.kill(pid, 'SIGSTOP')
      },
      alive: bench.anyRuns,
      stop: bench.remove,
    }
  },
})
