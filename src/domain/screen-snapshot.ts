/** What a terminal shows at one moment, cell by cell, for people to look at. Texts are harmless: no sign of them controls anything. */
export interface ScreenSnapshot {
  /** In cells. */
  readonly columns: number
  readonly rows: number
  /** As many as `rows`; a line that is shorter than the screen ends in empty cells. */
  readonly lines: readonly ScreenLine[]
  /** From 0 on; absent while the program hides it. */
  readonly cursor?: { readonly column: number; readonly row: number }
  /** When it was last seen to change, in Unix milliseconds. */
  readonly changedAt: number
  /** A message of ours is being typed. */
  readonly typing?: true
}

export type ScreenLine = readonly ScreenRun[]

/** Neighbours that look the same: `width` signs of one cell each, or one sign of `width` cells. */
export interface ScreenRun extends ScreenStyle {
  readonly text: string
  /** In cells. */
  readonly width: number
}

export interface ScreenStyle {
  /** Of the text; absent where it is the terminal's own. */
  readonly fg?: ScreenColour
  readonly bg?: ScreenColour
  readonly bold?: true
  readonly dim?: true
  readonly italic?: true
  readonly underline?: true
  readonly strike?: true
  /** `fg` and `bg` change places. */
  readonly inverse?: true
}

/** A number of the 256 colours of xterm, or `#rrggbb`. */
export type ScreenColour = number | string

/** What is different: the lines that are, by their row, and everything else as it is now. */
export interface ScreenChange extends Omit<ScreenSnapshot, 'lines'> {
  readonly lines: Readonly<Record<number, ScreenLine>>
}

/** Lines are the same when they are the same object: `applied` and `keptLines` keep those that did not change. */
export function changeBetween(before: ScreenSnapshot | undefined, after: ScreenSnapshot): ScreenChange {
  const known = before && sameSize(before, after) ? before.lines : []
  const changed = [...after.lines.entries()].filter(([row, line]) => known[row] !== line)
  return { ...after, lines: Object.fromEntries(changed) }
}

/** The screen after a change; the inverse of `changeBetween`. */
export function applied(before: ScreenSnapshot | undefined, change: ScreenChange): ScreenSnapshot {
  const known = before && sameSize(before, change) ? before.lines : []
  return {
    ...change,
    lines: Array.from({ length: change.rows }, (_, row) => change.lines[row] ?? known[row] ?? []),
  }
}

/** `lines`, with the objects of `before` for those that look the same. */
export const keptLines = (
  before: readonly ScreenLine[],
  lines: readonly ScreenLine[],
): readonly ScreenLine[] =>
  lines.map((line, row) => {
    const old = before[row]
    return old && looksAlike(old, line) ? old : line
  })

const looksAlike = (a: ScreenLine, b: ScreenLine): boolean =>
  a.length === b.length &&
  a.every((run, i) => run.text === b[i]?.text && JSON.stringify(run) === JSON.stringify(b[i]))

/** True where nothing of it is to be sent: neither lines nor cursor, size or typing. */
export const looksSame = (a: ScreenSnapshot, b: ScreenSnapshot): boolean =>
  sameSize(a, b) &&
  a.typing === b.typing &&
  a.cursor?.column === b.cursor?.column &&
  a.cursor?.row === b.cursor?.row &&
  a.lines.every((line, row) => line === b.lines[row])

const sameSize = (a: Size, b: Size): boolean => a.columns === b.columns && a.rows === b.rows

type Size = Pick<ScreenSnapshot, 'columns' | 'rows'>

/** The text of each row, without the empty cells at its end. */
export const textOfScreen = ({ lines }: Pick<ScreenSnapshot, 'lines'>): string =>
  lines
    .map((line) =>
      line
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    )
    .join('\n')
    .trimEnd()
