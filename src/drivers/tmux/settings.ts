import { Failure } from '../../domain/error.ts'
import type { DriverSettings } from '../../domain/session.ts'
import { type AgentKind, isAgentKind } from '../agents/kinds.ts'
import type { Multiline } from '../terminal/keystrokes.ts'
import type { CallResult, Tmux } from './call.ts'

/** One pane for good. Names match by prefix and pane ids are used again by the next server: these three are not. */
export interface PaneIdentity {
  /** Absolute path of the server's socket. */
  readonly socket: string
  readonly serverPid: number
  /** When that server started, in Unix seconds: after a reboot its pid may be another server's. */
  readonly serverStart: number
  /** Such as `%5`. */
  readonly paneId: string
  /** The first process in the pane. */
  readonly panePid: number
}

/** What a person may set. */
interface GivenSettings {
  readonly target: string
  /** A path (`tmux -S`) or a name (`tmux -L`). */
  readonly socket?: string
  /** Which agent runs there, when its program's name does not show it. */
  readonly agent?: AgentKind
  readonly multiline: Multiline
}

/** `target` stays as it was given, for people. */
export interface TmuxSettings extends PaneIdentity, Omit<GivenSettings, 'socket'> {
  /** Where its skills are looked up. */
  readonly cwd: string
}

export function parseGiven(settings: DriverSettings): GivenSettings {
  const { target, socket, agent, multiline = 'flatten' } = settings
  for (const name of Object.keys(settings)) if (!known.includes(name)) throw usage(`has no setting "${name}"`)
  if (!isText(target)) throw usage('needs a target, for example: --driver tmux --target %5')
  if (socket !== undefined && !isText(socket)) throw usage('needs socket as a path or a name')
  if (agent !== undefined && !isAgentKind(agent)) throw usage('knows no such agent')
  if (!isMultiline(multiline)) throw usage('needs multiline as flatten, refuse or paste')
  return { target, ...(socket !== undefined && { socket }), ...(agent && { agent }), multiline }
}

/** Given again, settings that are complete are found out anew. */
const known: readonly string[] = [
  ...['target', 'socket', 'agent', 'multiline'],
  ...['serverPid', 'serverStart', 'paneId', 'panePid', 'cwd'],
]

const usage = (what: string): Failure => new Failure('usage', `The tmux driver ${what}.`)

const isText = (value: unknown): value is string => typeof value === 'string' && /^[^\0-\x1f]+$/.test(value)

const isMultiline = (value: unknown): value is Multiline =>
  value === 'flatten' || value === 'refuse' || value === 'paste'

/** Options of tmux that choose the server: as given, else the one this shell runs in, else the default one. */
export function serverOptions(
  socket: string | undefined,
  tmuxVariable: string | undefined,
): readonly string[] {
  const path = socket ?? tmuxVariable?.replace(/,[^,]*,[^,]*$/, '')
  if (!path) return []
  return path.includes('/') ? ['-S', path] : ['-L', path]
}

const identityFormat =
  '#{pid}|#{start_time}|#{pane_id}|#{pane_pid}|#{pane_dead}|#{socket_path}|#{pane_current_path}'

/** Finds the one pane a target means, without tmux's guessing. Throws `usage` when there is none. */
export async function identifyPane(tmux: Tmux, given: GivenSettings): Promise<TmuxSettings> {
  const { target, agent, multiline } = given
  const exact = exactTarget(target)
  // display-message takes another pane when it does not find this one; capture-pane refuses.
  const result = await tmux([
    ...['capture-pane', '-p', '-S', '0', '-E', '0', '-t', exact, ';'],
    ...['display-message', '-p', '-t', exact, identityFormat],
  ])
  if (result.kind !== 'ok') throw usage(troubleWith(result, target))
  const [pid, start, paneId, panePid, dead, socket, ...cwd] = result.stdout
    .trimEnd()
    .replace(/^[^\n]*\n/, '')
    .split('|')
  if (!paneId || !socket) throw usage(`finds no pane ${target}; tmux list-panes -a shows them all`)
  if (dead === '1') throw usage(`finds no program in pane ${target} any more`)
  return {
    target,
    socket,
    serverPid: Number(pid),
    serverStart: Number(start),
    paneId,
    panePid: Number(panePid),
    cwd: cwd.join('|') || '/',
    ...(agent && { agent }),
    multiline,
  }
}

/** tmux takes a name for the beginning of a longer one, unless `=` stands before it. */
function exactTarget(target: string): string {
  if (/^%\d+$/.test(target)) return target
  const [session = '', ...rest] = target.split(':')
  const window = rest.join(':')
  return `${exactName(session)}:${window === '' ? '' : exactName(window)}`
}

const exactName = (name: string): string => (/^(?:[=$@].*)?$/.test(name) ? name : `=${name}`)

function troubleWith(result: Exclude<CallResult, { kind: 'ok' }>, target: string): string {
  if (result.kind === 'no_tmux') return 'needs tmux, which is not installed'
  if (result.kind === 'no_server') return 'finds no tmux server; perhaps another socket is meant (--socket)'
  return result.kind === 'silent'
    ? 'gets no answer from tmux'
    : `finds no pane ${target}; tmux list-panes -a shows them all`
}

/** Settings as `identifyPane` made them. Throws `config_invalid` for others. */
export function parseSettings(settings: DriverSettings): TmuxSettings {
  const { socket, serverPid, serverStart, paneId, panePid, cwd } = settings
  const given = parseGiven(settings)
  if (
    !isText(socket) ||
    !isCount(serverPid) ||
    !isCount(serverStart) ||
    !isText(paneId) ||
    !/^%\d+$/.test(paneId) ||
    !isCount(panePid) ||
    typeof cwd !== 'string'
  )
    throw new Failure('config_invalid', 'The settings of this tmux session are incomplete; add it again.')
  return { ...given, socket, serverPid, serverStart, paneId, panePid, cwd }
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0
