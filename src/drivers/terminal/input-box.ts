import type { StyledRow } from './styled-rows.ts'

interface Composer {
  /** The visible rows, top to bottom. */
  readonly rows: readonly StyledRow[]
  readonly cursorRow: number
  /** Its column; spaces before it were typed, though a captured row does not end with them. */
  readonly cursorColumn?: number
  /** Programs that draw their own cursor hide the terminal's, and leave it anywhere. */
  readonly cursorShown: boolean
}

/**
 * What stands in the input box, as far as the screen shows it: tmux does not report which keys a person pressed.
 * Empty for an empty box, its prompt or its placeholder.
 */
export function inputOn(composer: Composer): string {
  const text = boxRowsOf(composer)
    .map((row, at) => unframed((at === 0 ? promptedAlike : solidOf)(composer.rows[row])))
    .join(' ')
  const typed = unprompted(text, composer.cursorShown)
  return showsNothing.test(typed) || placeholder.test(typed) ? '' : `${typed}${spacesBehind(composer)}`
}

/** A box may be drawn with signs that nobody sees: Qwen Code leaves some behind. */
const showsNothing = /^[\s\p{Default_Ignorable_Code_Point}]*$/u

/** Up to the cursor, where nothing but ASCII tells how many. */
function spacesBehind({ rows, cursorRow, cursorColumn = 0, cursorShown }: Composer): string {
  const { solid } = rows[cursorRow] ?? { solid: '' }
  return cursorShown && /^[\x20-\x7e]*$/.test(solid)
    ? ' '.repeat(Math.max(0, cursorColumn - solid.length))
    : ''
}

/** The rows of the input box, by number: down to that of the cursor where the program shows it. */
export const boxRowsOf = ({ rows, cursorRow, cursorShown }: Composer): readonly number[] =>
  cursorShown ? rowsToCursor(rows, cursorRow) : boxRows(rows)

/** From the prompt of a box whose text has several rows; a row above that only looks like one begins none. */
function rowsToCursor(rows: readonly StyledRow[], cursorRow: number): readonly number[] {
  for (let first = cursorRow; first > Math.max(0, cursorRow - footRows); first--) {
    const text = rows[first]?.text ?? ''
    if (rule.test(text)) break
    const begins = /^\s*›(?:\s|$)/.test(text) || rule.test(rows[first - 1]?.text ?? '')
    if (begins && prompted.test(text)) return [...rows.keys()].slice(first, cursorRow + 1)
  }
  return [cursorRow]
}

/** How far from the foot of the screen an input box may begin. */
const footRows = 14

/**
 * What Gemini CLI fills with a colour; else the rows between two horizontal lines of which one begins with a prompt, from the foot up: below it an agent may draw
 * other lines, and its foot twice. Else what the last two lines frame, or the last row that begins with a prompt.
 */
function boxRows(rows: readonly StyledRow[]): readonly number[] {
  const foot = [...rows.keys()].filter((row) => rows[row]?.text.trim() !== '').slice(-footRows)
  const is = (sign: RegExp) => (row: number) => sign.test(rows[row]?.text ?? '')
  const filled = foot.findLastIndex((row) => beginsFilled(rows[row]))
  if (filled >= 0) return filledRows(rows, foot.slice(filled))
  if (foot.some(is(edge))) return []
  const frames = framesIn(foot, is(rule))
  const prompt = foot.findLast(is(prompted))
  return (
    frames.find((frame) => frame.some(is(prompted)) || frame.slice(0, 1).some(is(starred))) ??
    frames[0] ??
    (prompt === undefined ? [] : [prompt])
  )
}

function filledRows(rows: readonly StyledRow[], from: readonly number[]): readonly number[] {
  const end = from.findIndex((row) => rows[row]?.filled !== true)
  return end < 0 ? from : from.slice(0, end)
}

/** What stands between each two neighbouring lines, from the foot up. */
function framesIn(foot: readonly number[], isRule: (row: number) => boolean): readonly (readonly number[])[] {
  const rules = foot.flatMap((row, at) => (isRule(row) ? [at] : []))
  return rules
    .slice(1)
    .map((bottom, at) => foot.slice((rules[at] ?? 0) + 1, bottom))
    .reverse()
}

/** At the left edge of the screen: agents indent what a message or an answer shows. */
const rule = /^[╭╰├└┌]*[─━▀▄═]{8,}[─━▀▄═╮╯┤┘┐\s]*$/

/** Below opencode's box, which has no prompt: a row that begins with one is a quotation. */
const edge = /^\s*╹▀{8,}/

/**
 * Whether its program may hold a text in its box for long after Enter: opencode makes the conversation first. Another Enter, or
 * keys that take the text away, would then send it twice or empty.
 */
export const sendsLate = (lines: readonly string[]): boolean => lines.some((line) => edge.test(line))

const prompted = /^[\s│┃|▌▏]*[❯›>»](?:\s|$)/

/** Gemini CLI marks a box with ` !` where a shell gets what is typed: that is never empty. */
const beginsFilled = (row: StyledRow | undefined): boolean =>
  row?.filled === true && /^ [>*!](?:\s|$)/.test(row.text)

/** The prompt of Gemini CLI and Qwen Code with --yolo; behind it stands a text or a placeholder. */
const starred = /^ ?\*(?=\s+\S)/

const solidOf = (row: StyledRow | undefined): string => row?.solid ?? ''

const promptedAlike = (row: StyledRow | undefined): string =>
  starred.test(row?.text ?? '') ? solidOf(row).replace(/^ ?\*/, '>') : solidOf(row)

const unframed = (row: string): string => row.replace(/^[\s│┃|▌▏]+|[\s│┃|▐▕]+$/g, '').trim()

/** Without its prompt: `$ `, `>>> `, `me@host:~# `; where the cursor is at home also `name:` and the like. */
function unprompted(text: string, cursorShown: boolean): string {
  const rest = text.replace(/^\S{0,80}?(?:\s\S{1,40}){0,2}?\s?[$#%❯›»>](?:\s+|$)/, '')
  return rest === text && cursorShown && /[:?=]$/.test(text) ? '' : rest.trim()
}

const placeholder = /^(?:Type your message|Ask anything)\b/
