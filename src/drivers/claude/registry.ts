import { join } from 'node:path'
import type { ProcessIdentity } from '../../domain/driver.ts'
import { isObject, parseJson, textAt } from '../json.ts'
import { namesIn, textOf } from '../process/files.ts'
import { identify, isRunning } from '../process/process.ts'

/** What a running Claude Code writes to `sessions/<pid>.json` of its configuration directory (seen in 2.1.332). */
export interface Entry {
  readonly pid: number
  readonly sessionId: string
  readonly cwd: string
  /** `interactive` for those that a person has open. */
  readonly kind: string
  readonly status: string
  /** What it waits for while its status is `waiting`, for example `permission prompt`. */
  readonly waitingFor?: string
  /** Unix milliseconds. */
  readonly statusAt: number
  /** Its inbox, a Unix socket. */
  readonly socket?: string
}

export interface LiveEntry extends Entry {
  readonly process: ProcessIdentity
}

const folderOf = (configDir: string): string => join(configDir, 'sessions')

/** The entry of one process; undefined when there is none, or it is being written just now. */
export async function readEntry(configDir: string, pid: number): Promise<Entry | undefined> {
  const entry = parse(await textOf(join(folderOf(configDir), `${pid}.json`)))
  return entry?.pid === pid ? entry : undefined
}

/** Every session that a person has open now. What a crash left behind names no process, or another one. */
export async function liveEntries(configDir: string): Promise<readonly LiveEntry[]> {
  const pids = (await namesIn(folderOf(configDir))).flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
  const entries = await Promise.all(pids.map((pid) => liveEntry(configDir, Number(pid))))
  return entries.filter((entry) => entry?.kind === 'interactive').filter((entry) => entry !== undefined)
}

async function liveEntry(configDir: string, pid: number): Promise<LiveEntry | undefined> {
  const process = await identify(pid)
  const entry = process && (await readEntry(configDir, pid))
  return process && entry && (await isRunning(process)) ? { ...entry, process } : undefined
}

/** The token that lets a message into its inbox; undefined where it wants none. */
export async function inboxToken(configDir: string, pid: number): Promise<string | undefined> {
  const names = await namesIn(folderOf(configDir))
  const name = names.find((candidate) => candidate.startsWith(`${pid}.`) && candidate.endsWith('.key'))
  return name === undefined
    ? undefined
    : textAt(parseJson(await textOf(join(folderOf(configDir), name))), 'peerToken')
}

function parse(text: string): Entry | undefined {
  const value = parseJson(text)
  const [sessionId, cwd, status] = [textAt(value, 'sessionId'), textAt(value, 'cwd'), textAt(value, 'status')]
  if (!isObject(value) || sessionId === undefined || cwd === undefined) return undefined
  const { pid, statusUpdatedAt, updatedAt } = value
  const statusAt = typeof statusUpdatedAt === 'number' ? statusUpdatedAt : updatedAt
  const [waitingFor, socket] = [textAt(value, 'waitingFor'), textAt(value, 'messagingSocketPath')]
  return {
    pid: typeof pid === 'number' ? pid : 0,
    sessionId,
    cwd,
    kind: textAt(value, 'kind') ?? '',
    status: status ?? '',
    statusAt: typeof statusAt === 'number' ? statusAt : 0,
    ...(waitingFor !== undefined && { waitingFor }),
    ...(socket !== undefined && { socket }),
  }
}
