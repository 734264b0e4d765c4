import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import type { LineMode } from '../../platform/platform.ts'
import { pause } from '../../wait.ts'
import { foregroundOf } from '../agents/foreground.ts'
import { agentRunBy, isAgentKind } from '../agents/kinds.ts'
import { toolEnv } from '../process/environment.ts'
import { inputOn } from '../terminal/input-box.ts'
import type { Screen } from '../terminal/screen.ts'
import type { Gone, NotTyped, Surface } from '../terminal/surface.ts'
import type { Tmux } from './call.ts'
import { guardOf, lookAt, type PaneView, quietFor, unreached } from './pane.ts'
import type { TmuxSettings } from './settings.ts'
import { stillShows } from './still-shows.ts'

/** What successive looks taught about the pane. */
interface PaneState {
  readonly tmux: Tmux
  readonly pane: TmuxSettings
  shown: string
  changedAt: number
  lookedAt: number
  /** The device of the pane, once it is known. */
  tty: string | undefined
  /** Whether what is in front is an agent that is known, as found out for a program's name. */
  front: { readonly program: string; readonly isAgent: boolean; readonly at: number } | undefined
}

/**
 * A tmux pane as the typing procedure needs it. tmux reports no changes: a pane that is not looked at is not known
 * to be quiet.
 */
export function openPane(tmux: Tmux, pane: TmuxSettings): Surface {
  const state: PaneState = {
    ...{ tmux, pane, shown: '', changedAt: 0, lookedAt: 0 },
    ...{ tty: undefined, front: undefined },
  }
  const look = () => lookOnce(state)
  return {
    look,
    put: (text, onto) => put(state, text, onto),
    press: (keys, onto) => press(state, keys, onto),
    now: () => performance.now(),
    pause: (ms, signal) => pauseLooking(ms, signal, look),
  }
}

/** Between two looks further apart than this, something may have moved and come back. */
const longestGapMs = 700
const lookEveryMs = 300

async function lookOnce(state: PaneState): Promise<Screen | Gone> {
  const [view, known] = await Promise.all([
    lookAt(state.tmux, state.pane),
    state.tty === undefined ? undefined : lineMode(state.tty),
  ])
  if (view.kind !== 'view') return view
  const mode = state.tty === view.tty ? known : await lineMode(view.tty)
  state.tty = view.tty
  note(state, `${view.cursor}\n${view.lines.join('\n')}`)
  const edits = state.pane.agent !== undefined || (await isAgentInFront(state, view.program))
  return {
    kind: 'screen',
    lines: view.lines,
    cursor: view.cursor,
    cursorRow: view.rows[view.cursorRow]?.text ?? '',
    bracketedPaste: takesPaste(view, edits, mode?.cooked),
    edits,
    cooked: mode?.cooked,
    echo: mode?.echo,
    quietMs: Math.min(quietFor(state.lookedAt - state.changedAt, Date.now() - view.drawnBy), sinceKey(view)),
    draft: false,
    input: inputOn(view),
    still: stillShows(view),
  }
}

/** So long at least: a key may not be drawn yet. A time that is not over yet is that of a clock before it was set back. */
function sinceKey({ keyAt }: PaneView): number {
  const over = keyAt === undefined ? -1 : Date.now() - keyAt * 1000
  return over < 0 ? Number.POSITIVE_INFINITY : Math.max(0, over - 1000)
}

const sttyMs = 1000

/** How a terminal handles its input now; undefined when it cannot be asked. */
function lineMode(tty: string): Promise<LineMode | undefined> {
  const device = process.platform === 'linux' ? '-F' : '-f'
  const options = { timeout: sttyMs, killSignal: 'SIGKILL', env: toolEnv() } as const
  return new Promise((resolve) => {
    execFile('stty', [device, tty, '-a'], options, (error, stdout) => {
      const has = (flag: string) => new RegExp(`(?:^|\\s)${flag}(?:;|\\s|$)`).test(stdout)
      resolve(error ? undefined : { cooked: has('icanon'), echo: has('echo') })
    })
  })
}

