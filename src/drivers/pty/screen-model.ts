import type { IMarker, Terminal } from '@xterm/headless'
import { pause } from '../../wait.ts'
import { openHeadless } from '../terminal/headless.ts'
import { inputOn } from '../terminal/input-box.ts'
import type { Screen } from '../terminal/screen.ts'
import { type Shown, snapshotOf } from '../terminal/snapshot.ts'
import { readStyledRows } from '../terminal/styled-rows.ts'
import { repaint, shownRows } from './repaint.ts'

/** A terminal without a display, which knows what the program has drawn. */
export interface ScreenModel {
  feed(bytes: Uint8Array): void
  /** The text shown now, after everything fed so far. */
  text(): Promise<Text>
  /** What stands in the input box of an agent. */
  input(): Promise<string>
  /** What another terminal has to be sent to show the same; output fed after the promise resolves is not included. */
  repaint(): Promise<string>
  /** Every cell of it as it is shown now. */
  snapshot(before?: Pick<Shown, 'lines'>): Promise<Shown>
  resize(columns: number, rows: number): void
  close(): void
}

const scrollback = 1000
/** How many lines that scrolled away still count as shown, at least. */
const linesAbove = 100
/** How often to wait for output that comes while earlier output is drawn; a flood must not hold a look forever. */
const patience = 50
const synchronizedMs = 10

/** `answer` gets what a terminal replies to the program's queries (DA, DSR). */
export function createScreenModel(
  columns: number,
  rows: number,
  answer: (reply: string) => void,
): ScreenModel {
  const headless = openHeadless(columns, rows, scrollback)
  const { terminal } = headless
  terminal.onData(answer)
  const first = firstLine(terminal)
  let fed = 0
  let drawn = 0
  const settled = async () => {
    for (let i = 0; i < patience; i++) {
      await new Promise<void>((resolve) => terminal.write('', resolve))
      if (fed === drawn) return
    }
  }
  return {
    feed: (bytes) => {
      fed++
      terminal.write(bytes, () => {
        drawn++
      })
    },
    text: async () => {
      await settled()
      return textOf(terminal, first())
    },
    input: async () => {
      await settled()
      const rows = readStyledRows(shownRows(terminal).join('\n'))
      return inputOn({ rows, cursorRow: 0, cursorShown: false })
    },
    repaint: async () => {
      await settled()
      return repaint(terminal)
    },
    snapshot: async (before) => {
      await settled()
      // A program that says when a picture of its own is whole is waited for, but not for long.
      for (let i = 0; i < patience && terminal.modes.synchronizedOutputMode; i++) await pause(synchronizedMs)
      return snapshotOf(headless, before)
    },
    resize: (newColumns, newRows) => terminal.resize(newColumns, newRows),
    close: () => terminal.dispose(),
  }
}

type Text = Pick<Screen, 'lines' | 'cursor' | 'cursorRow' | 'bracketedPaste'>

function textOf(terminal: Terminal, first: number): Text {
  const buffer = terminal.buffer.active
  const lines: string[] = []
  for (let y = first; y < buffer.baseY + terminal.rows; y++) {
    const line = buffer.getLine(y)
    if (!line) continue
    const text = line.translateToString(true)
    if (line.isWrapped && lines.length > 0) lines.push(`${lines.pop() ?? ''}${text}`)
    else lines.push(text)
  }
  return {
    lines,
    cursor: `${buffer.cursorX},${buffer.baseY + buffer.cursorY - first}`,
    cursorRow: buffer.getLine(buffer.baseY + buffer.cursorY)?.translateToString(true) ?? '',
    bracketedPaste: terminal.modes.bracketedPasteMode,
  }
}

/**
 * Where the lines begin that count as shown. A beginning that slid along with each new line would lose an old one
 * for each that comes, and a text could not be counted once more; so it stays for a while, also when lines are
 * dropped.
 */
function firstLine(terminal: Terminal): () => number {
  let anchor: IMarker | undefined
  return () => {
    const { baseY, cursorY, type } = terminal.buffer.active
    if (type === 'alternate') return baseY
    if (!anchor || anchor.isDisposed || anchor.line < baseY - 2 * linesAbove) {
      anchor?.dispose()
      anchor = terminal.registerMarker(Math.max(-linesAbove, -baseY) - cursorY)
    }
    return anchor?.line ?? baseY
  }
}
