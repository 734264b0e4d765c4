import { isAbsolute, join, resolve } from 'node:path'
import type { ProcessIdentity } from '../../domain/driver.ts'
import { Failure } from '../../domain/error.ts'
import type { DriverSettings } from '../../domain/session.ts'
import { environmentOf } from '../process/files.ts'
import { type LiveEntry, liveEntries } from './registry.ts'

/** One running Claude Code. A pid is used again, a pid together with its start is not. */
export interface ClaudeSettings {
  /** Absolute. Where it keeps its sessions and transcripts. */
  readonly configDir: string
  readonly process: ProcessIdentity
  /**
   * The conversation at the time it was registered; `/clear` and `/resume` begin or open others in the same
   * process.
   */
  readonly sessionId: string
  readonly cwd: string
  /**
   * Whose successor counts as the same session: that of a Claude Code in the same folder, or one that goes on with the
   * conversation. Without it the session ends with its process.
   */
  readonly follow?: Follow
}

type Follow = 'folder' | 'conversation'

type Env = Readonly<Record<string, string | undefined>>

export const configDirOf = (env: Env, userHome: string): string =>
  env.CLAUDE_CONFIG_DIR || join(env.HOME || userHome, '.claude')

/** Finds the session that a person means. Throws `usage` naming what is wrong, and what there is to choose from. */
export async function findClaude(
  settings: DriverSettings,
  cwd: string,
  standard: string,
): Promise<ClaudeSettings> {
  for (const name of Object.keys(settings)) if (!known.includes(name)) throw usage(`has no setting "${name}"`)
  const { pid } = settings
  if (pid !== undefined && !isPid(pid)) throw usage('needs pid as a number')
  const sessionId = textOf(settings.sessionId, 'sessionId')
  const given = textOf(settings.configDir, 'configDir')
  const configDir = given === undefined ? await dirOf(pid, standard) : resolve(cwd, given)
  const live = await liveEntries(configDir)
  if (pid === undefined && sessionId === undefined) {
    const place = resolve(cwd, textOf(settings.cwd, 'cwd') ?? '')
    const here = live.filter((entry) => entry.cwd === place)
    const fits = here.length > 0 || settings.cwd !== undefined ? here : live
    return { ...settingsOf(configDir, only(fits, live, configDir)), follow: 'folder' }
  }
  const fits = live.filter(
    (entry) =>
      (pid === undefined || entry.pid === pid) && (!sessionId || entry.sessionId.startsWith(sessionId)),
  )
  const found = settingsOf(configDir, only(fits, live, configDir))
  return pid === undefined ? { ...found, follow: 'conversation' } : found
}

/** The Claude Code that was opened in the place of one that ended; a text says why there is none. */
export async function successorOf(settings: ClaudeSettings): Promise<ClaudeSettings | string> {
  const { configDir, follow, cwd, sessionId } = settings
  const live = (await liveEntries(configDir)).filter(({ socket }) => socket !== undefined)
  const fits = live.filter((entry) =>
    follow === 'folder' ? entry.cwd === cwd : entry.sessionId === sessionId,
  )
  const [one, another] = fits
  const what = follow === 'folder' ? `in ${cwd}` : `with the conversation ${sessionId}`
  if (!one) return `no Claude Code is open ${what} any more; open it again, and it gets what waits`
  if (another) return `several are open ${what}; add the session again with --set pid=${one.pid} or another`
  return { ...settings, process: one.process, sessionId: one.sessionId, cwd: one.cwd }
}

/** A Claude Code of another user, or one with a home of its own, keeps its sessions elsewhere. */
async function dirOf(pid: number | undefined, standard: string): Promise<string> {
  const env = pid === undefined ? {} : await environmentOf(pid)
  return env.CLAUDE_CONFIG_DIR || env.HOME ? configDirOf(env, '/') : standard
}

const known: readonly string[] = ['pid', 'sessionId', 'configDir', 'cwd']

function settingsOf(configDir: string, { process, sessionId, cwd, socket, pid }: LiveEntry): ClaudeSettings {
  if (socket === undefined)
    throw usage(`finds no inbox in Claude Code with pid ${pid}: it must be 2.1.224 or later`)
  return { configDir, process, sessionId, cwd }
}

function only(fits: readonly LiveEntry[], live: readonly LiveEntry[], configDir: string): LiveEntry {
  const [one, another] = fits
  if (one && !another) return one
  if (live.length === 0) throw usage(`finds no Claude Code that is open under ${configDir}`)
  const list = live.map(({ pid, sessionId, cwd }) => `pid=${pid} (sessionId=${sessionId}, in ${cwd})`)
  throw usage(`needs one of these, by --set: ${list.join('; ')}`)
}

const usage = (what: string): Failure => new Failure('usage', `The claude driver ${what}.`)

const isPid = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0

function textOf(value: unknown, name: string): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw usage(`needs ${name} as a text`)
}

/** Settings as `findClaude` made them. */
export function parseClaude(settings: DriverSettings): ClaudeSettings {
  const { configDir, process, sessionId, cwd, follow } = settings
  if (typeof configDir !== 'string' || !isAbsolute(configDir) || !isIdentity(process))
    throw usage('cannot read its settings: register the session anew')
  return {
    configDir,
    process,
    sessionId: typeof sessionId === 'string' ? sessionId : '',
    cwd: typeof cwd === 'string' ? cwd : '/',
    ...((follow === 'folder' || follow === 'conversation') && { follow }),
  }
}

const isIdentity = (value: unknown): value is ProcessIdentity =>
  typeof value === 'object' &&
  value !== null &&
  'pid' in value &&
  isPid(value.pid) &&
  'start' in value &&
  typeof value.start === 'string'