function note(state: PaneState, shown: string): void {
  const now = performance.now()
  if (shown !== state.shown || now - state.lookedAt > longestGapMs) state.changedAt = now
  state.shown = shown
  state.lookedAt = now
}

/** tmux 3.7 shows it; before, a program in line mode certainly takes no paste, and the known agents all do. */
function takesPaste(view: PaneView, isAgent: boolean, cooked: boolean | undefined): boolean | undefined {
  if (view.bracketedPaste !== undefined) return view.bracketedPaste
  if (cooked) return false
  return isAgent ? true : undefined
}

const frontMs = 3000

/** tmux names a script by its interpreter; the command line shows more. */
async function isAgentInFront(state: PaneState, program: string): Promise<boolean> {
  if (isAgentKind(program)) return true
  const now = performance.now()
  if (state.front?.program !== program || now - state.front.at > frontMs) {
    const command = (await foregroundOf(state.pane.panePid)) ?? []
    state.front = { program, isAgent: agentRunBy(command) !== undefined, at: now }
  }
  return state.front.isAgent
}

const acted = 'postern-acted'

/** Pastes through a buffer of its own, which is gone afterwards in every case. */
async function put(state: PaneState, text: string, onto: Screen): Promise<NotTyped | undefined> {
  const buffer = `postern-${randomBytes(8).toString('hex')}`
  const { paneId } = state.pane
  // In copy mode keys would go to tmux instead of the program.
  const paste = `copy-mode -q -t ${paneId} ; paste-buffer -p -r -d -b ${buffer} -t ${paneId}`
  return act(state, ['load-buffer', '-b', buffer, '-', ';'], paste, `delete-buffer -b ${buffer}`, onto, text)
}

const namedKeys: Readonly<Record<string, string>> = { '\r': 'Enter', '\x15': 'C-u' }

async function press(state: PaneState, keys: string, onto: Screen): Promise<NotTyped | undefined> {
  const { paneId } = state.pane
  const send = `send-keys -t ${paneId} ${namedKeys[keys] ?? `-H ${hexOf(keys)}`}`
  return act(state, [], `copy-mode -q -t ${paneId} ; ${send}`, 'display-message -p no', onto)
}

const hexOf = (keys: string): string =>
  [...new TextEncoder().encode(keys)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')

/**
 * Acts if the server finds the pane unchanged, and still showing `onto`, in the moment of acting; else returns why not.
 * After silence tmux may have acted: the next look shows it.
 */
async function act(
  state: PaneState,
  before: readonly string[],
  then: string,
  otherwise: string,
  { still = '1' }: Screen,
  input?: string,
): Promise<NotTyped | undefined> {
  const { tmux, pane } = state
  const guarded = ['if-shell', '-F', '-t', pane.paneId, `#{&&:${guardOf(pane)},${still}}`]
  const result = await tmux(
    [...before, ...guarded, `${then} ; display-message -p ${acted}`, otherwise],
    input,
  )
  if (result.kind === 'silent') return undefined
  if (result.kind === 'ok' && result.stdout.includes(acted)) return undefined
  if (result.kind !== 'ok' && result.kind !== 'refused') return unreached(result)
  const view = await lookAt(tmux, pane)
  return view.kind === 'view' ? { kind: 'changed' } : view
}

/** Keeps looking meanwhile, so that movement is not missed. */
async function pauseLooking(
  ms: number,
  signal: AbortSignal | undefined,
  look: () => Promise<unknown>,
): Promise<void> {
  const end = performance.now() + ms
  for (let left = ms; left > 0 && !signal?.aborted; left = end - performance.now()) {
    await pause(Math.min(left, lookEveryMs), signal)
    if (ms > lookEveryMs) await look()
  }
}
