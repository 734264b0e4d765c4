import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import type { DriverSettings } from '../../../src/domain/session.ts'
import { type AppServer, connectTo } from '../../../src/drivers/codex/app-server.ts'
import { codexDriver } from '../../../src/drivers/codex/driver.ts'
import { begin } from '../../../src/drivers/codex/thread.ts'
import { type DriverHarness, eventually } from '../../suites/driver.ts'
import {
  type Bench,
  benchIn,
  type FakeKind,
  fakeCommand,
  notesDir,
  openBench as openOwned,
  ownedHarness,
  scratch,
} from '../agent-process/bench.ts'

const fake: FakeKind = {
  make: codexDriver,
  fixture: 'fake-codex.mjs',
  prefix: 'FAKE_CODEX',
  env: { CODEX_TEST_TOKEN: 'open sesame', CODEX_TEST_WRONG: 'open barley' },
}

/** With a server that somebody else runs, and somebody who has the conversation open there. */
export interface SharedBench extends Bench {
  readonly server: FakeServer
  readonly person: AppServer
  readonly threadId: string
}

export interface FakeServer {
  readonly socket: string
  port(): Promise<string>
  /** Its conversations as they lie on disk. */
  kept(): Promise<string>
  start(): Promise<void>
  kill(signal?: NodeJS.Signals): Promise<void>
}

export type { Bench }

const fakeCodex = fakeCommand(fake.fixture)

/** With a codex of its own. */
export const openBench = (settings?: DriverSettings): Promise<Bench> => openOwned(fake, settings)

export async function openSharedBench(): Promise<SharedBench> {
  const folder = await scratch()
  const server = fakeServer(folder)
  await server.start()
  const person = await connectTo({ path: server.socket }, AbortSignal.timeout(20_000))
  const threadId = await begin(person, folder)
  const bench = await benchIn(folder, fake, { socket: server.socket, threadId })
  const remove = async () => {
    await person.close()
    await server.kill()
    await bench.remove()
  }
  return { ...bench, server, person, threadId, remove }
}

/** Listens on a Unix socket, as the daemon of codex does. */
export function fakeServer(
  folder: string,
  listen = join(folder, 'codex.sock'),
  more: Readonly<Record<string, string>> = {},
): FakeServer {
  let child: ChildProcess | undefined
  const ready = join(notesDir(folder), 'ready')
  return {
    socket: listen,
    port: () => readFile(ready, 'utf8'),
    kept: () => readFile(join(notesDir(folder), 'threads.json'), 'utf8').catch(() => ''),
    start: async () => {
      await rm(ready, { force: true })
      const [program = '', ...args] = fakeCodex
      const env = { ...process.env, ...more, FAKE_CODEX_DIR: notesDir(folder) }
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

export const ownHarness = ownedHarness('codex of its own', fake, 'CHATTY SLOW:600')

export const sharedHarness: DriverHarness = {
  name: 'codex that others use',
  delivery: 'push',
  multiline: true,
  longestLine: Number.POSITIVE_INFINITY,
  turns: 'answer',
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
        // A conversation without a message is not kept.
        await connection.inject(
          { deliveryId: 'whd_first' as never, text: 'first' },
          AbortSignal.timeout(20_000),
        )
        const isIdle = async () => (await connection.state(AbortSignal.timeout(20_000))).kind === 'idle'
        await eventually(isIdle, 'the turn of its first message is over')
        await server.kill()
      },
      comeBack: server.start,
      alive: bench.anyRuns,
      stop: bench.remove,
    }
  },
}
