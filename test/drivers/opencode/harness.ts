import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connection, Driver, DriverTools } from '../../../src/domain/driver.ts'
import type { DriverSettings, Session, SessionId } from '../../../src/domain/session.ts'
import { opencodeDriver } from '../../../src/drivers/opencode/driver.ts'
import type { DriverHarness } from '../../suites/driver.ts'
import { type FakeOpencode, startFake } from './fake.ts'

/** A fake server with one conversation, and a connection to that. */
export interface Bench {
  readonly fake: FakeOpencode
  readonly folder: string
  readonly driver: Driver
  readonly connection: Connection
  readonly remembered: DriverSettings[]
  /** As the next server of Postern would; `ms` is how much later it is. */
  connect(settings?: DriverSettings, ms?: number, more?: Partial<DriverTools>): Connection
  remove(): Promise<void>
}

export async function openBench(
  given: DriverSettings = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Bench> {
  const fake = await startFake()
  const folder = await mkdtemp(join(tmpdir(), 'postern-opencode-'))
  const driver = opencodeDriver({ env: { HOME: folder, ...env }, skillDirs: () => [join(folder, 'extra')] })
  const settings = await driver.prepare({ url: fake.url, ...given }, { cwd: folder })
  const remembered: DriverSettings[] = []
  const connect = (other = settings, ms = 0, more: Partial<DriverTools> = {}) => {
    const session: Session = {
      id: 'coder' as SessionId,
      generation: '00c0ffee00c0ffee',
      driver: driver.kind,
      settings: other,
      state: 'live',
      openedAt: 0,
    }
    const tools: DriverTools = {
      runDir: join(folder, 'run'),
      now: () => Date.now() + ms,
      log: () => {},
      remember: async (learned) => void remembered.push(learned),
      ...more,
    }
    return driver.connect(session, tools)
  }
  const connection = connect()
  return {
    ...{ fake, folder, driver, connection, remembered, connect },
    remove: async () => {
      await connection.end()
      await fake.away()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const opencodeHarness: DriverHarness = {
  name: 'opencode',
  delivery: 'push',
  ownsAgent: false,
  close: 'leaves',
  multiline: true,
  longestLine: Number.POSITIVE_INFINITY,
  turns: 'answer',
  start: async () => {
    const { fake, connection, remove } = await openBench()
    return {
      connection,
      received: async () => fake.received,
      busyWith: 'SLOW:600',
      hang: async () => {
        fake.hung = true
      },
      die: async () => fake.sessions.clear(),
      goAway: fake.away,
      comeBack: fake.back,
      alive: async () => (await fetch(`${fake.url}/session`)).ok,
      stop: remove,
    }
  },
}
