import { Unicode11Addon } from '@xterm/addon-unicode11'
import xterm, { type Terminal } from '@xterm/headless'

/** A terminal without a display. */
export interface Headless {
  readonly terminal: Terminal
  /** DECTCEM: whether its program lets the cursor be seen. */
  readonly cursorShown: () => boolean
}

/** Signs have the widths of Unicode 11: emoji take two cells, as programs of today expect. */
export function openHeadless(columns: number, rows: number, scrollback: number): Headless {
  const terminal = new xterm.Terminal({
    ...{ cols: columns, rows, scrollback, allowProposedApi: true, logLevel: 'off' },
  })
  terminal.loadAddon(new Unicode11Addon())
  terminal.unicode.activeVersion = '11'
  return { terminal, cursorShown: followCursor(terminal) }
}

const dectcem = 25

/** Sees the sequences that show and hide it; the terminal obeys them as well. */
function followCursor({ parser }: Terminal): () => boolean {
  let shown = true
  const follow = (final: string, shows: boolean) =>
    parser.registerCsiHandler({ prefix: '?', final }, (parameters) => {
      if (parameters.includes(dectcem)) shown = shows
      return false
    })
  const reset = () => {
    shown = true
    return false
  }
  follow('h', true)
  follow('l', false)
  parser.registerEscHandler({ final: 'c' }, reset)
  parser.registerCsiHandler({ intermediates: '!', final: 'p' }, reset)
  return () => shown
}
