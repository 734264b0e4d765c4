import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { Connection, Driver, DriverTools } from '../../../src/domain/driver.ts'
import type { DriverSettings, Session, SessionId } from '../../../src/domain/session.ts'
import { acpDriver } from '../../../src/drivers/acp.ts'
import { identify } from '../../../src/drivers/process.ts'
import type { DriverHarness } from '../../suites/driver.ts'

/** A scratch folder with a connection to the fake agent, and what that noted. */
export interface Bench {
  readonly folder: string
  readonly driver: Driver
  readonly session: Session
  readonly connection: Connection
  readonly remembered: DriverSettings[]
  /** What was logged, by event. */
  readonly logged: string[]
  connect(settings?: DriverSettings): Connection
  /** Every prompt that reached an agent, in order. */
  prompts(): Promise<readonly string[]>
  starts(): Promise<readonly Start[]>
  permissions(): Promise<readonly unknown[]>
  anyRuns(): Promise<boolean>
  remove(): Promise<void>
}

export interface Start {
  readonly pid: number
  readonly cwd: string
  readonly pwd: string
  readonly secret?: string
}

export const fakeAgent: readonly string[] = [
  process.execPath,
  ...('Deno' in globalThis ? ['run', '-A'] : []),
  fileURLToPath(new URL('../../fixtures/fake-acp-agent.mjs', import.meta.url)),
]

export async function openBench(settings: DriverSettings = {}): Promise<Bench> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'postern-acp-')))
  const dir = join(folder, 'agent')
  const driver = acpDriver({
    env: { ...process.env, FAKE_ACP_DIR: dir, POSTERN_SECRET: 'not for agents' },
    skillDirs: () => [join(folder, 'extra')],
    cancelMs: 600,
  })
  const prepared = await driver.prepare({ command: fakeAgent, ...settings }, { cwd: folder })
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
  const starts = () => notesIn<Start>(join(dir, 'starts.jsonl'))
  return {
    ...{ folder, driver, session, remembered, logged, connect, starts },
    connection: connect(),
    prompts: () => notesIn<string>(join(dir, 'prompts.jsonl')),
    permissions: () => notesIn(join(dir, 'permissions.jsonl')),
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

export const acpHarness: DriverHarness = {
  name: 'acp',
  delivery: 'push',
  ownsAgent: true,
  multiline: true,
  longestLine: Number.POSITIVE_INFINITY,
  turns: 'answer',
  start: async () => {
    const bench = await openBench()
    return {
      connection: bench.connection,
      received: bench.prompts,
      busyWith: 'SLOW:600',
      hang: async () => {
        await bench.connection.skills(AbortSignal.timeout(20_000))
        for (const { pid } of await bench.starts()) process.kill(pid, 'SIGSTOP')
      },
      alive: bench.anyRuns,
      stop: bench.remove,
    }
  },
}
