import type { ScreenColour, ScreenRun, ScreenSnapshot } from '../domain/screen-snapshot.ts'
import { beginning, escapeLine } from './terminal-text.ts'

/** The rows of a screen up to the last that is not empty, cut at so many columns; with colours by SGR (ECMA-48) where wanted. */
export function screenLines(
  { lines }: Pick<ScreenSnapshot, 'lines'>,
  columns: number,
  colors: boolean,
): readonly string[] {
  const last = lines.findLastIndex((line) => line.some(isSeen))
  return lines.slice(0, last + 1).map((line) => {
    const runs = cut(line, columns)
    return colors ? runs.map(painted).join('') : textOf(runs).trimEnd()
  })
}

const isSeen = ({ text, bg, inverse }: ScreenRun): boolean =>
  text.trim() !== '' || bg !== undefined || inverse === true

const textOf = (runs: readonly ScreenRun[]): string => runs.map(({ text }) => escapeLine(text)).join('')

function cut(line: readonly ScreenRun[], columns: number): readonly ScreenRun[] {
  let left = columns
  return line.flatMap((run) => {
    const room = left
    left -= run.width
    if (run.width <= room) return [run]
    const text = beginning(run.text, room)
    return text === '' ? [] : [{ ...run, text, width: room }]
  })
}

function painted(run: ScreenRun): string {
  const codes = [
    ...attributes.flatMap(([name, code]) => (run[name] ? [code] : [])),
    ...colourCodes(38, run.fg),
    ...colourCodes(48, run.bg),
  ]
  const text = escapeLine(run.text)
  return codes.length === 0 ? text : `\x1b[${codes.join(';')}m${text}\x1b[0m`
}

const attributes = [
  ...([
    ['bold', 1],
    ['dim', 2],
    ['italic', 3],
  ] as const),
  ...([
    ['underline', 4],
    ['inverse', 7],
    ['strike', 9],
  ] as const),
] as const

/** `base` is 38 for the text, 48 for what is behind it. */
function colourCodes(base: 38 | 48, colour: ScreenColour | undefined): readonly number[] {
  if (typeof colour === 'number') return [base, 5, Math.min(255, Math.max(0, Math.trunc(colour)))]
  const [, ...parts] = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/.exec(colour ?? '') ?? []
  return parts.length === 0 ? [] : [base, 2, ...parts.map((part) => Number.parseInt(part, 16))]
}
