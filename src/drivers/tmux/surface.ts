import { randomBytes } from 'node:crypto'
import { pause } from '../../wait.ts'
import { foregroundOf } from '../agents/foreground.ts'
import { agentRunBy } from '../agents/installed.ts'
import { isAgentKind } from '../agents/skills.ts'
import { boxInk, inputOn, isForeign } from '../terminal/input-box.ts'
import type { Screen } from '../terminal/screen.ts'
import type { Gone, Surface } from '../terminal/surface.ts'
import type { Tmux } from './call.ts'
import { guardOf, lookAt, type Sight, unreached } from './pane.ts'
import type { TmuxSettings } from './settings.ts'
import { lineMode } from './tty.ts'

/** What successive looks taught about the pane. */
interface Watch {
  readonly tmux: Tmux
  readonly pane: TmuxSettings
  shown: string
  changedAt: number
  lookedAt: number
  /** What we typed, until the input box is empty again: not a person's draft. */
  ours: { readonly ink: string; entered: boolean } | undefined
  /** Whether what is in front is an agent that is known, as found out for a program's name. */
  front: { readonly program: string; readonly isAgent: boolean; readonly at: number } | undefined
}

/** A tmux pane as the typing procedure needs it. tmux tells of no change: what is not looked at is not known to be quiet. */
export function openPane(tmux: Tmux, pane: TmuxSettings): Surface {
  const watch: Watch = { tmux, pane, shown: '', changedAt: 0, lookedAt: 0, ours: undefined, front: undefined }
  const look = () => lookOnce(watch)
  return {
    look,
    put: (text) => put(watch, text),
    press: (keys) => press(watch, keys),
    now: () => performance.now(),
    pause: (ms, signal) => pauseLooking(ms, signal, look),
  }
}

/** Between two looks further apart than this, something may have moved and come back. */
const longestGapMs = 700
const lookEveryMs = 300

async function lookOnce(watch: Watch): Promise<Screen | Gone> {
  const sight = await lookAt(watch.tmux, watch.pane)
  if (sight.kind !== 'sight') return sight
  const mode = await lineMode(sight.tty)
  note(watch, `${sight.cursor}\n${sight.lines.join('\n')}`)
  return {
    kind: 'screen',
    lines: sight.lines,
    cursor: sight.cursor,
    cursorRow: sight.rows[sight.cursorRow]?.text ?? '',
    bracketedPaste: await takesPaste(watch, sight, mode?.cooked),
    cooked: mode?.cooked,
    echo: mode?.echo,
    quietMs: watch.lookedAt - watch.changedAt,
    draft: isDraft(watch, inputOn(sight)),
  }
}

function note(watch: Watch, shown: string): void {
  const now = performance.now()
  if (shown !== watch.shown || now - watch.lookedAt > longestGapMs) watch.changedAt = now
  watch.shown = shown
  watch.lookedAt = now
}

/** Told by tmux 3.7; before, a program in line mode certainly does not, and the known agents all do. */
async function takesPaste(
  watch: Watch,
  sight: Sight,
  cooked: boolean | undefined,
): Promise<boolean | undefined> {
  if (sight.bracketedPaste !== undefined) return sight.bracketedPaste
  if (cooked) return false
  return watch.pane.agent || (await isAgentInFront(watch, sight.program)) ? true : undefined
}

const frontMs = 3000

/** A script goes by the name of its interpreter; its command line tells more. */
async function isAgentInFront(watch: Watch, program: string): Promise<boolean> {
  if (isAgentKind(program)) return true
  const now = performance.now()
  if (watch.front?.program !== program || now - watch.front.at > frontMs) {
    const command = (await foregroundOf(watch.pane.panePid)) ?? []
    watch.front = { program, isAgent: agentRunBy(command) !== undefined, at: now }
  }
  return watch.front.isAgent
}

function isDraft(watch: Watch, input: string): boolean {
  if (input === '' && watch.ours?.entered) watch.ours = undefined
  return isForeign(watch.ours?.ink, input)
}

const acted = 'postern-acted'

/** Pastes through a buffer of its own, which is gone afterwards in every case. */
async function put(watch: Watch, text: string): Promise<Gone | undefined> {
  const buffer = `postern-${randomBytes(8).toString('hex')}`
  const { paneId } = watch.pane
  watch.ours = { ink: boxInk(text), entered: false }
  // In copy mode keys would go to tmux instead of the program.
  const paste = `copy-mode -q -t ${paneId} ; paste-buffer -p -r -d -b ${buffer} -t ${paneId}`
  return act(watch, ['load-buffer', '-b', buffer, '-', ';'], paste, `delete-buffer -b ${buffer}`, text)
}

const namedKeys: Readonly<Record<string, string>> = { '\r': 'Enter', '\x15': 'C-u' }

async function press(watch: Watch, keys: string): Promise<Gone | undefined> {
  const { paneId } = watch.pane
  if (watch.ours) watch.ours.entered = true
  const send = `send-keys -t ${paneId} ${namedKeys[keys] ?? `-H ${hexOf(keys)}`}`
  return act(watch, [], `copy-mode -q -t ${paneId} ; ${send}`, 'display-message -p no')
}

const hexOf = (keys: string): string =>
  [...new TextEncoder().encode(keys)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')

/** Acts if the server finds the pane as we know it; else tells why not. After silence it may have acted: looking tells. */
async function act(
  watch: Watch,
  before: readonly string[],
  then: string,
  otherwise: string,
  input?: string,
): Promise<Gone | undefined> {
  const { tmux, pane } = watch
  const guarded = [
    'if-shell',
    '-F',
    '-t',
    pane.paneId,
    guardOf(pane),
    `${then} ; display-message -p ${acted}`,
  ]
  const called = await tmux([...before, ...guarded, otherwise], input)
  if (called.kind === 'silent') return undefined
  if (called.kind === 'ok' && called.stdout.includes(acted)) return undefined
  if (called.kind !== 'ok' && called.kind !== 'refused') return unreached(called)
  const sight = await lookAt(tmux, pane)
  return sight.kind === 'sight' ? { kind: 'offline', why: 'tmux did not let it be typed' } : sight
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
