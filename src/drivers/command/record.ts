import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Session } from '../../domain/session.ts'
import { endGroup, groupMembers, identify, isRunning, type ProcessIdentity } from '../process/process.ts'

/** What one opening of a session runs, on disk, so that whoever comes after a crash can put an end to it. */
export interface RunRecord {
  /** Notes a process that just started for a delivery. */
  write(deliveryId: string, pid: number): Promise<void>
  clear(): Promise<void>
  /** True while what was noted runs. */
  isRunning(): Promise<boolean>
  /** Ends what was noted, if it still runs and is still the same, and forgets it. Tells for which delivery it ran. */
  sweep(): Promise<string | undefined>
}

interface Noted extends ProcessIdentity {
  readonly deliveryId: string
}

const killGraceMs = 1000

export function openRecord(runDir: string, session: Pick<Session, 'id' | 'generation'>): RunRecord {
  const path = join(runDir, `command-${session.id}-${session.generation}.json`)
  const clear = () => rm(path, { force: true })
  return {
    write: async (deliveryId, pid) => {
      const identity = await identify(pid)
      if (identity) await writeWhole(runDir, path, { ...identity, deliveryId })
    },
    clear,
    isRunning: async () => {
      const noted = await read(path)
      return noted !== undefined && (await isLeft(noted))
    },
    sweep: async () => {
      const noted = await read(path)
      if (noted && (await isLeft(noted))) await endGroup(noted.pid, killGraceMs)
      if (noted) await clear()
      return noted?.deliveryId
    },
  }
}

/** Renamed into place: a crash leaves the old record or the new one, never half of it. */
async function writeWhole(runDir: string, path: string, noted: Noted): Promise<void> {
  await mkdir(runDir, { recursive: true, mode: 0o700 })
  await writeFile(`${path}.new`, JSON.stringify(noted), { mode: 0o600 })
  await chmod(`${path}.new`, 0o600)
  await rename(`${path}.new`, path)
}

async function read(path: string): Promise<Noted | undefined> {
  try {
    return parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}

function parse(value: unknown): Noted | undefined {
  const { pid, start, deliveryId } = value as Partial<Record<keyof Noted, unknown>>
  return typeof pid === 'number' && typeof start === 'string' && typeof deliveryId === 'string'
    ? { pid, start, deliveryId }
    : undefined
}

/** The process itself, or children it left in its group: those carry the delivery's id in their environment. */
async function isLeft(noted: Noted): Promise<boolean> {
  if (await isRunning(noted)) return true
  if (await identify(noted.pid)) return false
  const left = await Promise.all((await groupMembers(noted.pid)).map((pid) => isOf(noted.deliveryId, pid)))
  return left.includes(true)
}

async function isOf(deliveryId: string, pid: number): Promise<boolean> {
  try {
    const environ = await readFile(`/proc/${pid}/environ`, 'utf8')
    return environ.split('\0').includes(`POSTERN_DELIVERY_ID=${deliveryId}`)
  } catch {
    return false
  }
}
