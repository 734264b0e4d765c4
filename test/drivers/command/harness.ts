import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Connection, Driver, DriverTools } from '../../../src/domain/driver.ts'
import type { DriverSettings, Session, SessionId } from '../../../src/domain/session.ts'
import { commandDriver } from '../../../src/drivers/command/driver.ts'
import { identify } from '../../../src/drivers/process/process.ts'
import type { DriverHarness } from '../../suites/driver.ts'

/** A scratch folder with a connection to the fake command, and what that noted. */
export interface Bench {
  readonly folder: string
  readonly driver: Driver
  readonly session: Session
  readonly remembered: DriverSettings[]
  readonly connection: Connection
  connect(settings?: DriverSettings): Connection
  notes(): Promise<readonly Note[]>
  remove(): Promise<void>
}

export interface Note {
  readonly text: string
  readonly session: string
  readonly delivery: string
  readonly pwd: string
  readonly cwd: string
  readonly pid: number
  readonly child?: number
  readonly args: readonly string[]
  readonly secrets: readonly string[]
}

/** A module of test/fixtures, run by whatever runs the tests. */
export const fixture = (name: string): readonly string[] => [
  process.execPath,
  ...('Deno' in globalThis ? ['run', '-A'] : []),
  fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url)),
]

export async function openBench(settings: DriverSettings = {}): Promise<Bench> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'postern-command-')))
  const log = join(folder, 'log.jsonl')
  const env = { ...process.env, POSTERN_SECRET: 'not for agents', POSTERN_ADMIN_TOKEN: 'nor this' }
  const driver = commandDriver({ env, skillDirs: () => [join(folder, 'extra')] })
  const command = [...fixture('fake-command.mjs'), log]
  const prepared = await driver.prepare({ command, ...settings }, { cwd: folder })
  const session: Session = {
    id: 'build' as SessionId,
    generation: '00c0ffee00c0ffee',
    driver: driver.kind,
    settings: prepared,
    state: 'live',
    openedAt: 0,
  }
  const remembered: DriverSettings[] = []
  const tools: DriverTools = {
    runDir: join(folder, 'run'),
    now: () => 0,
    log: () => {},
    remember: async (learned) => {
      remembered.push(learned)
    },
  }
  const connect = (other = prepared) => driver.connect({ ...session, settings: other }, tools)
  return {
    folder,
    driver,
    session,
    remembered,
    connection: connect(),
    connect,
    notes: () => notesIn(log),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

async function notesIn(log: string): Promise<readonly Note[]> {
  const lines = await readFile(log, 'utf8').catch(() => '')
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Note)
}

export const commandHarness: DriverHarness = {
  name: 'command',
  delivery: 'push',
  ownsAgent: true,
  close: 'leaves',
  cannot: {
    hang: 'a program that does not end is a busy one',
    goAway: 'its program runs here, as its child',
    die: 'each message has a program of its own',
  },
  multiline: true,
  longestLine: Number.POSITIVE_INFINITY,
  turns: 'answer',
  start: async () => {
    const bench = await openBench()
    return {
      connection: bench.connection,
      received: async () => (await bench.notes()).map((note) => note.text),
      busyWith: 'CHILD and work on',
      alive: async () => anyRuns(await bench.notes()),
      stop: async () => {
        await bench.connection.end()
        await bench.remove()
      },
    }
  },
}

export async function anyRuns(notes: readonly Note[]): Promise<boolean> {
  const pids = notes.flatMap((note) => (note.child === undefined ? [note.pid] : [note.pid, note.child]))
  return (await Promise.all(pids.map(identify))).some((process) => process !== undefined)
}
