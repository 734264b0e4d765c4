import { looksSame, type ScreenSnapshot } from '../../domain/screen-snapshot.ts'
import { pause } from '../../wait.ts'
import { type Headless, openHeadless } from '../terminal/headless.ts'
import { snapshotOf } from '../terminal/snapshot.ts'
import type { Gone } from '../terminal/surface.ts'
import type { CallResult, Tmux } from './call.ts'
import { type FactsOf, formatOf, goneFrom, identityNames, parseFacts, unreached } from './pane.ts'
import type { PaneIdentity } from './settings.ts'

interface WatchDeps {
  readonly tmux: Tmux
  readonly pane: PaneIdentity
  /** A message of ours is being typed. */
  readonly typing: () => boolean
}

/** tmux reports no changes to those who are not attached. */
const readEveryMs = 200
/** How often tmux may not answer, one time after the other, before nothing is shown any more. */
const patience = 5

/** `Connection.watchScreen` of a pane: it is captured again and again, with its colours, and drawn in a terminal of ours. */
export async function watchPane(
  deps: WatchDeps,
  show: (screen: ScreenSnapshot) => void,
  signal: AbortSignal,
): Promise<string> {
  const headless = openHeadless(80, 24, 0)
  let last: Reading | undefined
  try {
    for (let missed = 0; !signal.aborted; await pause(readEveryMs, signal)) {
      const read = await readPane(deps)
      if ('kind' in read) {
        missed += 1
        if (read.kind === 'ended' || missed === patience) return read.why ?? 'its pane is gone'
        continue
      }
      missed = 0
      const next = await drawn(headless, deps, read, last)
      if (signal.aborted) break
      if (!last || !looksSame(last.screen, next.screen)) show(next.screen)
      last = next
    }
    return 'nobody looks'
  } finally {
    headless.terminal.dispose()
  }
}

interface Read {
  readonly facts: Facts
  /** Rows with their colours, as `capture-pane -e` writes them. */
  readonly rows: string
}

interface Reading extends Read {
  readonly screen: ScreenSnapshot
}

const names = [
  ...identityNames,
  'pane_width',
  'pane_height',
  'cursor_x',
  'cursor_y',
  'cursor_flag',
  'window_activity',
] as const

type Facts = FactsOf<(typeof names)[number]>

/** With the spaces at the end of lines, which may be coloured: tmux before 3.1 keeps them in no case. */
async function readPane({ tmux, pane }: WatchDeps): Promise<Read | Gone> {
  const capture = (...options: readonly string[]) =>
    tmux([
      ...['display-message', '-p', '-t', pane.paneId, formatOf(names), ';'],
      ...['capture-pane', '-p', '-e', ...options, '-t', pane.paneId],
    ])
  const result = await capture('-N')
  const read = readOf(result, pane)
  return 'kind' in read && result.kind === 'refused' ? readOf(await capture(), pane) : read
}

function readOf(result: CallResult, pane: PaneIdentity): Read | Gone {
  if (result.kind !== 'ok' && result.kind !== 'refused') return unreached(result)
  const facts = parseFacts(names, result.stdout)
  const gone = facts && goneFrom(facts, pane)
  if (gone?.kind === 'ended') return gone
  if (!facts || result.kind !== 'ok') return { kind: 'offline', why: 'tmux does not show the pane' }
  return { facts, rows: result.stdout.slice(result.stdout.indexOf('\n') + 1) }
}

async function drawn(
  headless: Headless,
  { typing }: WatchDeps,
  { facts, rows }: Read,
  last: Reading | undefined,
): Promise<Reading> {
  const isAsBefore = last?.rows === rows && sizeOf(last.facts) === sizeOf(facts)
  if (!isAsBefore) await draw(headless, facts, rows)
  const { columns, rows: height, lines } = isAsBefore ? last.screen : snapshotOf(headless, last?.screen)
  const [column, row] = [Number(facts.cursor_x), Number(facts.cursor_y)]
  const screen = {
    ...{ columns, rows: height, lines },
    ...(facts.cursor_flag !== '0' && { cursor: { column: Math.min(column, columns - 1), row } }),
    ...(typing() && { typing: true as const }),
  }
  const changedAt =
    last && looksSame(last.screen, { ...screen, changedAt: 0 }) ? last.screen.changedAt : undefined
  return { facts, rows, screen: { ...screen, changedAt: changedAt ?? changeTime(facts, last) } }
}

const sizeOf = ({ pane_width, pane_height }: Facts): string => `${pane_width}x${pane_height}`

/** tmux itself knows, in whole seconds, when anything was drawn before we looked. */
function changeTime({ window_activity }: Facts, last: Reading | undefined): number {
  const noted = Number(window_activity) * 1000
  return last || !(noted > 0) ? Date.now() : Math.min(noted, Date.now())
}

const [leastCells, mostCells] = [1, 1000]

/** Each row at its own place, whatever tmux and we think of the width of a sign. */
function draw({ terminal }: Headless, facts: Facts, rows: string): Promise<void> {
  const [columns, height] = [facts.pane_width, facts.pane_height].map((cells) =>
    Math.min(mostCells, Math.max(leastCells, Number(cells) || 0)),
  )
  const lines = rows.replace(/\n$/, '').split('\n').slice(0, height)
  terminal.reset()
  terminal.resize(columns ?? leastCells, height ?? leastCells)
  const placed = lines.map((line, row) => `\x1b[${row + 1};1H${line}`)
  return new Promise((resolve) => terminal.write(`\x1b[?7l${placed.join('')}`, resolve))
}
