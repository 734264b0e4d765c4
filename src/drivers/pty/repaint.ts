import type { IBufferCell, Terminal } from '@xterm/headless'

/** What a terminal has to be sent to show what this one shows, with the modes its program has set. */
export function repaint(terminal: Terminal): string {
  const buffer = terminal.buffer.active
  const alternate = buffer.type === 'alternate'
  const first = alternate ? buffer.baseY : 0
  const rows: string[] = []
  for (let y = first; y < buffer.baseY + terminal.rows; y++) rows.push(row(terminal, y))
  const cursor = `\x1b[${buffer.cursorY + 1};${buffer.cursorX + 1}H`
  return `${alternate ? '\x1b[?1049h' : ''}\x1b[H\x1b[2J${rows.join('\r\n')}\x1b[0m${cursor}${modes(terminal)}`
}

/** The rows shown now, each with its colours. */
export function shownRows(terminal: Terminal): readonly string[] {
  const { baseY } = terminal.buffer.active
  return Array.from({ length: terminal.rows }, (_, y) => row(terminal, baseY + y))
}

function row(terminal: Terminal, y: number): string {
  const line = terminal.buffer.active.getLine(y)
  let text = ''
  let style = ''
  for (let x = 0; line && x < line.length; x++) {
    const cell = line.getCell(x)
    // The right half of a wide character.
    if (!cell || cell.getWidth() === 0) continue
    const next = styleOf(cell)
    if (next !== style) text += `\x1b[0${next}m`
    style = next
    text += cell.getChars() || ' '
  }
  return `\x1b[0m${style === '' ? text.trimEnd() : text}`
}

function styleOf(cell: IBufferCell): string {
  const on = attributes.filter(([isOn]) => isOn(cell) !== 0).map(([, code]) => `;${code}`)
  return on.join('') + colour(cell.isFgRGB(), cell.isFgPalette(), cell.getFgColor(), 38) + background(cell)
}

const background = (cell: IBufferCell): string =>
  colour(cell.isBgRGB(), cell.isBgPalette(), cell.getBgColor(), 48)

const attributes: readonly (readonly [(cell: IBufferCell) => number, number])[] = [
  [(cell) => cell.isBold(), 1],
  [(cell) => cell.isDim(), 2],
  [(cell) => cell.isItalic(), 3],
  [(cell) => cell.isUnderline(), 4],
  [(cell) => cell.isBlink(), 5],
  [(cell) => cell.isInverse(), 7],
  [(cell) => cell.isInvisible(), 8],
  [(cell) => cell.isStrikethrough(), 9],
]

function colour(rgb: boolean, palette: boolean, value: number, code: 38 | 48): string {
  if (rgb) return `;${code};2;${value >> 16};${(value >> 8) & 255};${value & 255}`
  return palette ? `;${code};5;${value}` : ''
}

const mouse = { none: '', x10: '9', vt200: '1000', drag: '1002', any: '1003' } as const

function modes({ modes: on }: Terminal): string {
  const set = [
    on.bracketedPasteMode && '2004',
    on.applicationCursorKeysMode && '1',
    on.sendFocusMode && '1004',
    mouse[on.mouseTrackingMode],
    on.mouseTrackingMode !== 'none' && '1006',
  ]
  const chosen = set.filter((mode) => mode !== false && mode !== '').map((mode) => `\x1b[?${mode}h`)
  return `${chosen.join('')}${on.applicationKeypadMode ? '\x1b=' : ''}`
}
