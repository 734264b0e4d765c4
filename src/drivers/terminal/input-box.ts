import type { StyledRow } from './styled-rows.ts'

interface Composer {
  /** The visible rows, top to bottom. */
  readonly rows: readonly StyledRow[]
  readonly cursorRow: number
  /** Programs that draw their own cursor hide the terminal's, and leave it anywhere. */
  readonly cursorShown: boolean
}

/**
 * What stands in the input box, as far as the screen shows it: tmux does not report which keys a person pressed.
 * Empty for an empty box, its prompt or its placeholder.
 */
export function inputOn(composer: Composer): string {
  const rows = composer.cursorShown ? [composer.rows[composer.cursorRow]] : boxRows(composer.rows)
  const text = rows.map((row) => unframed(row?.solid ?? '')).join(' ')
  const typed = unprompted(text, composer.cursorShown)
  return placeholder.test(typed) ? '' : typed
}

/** How far from the foot of the screen an input box may begin. */
const footRows = 14

/** The rows between the last two horizontal lines, else the last one that begins with a prompt. */
function boxRows(rows: readonly StyledRow[]): readonly StyledRow[] {
  const foot = rows.filter((row) => row.text !== '').slice(-footRows)
  const bottom = foot.findLastIndex((row) => rule.test(row.text))
  const top = foot.slice(0, Math.max(0, bottom)).findLastIndex((row) => rule.test(row.text))
  if (top >= 0) return foot.slice(top + 1, bottom)
  const prompt = foot.findLast((row) => /^[❯›>»](?:\s|$)/.test(unframed(row.text)))
  return prompt ? [prompt] : []
}

const rule = /^[\s╭╰├└┌]*[─━▀▄═]{8,}[─━▀▄═╮╯┤┘┐\s]*$/

const unframed = (row: string): string => row.replace(/^[\s│┃|▌▏]+|[\s│┃|▐▕]+$/g, '').trim()

/** Without its prompt: `$ `, `>>> `, `me@host:~# `; where the cursor is at home also `name:` and the like. */
function unprompted(text: string, cursorShown: boolean): string {
  const rest = text.replace(/^\S{0,80}?(?:\s\S{1,40}){0,2}?\s?[$#%❯›»>](?:\s+|$)/, '')
  return rest === text && cursorShown && /[:?=]$/.test(text) ? '' : rest.trim()
}

const placeholder = /^(?:Type your message|Ask anything)\b/

/** Whether what stands in the input box is not, or is not part of, what we typed; `ours` as `ink` leaves it. */
export function isForeign(ours: string | undefined, input: string): boolean {
  if (input === '' || pasteMarker.test(input)) return input !== '' && ours === undefined
  return !ours?.includes(boxInk(input))
}

const pasteMarker = /^\[\s*past(?:e|ed)\b[^[\]]*\]$/i

/** Without what an input box adds: frames, line ends, and the invisible sign that Qwen Code draws at its cursor. */
export const boxInk = (text: string): string => text.replace(/[\s│┃|\p{Cf}]/gu, '')
