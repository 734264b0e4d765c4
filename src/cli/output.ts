import type { ScreenSnapshot } from '../domain/screen-snapshot.ts'
import type { Io } from './context.ts'
import { screenLines } from './screen-lines.ts'
import { layOut, shortened, type Tone } from './table.ts'
import { broken, escapeJson, escapeLine, escapeLines, fit, widthOf } from './terminal-text.ts'

/** What a command prints. Every text is escaped here, so that nothing a stranger wrote can steer the terminal. */
export interface Output {
  /** Data: lines of text on standard output. */
  line(text: string): void
  /** Data: sentences, broken between words where the terminal ends. */
  prose(text: string): void
  /** Data: one JSON document. */
  json(value: unknown): void
  /** Data: one line of JSON, for streams. */
  jsonLine(value: unknown): void
  /** Data: rows under a heading, one line each: for a terminal short and no wider than it, else whole but for long texts. */
  table<Item>(columns: readonly Column<Item>[], items: readonly Item[]): void
  /** Data: rows without a heading; the last cell is cut to what is left of the terminal's line, elsewhere at 200 columns. */
  row(cells: readonly (Cell | StreamCell)[]): void
  /** Data: `Label:  value`, aligned. */
  fields(pairs: readonly (readonly [label: string, value: string])[]): void
  /** Data: what a terminal shows, in its colours where this is one, and cut where this one is narrower. */
  screen(screen: Pick<ScreenSnapshot, 'lines'>): void
  /** For a person: a line on standard error. */
  note(text: string): void
  /** For a person who waits: what goes on and since when, in a line on standard error that is erased at the end. */
  during<T>(what: string, act: () => Promise<T>): Promise<T>
}

export interface Column<Item> {
  readonly title: string
  /** May be cut when the terminal is narrow, to 8 columns or as many as are named. */
  readonly flexible?: boolean | number
  /** Where a terminal has no room for all: what has the lowest number goes first, what has none stays. */
  readonly goes?: number
  readonly right?: boolean
  readonly cell: (item: Item) => Cell
  /** In place of it on a terminal. `now` in Unix milliseconds. */
  readonly short?: (item: Item, now: number) => Cell
  /** Ids: on a terminal only as much of them as tells them apart, so many characters at least. */
  readonly unique?: number
}

export type Cell = string | { readonly text: string; readonly tone: Tone }

/** A cell of a row whose followers are not known yet. All but `text` is for a terminal alone. */
export interface StreamCell {
  readonly text: string
  readonly tone?: Tone
  readonly short?: string
  /** Columns: cut or padded to so many. */
  readonly width?: number
  /** Left out where the terminal has fewer columns. */
  readonly from?: number
}

export function createOutput(io: Io, wants: { readonly color: boolean }): Output {
  const color = wants.color && io.terminal.stdout && !io.env.NO_COLOR && io.env.TERM !== 'dumb'
  const paint = color ? painted : plain
  const width = io.terminal.stdout ? io.terminal.columns : Number.POSITIVE_INFINITY
  const write = (text: string) => io.stdout(`${text}\n`)
  return {
    line: (text) => write(escapeLines(text)),
    prose: (text) => write(broken(escapeLine(text), width).join('\n')),
    json: (value) => write(escapeJson(JSON.stringify(value, null, 2))),
    jsonLine: (value) => write(escapeJson(JSON.stringify(value))),
    table: (columns, items) => {
      const rows = io.terminal.stdout ? shortRows(columns, items, io.now()) : wholeRows(columns, items)
      for (const line of layOut(columns, rows, width, paint)) write(line)
    },
    row: (cells) =>
      write(
        cutLast(clean(streamed(cells, width)), width)
          .map(({ text, tone }) => paint(text, tone))
          .join(gap),
      ),
    fields: (pairs) => {
      const longest = Math.max(...pairs.map(([label]) => label.length))
      for (const [label, value] of pairs) write(`${`${label}:`.padEnd(longest + 2)}${escapeLine(value)}`)
    },
    screen: (screen) => {
      for (const line of screenLines(screen, width, color)) write(line)
    },
    note: (text) => io.stderr(`${escapeLines(text)}\n`),
    during: (what, act) => (io.terminal.stderr && io.env.TERM !== 'dumb' ? showing(io, what, act) : act()),
  }
}

type Columns<Item> = readonly Column<Item>[]

function shortRows<Item>(columns: Columns<Item>, items: readonly Item[], now: number) {
  const rows = items.map((item) => clean(columns.map(({ cell, short }) => short?.(item, now) ?? cell(item))))
  const ids = columns.map(({ unique }, i) =>
    unique === undefined
      ? undefined
      : shortened(
          rows.map((row) => row[i]?.text ?? ''),
          unique,
        ),
  )
  return rows.map((row, n) => row.map((cell, i) => ({ ...cell, text: ids[i]?.[n] ?? cell.text })))
}

/** One line stays one line for whoever reads it: what strangers wrote may be 64 KiB. */
const longestCell = 200

const wholeRows = <Item>(columns: Columns<Item>, items: readonly Item[]) =>
  items.map((item) =>
    clean(columns.map(({ cell }) => cell(item))).map((cell, i) =>
      columns[i]?.flexible ? { ...cell, text: fit(cell.text, longestCell) } : cell,
    ),
  )

const gap = '  '
const narrowest = 8

/** As the terminal has room for them; whole where there is none. */
function streamed(cells: readonly (Cell | StreamCell)[], width: number): readonly Cell[] {
  const isTerminal = width !== Number.POSITIVE_INFINITY
  return cells.flatMap((cell): readonly Cell[] => {
    if (typeof cell === 'string') return [cell]
    const { text, tone = 'plain', short, width: most, from = 0 }: StreamCell = cell
    if (!isTerminal) return [{ text, tone }]
    if (width < from) return []
    const shown = escapeLine(short ?? text)
    const cut = most === undefined ? shown : fit(shown, most)
    return [{ text: most === undefined ? cut : cut + ' '.repeat(Math.max(0, most - widthOf(cut))), tone }]
  })
}

function cutLast<T extends { readonly text: string }>(cells: readonly T[], width: number): readonly T[] {
  const [last, before] = [cells.at(-1), cells.slice(0, -1)]
  const left = width - before.reduce((sum, { text }) => sum + widthOf(text) + gap.length, 0)
  const most = left === Number.POSITIVE_INFINITY ? longestCell : Math.max(narrowest, left)
  return last ? [...before, { ...last, text: fit(last.text, most) }] : cells
}

const startOfLine = '\r\x1b[K'

async function showing<T>(io: Io, what: string, act: () => Promise<T>): Promise<T> {
  const startedAt = io.now()
  const show = () =>
    io.stderr(`${startOfLine}${escapeLine(what)} … ${Math.floor((io.now() - startedAt) / 1000)} s`)
  show()
  const timer = setInterval(show, 1000)
  try {
    return await act()
  } finally {
    clearInterval(timer)
    io.stderr(startOfLine)
  }
}

const clean = (cells: readonly Cell[]) =>
  cells.map((cell) =>
    typeof cell === 'string'
      ? { text: escapeLine(cell), tone: 'plain' as const }
      : { text: escapeLine(cell.text), tone: cell.tone },
  )

const escapes: Readonly<Record<Tone, string>> = {
  plain: '',
  faint: '\x1b[2m',
  good: '\x1b[32m',
  warn: '\x1b[33m',
  bad: '\x1b[31m',
}

const plain = (text: string): string => text

const painted = (text: string, tone: Tone): string =>
  tone === 'plain' || text === '' ? text : `${escapes[tone]}${text}\x1b[0m`
