import type { ScreenColour, ScreenLine, ScreenRun } from '../../domain/screen-snapshot.ts'
import { escapeHtml } from './escape.ts'

/** Lines are drawn once for all who look at them. */
const drawn = new WeakMap<ScreenLine, string>()

/**
 * A line of a screen as markup: colours and attributes as classes, one of the 16 million also as `data-f` and `data-b` for the
 * script, and each sign that fonts draw in widths of their own in a box of one or two cells.
 */
export function lineHtml(line: ScreenLine): string {
  const known = drawn.get(line)
  if (known !== undefined) return known
  const html = line.map(runHtml).join('')
  drawn.set(line, html)
  return html
}

function runHtml(run: ScreenRun): string {
  const { names, colours } = lookOf(run)
  const inner = run.width === [...run.text].length ? signsHtml(run.text) : boxHtml(run.text, run.width)
  if (names.length === 0) return inner
  return `<span class="${names.join(' ')}"${colours}>${inner}</span>`
}

/** Drawn one cell wide by every monospaced font: Latin letters, box drawing, blocks. */
const regular = /[\x20-\x7e\xa1-\u017f\u2500-\u259f]+/g

function signsHtml(text: string): string {
  let html = ''
  let from = 0
  for (const match of text.matchAll(regular)) {
    html += boxed(text.slice(from, match.index)) + escapeHtml(match[0])
    from = match.index + match[0].length
  }
  return html + boxed(text.slice(from))
}

const boxed = (text: string): string => [...text].map((sign) => boxHtml(sign, 1)).join('')

/** A sign takes one cell or two, whatever a driver says. */
const boxHtml = (sign: string, width: number): string =>
  `<span class="${width > 1 ? 'w2' : 'w1'}">${escapeHtml(sign)}</span>`

interface Look {
  readonly names: readonly string[]
  readonly colours: string
}

function lookOf(run: ScreenRun): Look {
  const [fg, bg] = run.inverse ? [run.bg ?? 'i', run.fg ?? 'i'] : [run.fg, run.bg]
  const names = [
    ...(fg === undefined ? [] : [`f${classOf(fg)}`]),
    ...(bg === undefined ? [] : [`b${classOf(bg)}`]),
    ...attributes.filter((name) => run[name]),
  ]
  return { names, colours: exact('f', fg) + exact('b', bg) }
}

const attributes = ['bold', 'dim', 'italic', 'underline', 'strike'] as const

const isRgb = (colour: ScreenColour | undefined): colour is string =>
  typeof colour === 'string' && /^#[0-9a-f]{6}$/.test(colour)

const exact = (kind: 'f' | 'b', colour: ScreenColour | undefined): string =>
  isRgb(colour) ? ` data-${kind}="${colour}"` : ''

/** `i` where a colour of the terminal itself changes places; a colour of the 16 million as the nearest of the 256. */
function classOf(colour: ScreenColour): string {
  if (typeof colour === 'number') return colour >= 0 && colour <= 255 ? String(Math.trunc(colour)) : 'i'
  if (!isRgb(colour)) return 'i'
  const parts = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
  const [red = 0, green = 0, blue = 0] = parts.map((part) => Math.round((part / 255) * 5))
  return String(16 + 36 * red + 6 * green + blue)
}

/** The colours 16 to 255 of xterm as style rules; the first 16 are of the design. */
export const paletteCss = (): string =>
  Array.from({ length: 240 }, (_, i) => {
    const colour = xtermColour(i + 16)
    return `.screen .f${i + 16}{color:${colour}}.screen .b${i + 16}{background:${colour}}`
  }).join('\n')

const levels = [0, 95, 135, 175, 215, 255]

function xtermColour(number: number): string {
  const cube = number - 16
  const parts =
    number >= 232
      ? [0, 0, 0].map(() => 8 + (number - 232) * 10)
      : [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((level) => levels[level] ?? 0)
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}
