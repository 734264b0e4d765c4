import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DeliveryId } from '../../src/domain/delivery.ts'
import type { Connection } from '../../src/domain/driver.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { Session, SessionId } from '../../src/domain/session.ts'
import { isRunning } from '../../src/drivers/process/process.ts'
import { ptyDriver } from '../../src/drivers/pty/driver.ts'
import type { PtySettings } from '../../src/drivers/pty/settings.ts'
import { startHolder } from '../../src/drivers/pty/start.ts'
import type { Multiline } from '../../src/drivers/terminal/keystrokes.ts'

/** A real program in a real terminal, held by a real process. */
export interface Held {
  readonly dir: string
  readonly session: Session
  readonly settings: PtySettings
  readonly connection: Connection
  connect(): Connection
  /** The lines that a fake TUI logged. */
  log(): readonly { ev: string; text: string }[]
  /** What the program wrote to a file of its directory. */
  file(name: string): string
  tombstones(): readonly Record<string, unknown>[]
  inject(text: string, id?: string): Promise<Outcome>
  holderRuns(): Promise<boolean>
  stop(): Promise<void>
}

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

export const noTerminals = process.versions.bun === undefined ? 'this runtime has no terminals' : undefined

export const fakeTui = [process.execPath, fixture('fake-tui.mjs')]

export const holderMain = (tombstones: string): readonly string[] => [
  process.execPath,
  fixture('hold.ts'),
  tombstones,
]

export interface HoldWanted {
  readonly env?: Readonly<Record<string, string>>
  readonly multiline?: Multiline
}

export async function holdProgram(command: readonly string[], wanted: HoldWanted = {}): Promise<Held> {
  const dir = mkdtempSync(join(tmpdir(), 'pty-'))
  const generation = randomBytes(8).toString('hex')
  const logFile = join(dir, 'tui.log')
  const tombstoneFile = join(dir, 'tombstones')
  const settings = await startHolder({
    holder: holderMain(tombstoneFile),
    runDir: join(dir, 'run'),
    session: 'build',
    generation,
    command,
    cwd: dir,
    env: { ...process.env, FAKE_TUI_LOG: logFile, ...wanted.env },
    size: { columns: 80, rows: 24 },
    ...(wanted.multiline && { multiline: wanted.multiline }),
  }).catch((thrown: unknown) => {
    rmSync(dir, { recursive: true, force: true })
    throw thrown
  })
  const session: Session = {
    id: 'build' as SessionId,
    generation,
    driver: 'pty',
    settings,
    state: 'live',
    openedAt: 0,
  }
  const tools = { runDir: join(dir, 'run'), now: Date.now, remember: async () => {}, log: () => {} }
  const connect = () => ptyDriver({ env: process.env, skillDirs: () => [] }).connect(session, tools)
  const connection = connect()
  return {
    dir,
    session,
    settings,
    connection,
    connect,
    log: () => jsonLines(logFile) as { ev: string; text: string }[],
    file: (name) => readOr(join(dir, name)),
    tombstones: () => jsonLines(tombstoneFile),
    inject: (text, id = randomBytes(12).toString('hex')) =>
      connection.inject({ deliveryId: deliveryId(id), text }, AbortSignal.timeout(30_000)),
    holderRuns: () => isRunning({ pid: settings.holderPid, start: settings.holderStart }),
    stop: async () => {
      await connection.end()
      await connection.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

export const deliveryId = (name: string): DeliveryId =>
  `whd_${name.slice(0, 24).padEnd(24, '0')}` as DeliveryId

const readOr = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')

const jsonLines = (path: string): Record<string, unknown>[] =>
  readOr(path)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

/** Waits for a condition that nothing announces. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** As the core does: held while it is busy. */
export async function untilFree(held: Held, text: string, id?: string): Promise<Outcome> {
  const deadline = Date.now() + 25_000
  for (;;) {
    const outcome = await held.inject(text, id)
    if (outcome.kind !== 'busy' || Date.now() > deadline) return outcome
  }
}
