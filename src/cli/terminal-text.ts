import { hex, spelled, spelledLines, spelledOut } from '../domain/control-characters.ts'

/** Text on one line in which every unsafe character is spelled out, as in `\x1b[31m`. */
export const escapeLine = (text: string): string => spelledOut(text, escaped)

/** As `escapeLine`, but newlines and tabs stay. */
export const escapeLines = (text: string): string => spelledLines(text, escaped)

/** JSON with the same characters spelled as JSON escapes, so that a listing on a terminal is as safe as a table. */
export const escapeJson = (json: string): string =>
  spelledOut(json, (character) =>
    character === '\n'
      ? character
      : [...Array(character.length).keys()].map((i) => `\\u${hex(character.charCodeAt(i), 4)}`).join(''),
  )

function escaped(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\t') return '\\t'
  return character === '\r' ? '\\r' : spelled(character)
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const without = /\p{Mn}|\p{Me}|\u200d/u

/** Columns that a terminal gives to escaped text: two for East Asian wide characters and emoji, none for what combines. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += widthOfOne(character)
  return width
}

/** The beginning of escaped text that fits, with `…` where something was cut. */
export function fit(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let kept = ''
  let width = 1
  for (const character of text) {
    width += widthOfOne(character)
    if (width > columns) break
    kept += character
  }
  return `${kept}…`
}

/** Escaped text in lines no wider than `columns`, cut between words; a word that is wider than a line stays whole. */
export function broken(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`
    if (lines.length > 0 && widthOf(longer) > columns) lines.push(word)
    else lines.splice(-1, 1, longer)
  }
  return lines
}

const widthOfOne = (character: string): number =>
  character < '\x7f' ? 1 : without.test(character) ? 0 : wide.test(character) ? 2 : 1
