import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Connection, Driver, DriverTools } from '../../../src/domain/driver.ts'
import type { DriverSettings, Session, SessionId } from '../../../src/domain/session.ts'
import { groupMembers, identify } from '../../../src/drivers/process/process.ts'
import { tmuxDriver } from '../../../src/drivers/tmux/driver.ts'
import { eventually, type StartedAgent } from '../../suites/driver.ts'
import { fixture } from '../command/harness.ts'

/** Undefined where tmux is; where it is not, tests that need it are skipped, except in CI. */
export const noTmux = (): string | undefined => {
  if (process.env.CI === 'true' || !spawnSync('tmux', ['-V']).error) return undefined
  console.log('skipped: tmux is not installed (apt-get install tmux)')
  return 'tmux is not installed'
}

/** A tmux server of our own with one program in a pane, reached by the driver. */
export interface PaneBench {
  readonly folder: string
  readonly socket: string
  readonly paneId: string
  readonly panePid: number
  readonly serverPid: number
  readonly driver: Driver
  readonly settings: DriverSettings
  readonly connection: Connection
  /** What tmux prints. */
  tmux(...args: readonly string[]): Promise<string>
  /** Presses keys as a person does. */
  press(...keys: readonly string[]): Promise<void>
  screen(): Promise<string>
  connect(settings?: DriverSettings): Connection
  remove(): Promise<void>
}

const exec = promisify(execFile)

/** `command` gets the scratch folder; resolves when the screen shows `ready`. */
export async function openPaneBench(
  command: (folder: string) => readonly string[],
  ready: string,
  more: DriverSettings = {},
): Promise<PaneBench> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'postern-tmux-')))
  const socket = join(folder, 's')
  const { TMUX: _outer, ...env } = process.env
  const tmux = async (...args: readonly string[]) =>
    (await exec('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...args], { env })).stdout.trim()
  // The other session keeps the server alive when the program under test ends.
  await tmux('new-session', '-d', '-s', 'other', 'cat')
  await tmux(...newSession(folder), ...command(folder))
  const facts = await tmux('display-message', '-p', '-t', '=agent:', '#{pane_id} #{pane_pid} #{pid}')
  const [paneId = '', panePid, serverPid] = facts.split(' ')
  const driver = tmuxDriver({ env, skillDirs: () => [join(folder, 'skills')] })
  const screen = () => tmux('capture-pane', '-p', '-t', paneId)
  // Before, the program may not stand in its folder yet, and the settings would name another.
  await eventually(async () => (await screen()).includes(ready), 'the program is ready')
  const settings = await driver.prepare({ target: paneId, socket, ...more }, { cwd: folder })
  const connect = (other = settings) =>
    driver.connect(sessionWith(other), { ...tools, runDir: join(folder, 'run') })
  return {
    folder,
    socket,
    paneId,
    panePid: Number(panePid),
    serverPid: Number(serverPid),
    driver,
    settings,
    connection: connect(),
    tmux,
    press: async (...keys) => {
      await tmux('send-keys', '-t', paneId, ...keys)
    },
    screen,
    connect,
    remove: async () => {
      await endServer(Number(serverPid))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const newSession = (folder: string): readonly string[] => [
  ...['new-session', '-d', '-s', 'agent', '-x', '100', '-y', '30', '-c', folder],
  ...['-e', `FAKE_TUI_LOG=${join(folder, 'log.jsonl')}`],
]

const tools: DriverTools = { runDir: '/nowhere', now: () => 0, log: () => {}, remember: async () => {} }

const sessionWith = (settings: DriverSettings): Session => ({
  id: 'build' as SessionId,
  generation: '00c0ffee00c0ffee',
  driver: 'tmux',
  settings,
  state: 'live',
  openedAt: 0,
})

async function endServer(pid: number): Promise<void> {
  const server = await identify(pid)
  if (!server) return
  process.kill(pid, 'SIGCONT')
  process.kill(pid, 'SIGTERM')
  await eventually(async () => (await identify(pid))?.start !== server.start, 'the tmux server is gone')
}

/** The texts of one kind of event in the log of the fake agent. */
export async function logged(folder: string, event: string): Promise<readonly string[]> {
  const log = await readFile(join(folder, 'log.jsonl'), 'utf8').catch(() => '')
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly ev: string; readonly text: string })
    .filter(({ ev }) => ev === event)
    .map(({ text }) => text)
}

/** Below a shell that lives on: tmux wakes its own children when they are stopped. */
export const openTui = (more: DriverSettings = { multiline: 'paste' }): Promise<PaneBench> =>
  openPaneBench(
    () => ['sh', '-c', '"$@"; exit $?', 'sh', ...fixture('fake-tui.mjs')],
    'Type your message',
    more,
  )

/** Stops or wakes all that runs in the pane, but for what tmux itself started. */
export async function signalAgent(bench: PaneBench, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  const members = (await groupMembers(bench.panePid)).filter((pid) => pid !== bench.panePid)
  for (const pid of members) process.kill(pid, signal)
}

const loop =
  'while IFS= read -r line; do printf "%s\\0" "$line" >> lines; echo "got it"; case $line in work*) while sleep 0.2; do echo .; done;; esac; done'

/** A program that reads lines as the kernel collects them. At work it moves the screen: tmux shows nothing else of it. */
export const openLoop = (): Promise<PaneBench> =>
  openPaneBench(() => ['sh', '-c', `echo ready; ${loop}`], 'ready')

export async function linesRead(folder: string): Promise<readonly string[]> {
  const lines = await readFile(join(folder, 'lines'), 'utf8').catch(() => '')
  return lines.split('\0').slice(0, -1)
}

/** The bench as the conformance suite drives it. */
export const asAgent = (
  bench: PaneBench,
  received: (folder: string) => Promise<readonly string[]>,
): StartedAgent => ({
  connection: bench.connection,
  received: () => received(bench.folder),
  hang: () => signalAgent(bench, 'SIGSTOP'),
  die: async () => {
    process.kill(bench.panePid, 'SIGKILL')
    await eventually(async () => (await identify(bench.panePid)) === undefined, 'it is dead')
    await eventually(async () => !(await bench.tmux('list-panes', '-a')).includes(bench.paneId), 'tmux knows')
  },
  goAway: () => endServer(bench.serverPid),
  alive: async () => (await identify(bench.panePid)) !== undefined,
  stop: async () => {
    await bench.connection.close()
    await bench.remove()
  },
})
