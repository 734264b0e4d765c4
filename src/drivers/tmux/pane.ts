import { randomBytes } from 'node:crypto'
import { readStyledRows, type StyledRow } from '../terminal/styled-rows.ts'
import { type Gone, shownIdleMs } from '../terminal/surface.ts'
import type { CallResult, Tmux } from './call.ts'
import type { PaneIdentity } from './settings.ts'

/** A pane as tmux shows it at one moment. */
export interface PaneView {
  readonly kind: 'view'
  /** As drawn. */
  readonly rows: readonly StyledRow[]
  /** Wrapped lines joined. No history: what a program redraws piles up there. */
  readonly lines: readonly string[]
  /** Where the cursor stands, for comparison. */
  readonly cursor: string
  readonly cursorRow: number
  readonly cursorColumn: number
  readonly cursorShown: boolean
  /** Mode 2004; undefined before tmux 3.7, which does not show it. */
  readonly bracketedPaste: boolean | undefined
  readonly tty: string
  /** When anything was last drawn in its window, in Unix milliseconds: at the latest then, because tmux counts whole seconds. NaN where it is not noted. */
  readonly drawnBy: number
  /** This tmux can look for a pattern in the pane itself (from 3.1 on). */
  readonly searches: boolean
  /** Name of the program in front. */
  readonly program: string
  /** When somebody who is attached last pressed a key that may have gone to this pane: Unix seconds. */
  readonly keyAt?: number
}

/** What the pane shows, or why it is not that pane any more. */
export async function lookAt(tmux: Tmux, pane: PaneIdentity): Promise<PaneView | Gone> {
  const mark = `postern-${randomBytes(8).toString('hex')}`
  const result = await tmux([
    ...['display-message', '-p', '-t', pane.paneId, formatOf(factNames), ';'],
    ...['capture-pane', '-p', '-e', '-t', pane.paneId, ';'],
    ...['display-message', '-p', mark, ';'],
    ...['capture-pane', '-p', '-J', '-t', pane.paneId],
  ])
  if (result.kind !== 'ok' && result.kind !== 'refused') return unreached(result)
  const facts = parseFacts(factNames, result.stdout)
  const gone = facts && goneFrom(facts, pane)
  if (gone) return gone
  if (!facts || result.kind !== 'ok') return { kind: 'offline', why: 'tmux does not show the pane' }
  const [shown = '', joined = ''] = result.stdout.slice(result.stdout.indexOf('\n') + 1).split(`${mark}\n`)
  return {
    kind: 'view',
    rows: readStyledRows(shown),
    lines: joined.split('\n').map((line) => line.trimEnd()),
    cursor: `${facts.cursor_x},${facts.cursor_y}`,
    cursorRow: Number(facts.cursor_y),
    cursorColumn: Number(facts.cursor_x),
    cursorShown: facts.cursor_flag !== '0',
    bracketedPaste: facts.bracket_paste_flag === '' ? undefined : facts.bracket_paste_flag === '1',
    tty: facts.pane_tty,
    drawnBy: (Number(facts.window_activity || Number.NaN) + 1) * 1000,
    searches: !(Number.parseFloat(facts.version.replace(/^\D+/, '')) < firstSearching),
    program: facts.pane_current_command,
    ...(takesKeys(facts) && { keyAt: Number(facts.session_activity) }),
  }
}

const firstSearching = 3.1

/**
 * By tmux's own note a pane is known to be quiet that was not looked at. The note is in the time of the wall clock, which may
 * jump: it counts once looks agree for so long that the screen is shown as idle.
 */
export const quietFor = (seenMs: number, notedMs: number): number =>
  seenMs >= shownIdleMs && notedMs > seenMs ? notedMs : seenMs

/** Keys go to the active pane of the active window, and tmux tells of them before the program shows them. */
const takesKeys = ({ session_activity, session_attached, window_active, pane_active }: Facts): boolean =>
  session_activity !== '' && Number(session_attached) > 0 && window_active === '1' && pane_active === '1'

/** Why tmux could not be asked. A tmux server may come back; this pane will not. */
export function unreached(result: Exclude<CallResult, { kind: 'ok' | 'refused' }>): Gone {
  if (result.kind === 'no_tmux') return { kind: 'offline', why: 'tmux is not installed' }
  return { kind: 'offline', why: result.kind === 'silent' ? result.why : 'its tmux server is not running' }
}

/** By which `goneFrom` knows the pane. */
export const identityNames = [
  'pid',
  'start_time',
  'pane_id',
  'pane_pid',
  'pane_dead',
  'pane_dead_status',
  'pane_input_off',
  'pane_synchronized',
] as const

const factNames = [
  ...identityNames,
  'cursor_x',
  'cursor_y',
  'cursor_flag',
  'bracket_paste_flag',
  'pane_tty',
  'window_activity',
  'version',
  'pane_current_command',
  'session_activity',
  'session_attached',
  'window_active',
  'pane_active',
] as const

export const formatOf = (names: readonly string[]): string => names.map((name) => `#{${name}}`).join('|')

export type FactsOf<Name extends string> = Readonly<Record<Name, string>>
type Facts = FactsOf<(typeof factNames)[number]>

/** What the first line says, in the format of these names; undefined when it says less. */
export function parseFacts<Name extends string>(
  names: readonly Name[],
  stdout: string,
): FactsOf<Name> | undefined {
  const fields = stdout.slice(0, Math.max(0, stdout.indexOf('\n'))).split('|')
  if (fields.length < names.length) return undefined
  return Object.fromEntries(names.map((name, index) => [name, fields[index] ?? ''])) as FactsOf<Name>
}

export function goneFrom(
  facts: FactsOf<(typeof identityNames)[number]>,
  pane: PaneIdentity,
): Gone | undefined {
  if (facts.pid !== String(pane.serverPid) || facts.start_time !== String(pane.serverStart))
    return { kind: 'ended', why: 'its tmux server ended; another one runs now' }
  if (facts.pane_id !== pane.paneId) return { kind: 'ended', why: 'its pane was closed' }
  if (facts.pane_pid !== String(pane.panePid))
    return { kind: 'ended', why: 'another program was started in its pane' }
  if (facts.pane_dead === '1') return endedWith(facts.pane_dead_status)
  if (facts.pane_input_off === '1') return { kind: 'offline', why: 'input to its pane is switched off' }
  // Enter would reach every pane of the window.
  if (facts.pane_synchronized === '1') return { kind: 'offline', why: 'its pane is synchronized with others' }
  return undefined
}

const endedWith = (status: string): Gone => ({
  kind: 'ended',
  ...(status !== '' && { exitCode: Number(status) }),
  why: 'its program ended',
})

/**
 * A condition tmux itself checks in the moment it acts: the very pane, alive, and alone. Pasting into a dead pane ends
 * the whole server up to tmux 3.3a.
 */
export const guardOf = ({ serverPid, serverStart, panePid }: PaneIdentity): string =>
  [
    `#{==:#{pid},${serverPid}}`,
    `#{==:#{start_time},${serverStart}}`,
    `#{==:#{pane_pid},${panePid}}`,
    '#{?pane_dead,0,1}',
    '#{?pane_input_off,0,1}',
    '#{?pane_synchronized,0,1}',
  ].reduceRight((rest, one) => (rest === '' ? one : `#{&&:${one},${rest}}`), '')
