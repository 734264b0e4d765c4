import { encode } from 'uqr'

/** A QR code (ISO/IEC 18004) as rows of modules, dark ones true, with a light margin of so many modules around. */
export interface QrCode {
  readonly size: number
  readonly rows: readonly (readonly boolean[])[]
}

/** For a camera that reads a text off a screen: with little correction, so that its modules are large. */
export function qrCodeOf(text: string, margin: number): QrCode {
  const { size, data } = encode(text, { ecc: 'L', border: margin })
  return { size, rows: data }
}

/** The dark modules as the outline of an SVG path, one unit a module. */
export const pathOf = ({ rows }: QrCode): string =>
  rows.flatMap((row, y) => runsOf(row).map(([x, length]) => `M${x} ${y}h${length}v1h-${length}z`)).join('')

function runsOf(row: readonly boolean[]): readonly (readonly [from: number, length: number])[] {
  const runs: [number, number][] = []
  row.forEach((dark, x) => {
    if (!dark) return
    const last = runs.at(-1)
    if (last && row[x - 1]) last[1]++
    else runs.push([x, 1])
  })
  return runs
}

/** Two rows of modules a line, for a terminal with light signs on dark ground; `size` columns wide. */
export const linesOf = ({ rows }: QrCode): readonly string[] =>
  rows.flatMap((upper, y) => (y % 2 === 0 ? [lineOf(upper, rows[y + 1])] : []))

function lineOf(upper: readonly boolean[], lower: readonly boolean[] | undefined): string {
  return upper.map((dark, x) => halves[`${!dark}${lower?.[x] === false}`]).join('')
}

/** By what is light: the upper half, the lower half. */
const halves: Readonly<Record<string, string>> = {
  truetrue: '█',
  truefalse: '▀',
  falsetrue: '▄',
  falsefalse: ' ',
}
