import type { IBuffer, IBufferCell } from '@xterm/headless'
import { controlCharacters } from '../../domain/control-characters.ts'
import { withoutInvisible } from '../../domain/invisible-characters.ts'
import {
  keptLines,
  type ScreenColour,
  type ScreenLine,
  type ScreenRun,
  type ScreenSnapshot,
  type ScreenStyle,
} from '../../domain/screen-snapshot.ts'
import type { Headless } from './headless.ts'

export type Shown = Pick<ScreenSnapshot, 'columns' | 'rows' | 'lines' | 'cursor'>

/** What the terminal shows now. Lines that look as they did `before` are the same objects. */
export function snapshotOf({ terminal, cursorShown }: Headless, before?: Pick<Shown, 'lines'>): Shown {
  const { cols: columns, rows } = terminal
  const buffer = terminal.buffer.active
  const lines = Array.from({ length: rows }, (_, row) => lineOf(buffer, buffer.baseY + row, columns))
  const cursor = { column: Math.min(buffer.cursorX, columns - 1), row: buffer.cursorY }
  return { columns, rows, lines: keptLines(before?.lines ?? [], lines), ...(cursorShown() && { cursor }) }
}

function lineOf(buffer: IBuffer, row: number, columns: number): ScreenLine {
  const line = buffer.getLine(row)
  const runs: Run[] = []
  let cell = line?.getCell(0)
  for (let column = 0; line && cell && column < Math.min(columns, line.length); column++) {
    cell = line.getCell(column, cell)
    // The right half of a wide sign.
    if (!cell || cell.getWidth() === 0) continue
    add(runs, cell)
  }
  dropEmptyEnd(runs)
  return runs.map(({ key: _, single: __, ...run }) => run)
}

/** While it grows. */
type Run = { -readonly [Member in keyof ScreenRun]: ScreenRun[Member] } & {
  /** The look of its cells, spelled for comparison. */
  readonly key: string
  /** One sign to a cell. */
  readonly single: boolean
}

function add(runs: Run[], cell: IBufferCell): void {
  const text = signIn(cell)
  const key = keyOf(cell)
  const single = cell.getWidth() === 1 && isOne(text)
  const last = runs.at(-1)
  if (last?.key === key && last.single && single) {
    last.text += text
    last.width += 1
  } else runs.push({ text, width: cell.getWidth(), ...styleOf(cell), key, single })
}

/** Marks on one sign beyond these would only smear. */
const longestSign = 12

/** The sign of a cell without what would control the reader's text; a space where nothing is left to see. */
function signIn(cell: IBufferCell): string {
  const text = cell.isInvisible() ? '' : cell.getChars()
  if (text.length === 1 && text >= ' ' && text <= '~') return text
  if (plain.test(text)) return text
  const harmless = withoutInvisible(text.toWellFormed().replace(controlCharacters, ''))
  return [...harmless].slice(0, longestSign).join('') || ' '
}

/** One sign that is neither a control nor invisible: most of them. */
const plain = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]$/u

const isOne = (text: string): boolean => text.length === 1 || [...text].length === 1

function keyOf(cell: IBufferCell): string {
  if (cell.isAttributeDefault()) return ''
  let on = ''
  for (const [, isOn] of attributes) on += isOn(cell) === 0 ? '-' : '+'
  return `${cell.getFgColorMode() + cell.getFgColor()} ${cell.getBgColorMode() + cell.getBgColor()} ${on}`
}

const attributes: readonly (readonly [
  Exclude<keyof ScreenStyle, 'fg' | 'bg'>,
  (cell: IBufferCell) => number,
])[] = [
  ['bold', (cell) => cell.isBold()],
  ['dim', (cell) => cell.isDim()],
  ['italic', (cell) => cell.isItalic()],
  ['underline', (cell) => cell.isUnderline()],
  ['strike', (cell) => cell.isStrikethrough()],
  ['inverse', (cell) => cell.isInverse()],
]

function styleOf(cell: IBufferCell): ScreenStyle {
  if (cell.isAttributeDefault()) return {}
  const fg = colourOf(cell.isFgRGB(), cell.isFgPalette(), cell.getFgColor())
  const bg = colourOf(cell.isBgRGB(), cell.isBgPalette(), cell.getBgColor())
  return {
    ...(fg !== undefined && { fg }),
    ...(bg !== undefined && { bg }),
    ...Object.fromEntries(attributes.filter(([, isOn]) => isOn(cell) !== 0).map(([name]) => [name, true])),
  }
}

function colourOf(isRgb: boolean, isPalette: boolean, value: number): ScreenColour | undefined {
  if (isRgb) return `#${value.toString(16).padStart(6, '0')}`
  return isPalette ? value : undefined
}

/** What looks like the empty screen at the end of a line says nothing. */
function dropEmptyEnd(runs: Run[]): void {
  const last = runs.at(-1)
  if (last?.key !== '' || !last.single) return
  last.text = last.text.trimEnd()
  last.width = [...last.text].length
  if (last.width === 0) runs.pop()
}
