import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeliveryId } from '../../domain/delivery.ts'
import type { Session } from '../../domain/session.ts'
import { endGroup, groupMembers, identify, isRunning, type ProcessIdentity } from '../process/process.ts'

/** What one opening of a session runs and has taken, on disk, for whoever comes after a crash. */
export interface AgentRecord {
  /** Notes the agent's process, and ours as its owner. `mark` is the value of `POSTERN_AGENT` in its environment. */
  started(pid: number, mark: string): Promise<void>
  /** Notes the delivery that the agent is given or has begun, or with undefined that none is under way. */
  took(delivery: Taken | undefined): Promise<void>
  /** What an owner that is gone had under way. */
  left(): Promise<Taken | undefined>
  /** Ends a process whose owner is gone. */
  sweep(): Promise<void>
  /** Ends the process whoever owns it, and forgets all. */
  end(): Promise<void>
}

export interface Taken {
  readonly deliveryId: DeliveryId
  readonly turn: boolean
  /** It was given to the agent, which had not reacted yet. */
  readonly given?: boolean
}

interface Noted {
  readonly owner?: ProcessIdentity
  readonly agent?: ProcessIdentity & { readonly mark: string }
  readonly taken?: Taken
}

const killGraceMs = 1000

export function openRecord(
  runDir: string,
  kind: string,
  session: Pick<Session, 'id' | 'generation'>,
): AgentRecord {
  const path = join(runDir, `${kind}-${session.id}-${session.generation}.json`)
  let writing = Promise.resolve()
  const change = (how: (noted: Noted) => Promise<Noted>) => {
    const changed = writing.then(async () => writeWhole(runDir, path, await how(await read(path))))
    writing = changed.catch(() => {})
    return changed
  }
  return {
    started: (pid, mark) => change((noted) => startedBy(noted, pid, mark)),
    took: (taken) => change(async ({ taken: _before, ...noted }) => ({ ...noted, ...(taken && { taken }) })),
    left: async () => {
      await writing
      return (await forsaken(path)).taken
    },
    sweep: async () => {
      await writing
      const { agent } = await forsaken(path)
      if (agent) await endAgent(agent)
    },
    end: async () => {
      await writing
      const { agent } = await read(path)
      if (agent) await endAgent(agent)
      await rm(path, { force: true })
    },
  }
}

async function startedBy({ taken }: Noted, pid: number, mark: string): Promise<Noted> {
  const [owner, agent] = await Promise.all([identify(process.pid), identify(pid)])
  return { ...(owner && { owner }), ...(agent && { agent: { ...agent, mark } }), ...(taken && { taken }) }
}

/** Nothing while the owner runs: then it is the owner's affair. */
async function forsaken(path: string): Promise<Noted> {
  const noted = await read(path)
  return noted.owner && (await isRunning(noted.owner)) ? {} : noted
}

/** The process itself, or children it left in its group: those carry the mark in their environment. */
async function endAgent(agent: ProcessIdentity & { readonly mark: string }): Promise<void> {
  if (await isRunning(agent)) return endGroup(agent.pid, killGraceMs)
  if (await identify(agent.pid)) return
  const left = await Promise.all((await groupMembers(agent.pid)).map((pid) => carries(agent.mark, pid)))
  if (left.includes(true)) await endGroup(agent.pid, killGraceMs)
}

async function carries(mark: string, pid: number): Promise<boolean> {
  try {
    const environ = await readFile(`/proc/${pid}/environ`, 'utf8')
    return environ.split('\0').includes(`POSTERN_AGENT=${mark}`)
  } catch {
    return false
  }
}

/** Renamed into place: a crash leaves the old record or the new one, never half of it. */
async function writeWhole(runDir: string, path: string, noted: Noted): Promise<void> {
  await mkdir(runDir, { recursive: true, mode: 0o700 })
  await writeFile(`${path}.new`, JSON.stringify(noted), { mode: 0o600 })
  await chmod(`${path}.new`, 0o600)
  await rename(`${path}.new`, path)
}

async function read(path: string): Promise<Noted> {
  try {
    return parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return {}
  }
}

function parse(value: unknown): Noted {
  const { owner, agent, taken } = value as { owner?: unknown; agent?: unknown; taken?: unknown }
  return {
    ...(isIdentity(owner) && { owner }),
    ...(isIdentity(agent) &&
      'mark' in agent &&
      typeof agent.mark === 'string' && { agent: { ...agent, mark: agent.mark } }),
    ...(isTaken(taken) && { taken }),
  }
}

const isIdentity = (value: unknown): value is ProcessIdentity =>
  typeof value === 'object' &&
  value !== null &&
  'pid' in value &&
  typeof value.pid === 'number' &&
  'start' in value &&
  typeof value.start === 'string'

const isTaken = (value: unknown): value is Taken =>
  typeof value === 'object' &&
  value !== null &&
  'deliveryId' in value &&
  typeof value.deliveryId === 'string' &&
  'turn' in value &&
  typeof value.turn === 'boolean'
