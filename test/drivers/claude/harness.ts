import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { Connection, Driver, DriverTools } from '../../../src/domain/driver.ts'
import type { DriverSettings, Session, SessionId } from '../../../src/domain/session.ts'
import { claudeDriver } from '../../../src/drivers/claude/driver.ts'
import { identify } from '../../../src/drivers/process/process.ts'
import type { DriverHarness } from '../../suites/driver.ts'
import { fakeCommand } from '../agent-process/bench.ts'

/** A fake Claude Code that is open, and a connection to it. */
export interface Bench {
  readonly folder: string
  readonly driver: Driver
  readonly session: Session
  readonly tools: DriverTools
  readonly connection: Connection
  readonly pid: number
  /** Another connection to the same session, as after a restart. */
  connect(): Connection
  /** Every message it has read, in order. */
  prompts(): Promise<readonly string[]>
  notes(name: string): Promise<readonly unknown[]>
  /** Where it says what it does. */
  readonly entry: string
  /** A person answers its dialog. */
  answer(): Promise<void>
  /** Another one in the same configuration directory. */
  openAnother(): Promise<Fake>
  kill(): Promise<void>
  remove(): Promise<void>
}

type Fake = ChildProcess & { readonly pid: number; readonly dead: Promise<unknown> }

export async function openBench(): Promise<Bench> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'postern-claude-')))
  const dir = join(folder, 'agent')
  const configDir = join(folder, 'config')
  const open = (name: string) =>
    openFake(folder, { FAKE_CLAUDE_DIR: join(folder, name), CLAUDE_CONFIG_DIR: configDir })
  const child = await open('agent')
  const env = { HOME: folder, CLAUDE_CONFIG_DIR: configDir }
  const driver = claudeDriver({ env, skillDirs: () => [join(folder, 'extra')] })
  const session: Session = {
    id: 'desk' as SessionId,
    generation: '00c0ffee00c0ffee',
    driver: driver.kind,
    settings: await driver.prepare({ pid: child.pid }, { cwd: folder }),
    state: 'live',
    openedAt: 0,
  }
  const tools: DriverTools = {
    runDir: join(folder, 'run'),
    now: Date.now,
    log: () => {},
    remember: async () => {},
  }
  const children = [child]
  const notes = (name: string) => notesIn(join(dir, name))
  const connect = () => driver.connect(session, tools)
  return {
    ...{ folder, driver, session, tools, connect, notes },
    pid: child.pid,
    connection: connect(),
    prompts: async () => (await notes('prompts.jsonl')).map(String),
    entry: join(configDir, 'sessions', `${child.pid}.json`),
    answer: () => writeFile(join(dir, 'answer'), ''),
    openAnother: async () => {
      const another = await open(`agent${children.length}`)
      children.push(another)
      return another
    },
    kill: () => kill(child),
    remove: async () => {
      for (const each of children) await kill(each)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function openFake(cwd: string, more: Readonly<Record<string, string>>): Promise<Fake> {
  const [program = '', ...args] = fakeCommand('fake-claude.mjs')
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const dead = new Promise((resolve) => child.once('exit', resolve))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return Object.assign(child, { pid: child.pid ?? 0, dead })
}

/** Also one that is dying, or dead, already. */
async function kill(child: Fake): Promise<void> {
  child.kill('SIGKILL')
  await child.dead
}

async function notesIn(path: string): Promise<readonly unknown[]> {
  const lines = await readFile(path, 'utf8').catch(() => '')
  return lines
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

export const otherSettings = (session: Session, settings: DriverSettings): Session => ({
  ...session,
  settings: { ...session.settings, ...settings },
})

export const claudeHarness: DriverHarness = {
  name: 'claude',
  delivery: 'push',
  ownsAgent: false,
  close: 'leaves',
  multiline: true,
  longestLine: Number.POSITIVE_INFINITY,
  turns: 'answer',
  start: async () => {
    const bench = await openBench()
    return {
      connection: bench.connection,
      received: bench.prompts,
      busyWith: 'SLOW:600',
      hang: async () => void process.kill(bench.pid, 'SIGSTOP'),
      die: bench.kill,
      goAway: () => rename(bench.entry, `${bench.entry}.away`),
      comeBack: () => rename(`${bench.entry}.away`, bench.entry),
      alive: async () => (await identify(bench.pid)) !== undefined,
      stop: bench.remove,
    }
  },
}
