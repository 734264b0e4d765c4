import type { DriverTools, Readiness } from '../../domain/driver.ts'
import { reasonOf } from '../../domain/error.ts'
import type { Session } from '../../domain/session.ts'
import { pause } from '../../wait.ts'
import { type SkillPlace, skillPlace } from '../agents/skills.ts'
import { blockedBy } from '../blocked.ts'
import type { DriverDeps } from '../deps.ts'
import type { Journal } from '../journal.ts'
import { isRunning } from '../process/process.ts'
import { askedBy } from './asked.ts'
import type { Attempt } from './journal.ts'
import { type Entry, readEntry } from './registry.ts'
import { type ClaudeSettings, successorOf } from './settings.ts'

/** One opening of a session, and what goes on in it. */
export interface Opening {
  readonly deps: DriverDeps
  readonly session: Session
  readonly tools: DriverTools
  settings: ClaudeSettings
  readonly journal: Journal<Attempt>
  /** What was sent and not yet reported; at first what a server that is gone has left. */
  pending: Promise<Attempt | undefined>
  /** A message is on its way or its turn is followed. */
  busy: boolean
}

/** The registry's entry of this Claude Code and its inbox, or why there is none. */
export type Presence = { readonly kind: 'open'; readonly entry: Entry; readonly socket: string } | Gone

type Gone = Extract<Readiness, { kind: 'ended' | 'offline' }>

/** Of a session that follows no successor. */
export const hasEnded = 'Claude Code has ended; add the session again for another one'

const rewriteMs = 60

/** As `lookAtProcess`; a process that has ended gives way to its successor, where the session follows one. */
export async function look(opening: Opening): Promise<Presence> {
  const presence = await lookAtProcess(opening)
  if (presence.kind !== 'ended' || opening.settings.follow === undefined) return presence
  const next = await successorOf(opening.settings)
  if (typeof next === 'string') return { kind: 'offline', why: next }
  await rebind(opening, next)
  return lookAtProcess(opening)
}

async function rebind(opening: Opening, settings: ClaudeSettings): Promise<void> {
  opening.settings = settings
  const { tools, session } = opening
  const { process } = settings
  tools.log('info', 'claude.opened_again', { session: session.id, pid: process.pid })
  try {
    await tools.remember({ ...settings })
  } catch (thrown) {
    tools.log('warn', 'claude.remember_failed', { session: session.id, why: reasonOf(thrown) })
  }
}

export async function lookAtProcess({ settings: { configDir, process } }: Opening): Promise<Presence> {
  for (let looks = 0; ; looks++) {
    const entry = await readEntry(configDir, process.pid)
    // Asked after the entry was read: so it cannot be the entry of another process with that pid.
    if (!(await isRunning(process))) return { kind: 'ended', why: hasEnded }
    if (entry?.socket !== undefined) return { kind: 'open', entry, socket: entry.socket }
    // Claude Code may have been in the middle of writing the entry.
    if (looks === 2) return { kind: 'offline', why: 'Claude Code runs but its registry names no inbox' }
    await pause(rewriteMs)
  }
}

type Working = Extract<Readiness, { kind: 'idle' | 'busy' | 'blocked' }>

export async function readinessOf({ settings }: Opening, entry: Entry): Promise<Working> {
  const { status, statusAt: since } = entry
  if (status === 'idle') return { kind: 'idle' }
  if (status === 'waiting') return { ...blockedBy(await askedBy(settings.configDir, entry)), since }
  return { kind: 'busy', why: 'a turn runs', since }
}

/** Claude Code obeys no commands in a message from its inbox, so a skill is sent as its text. */
export const placeOf = ({ deps, settings }: Opening): SkillPlace => ({
  ...skillPlace(deps, 'claude', settings.cwd),
  calls: false,
  dirs: [`${settings.configDir}/skills`, ...deps.skillDirs()],
})
