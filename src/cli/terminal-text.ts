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

/** East Asian Width W and F (UAX 11); emoji that are drawn as such have W, too, but for the letters that flags are made of. */
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|(?![\u{1f1e6}-\u{1f1ff}])\p{Emoji_Presentation}/u
/** What combines, with the vowels and ends of syllables in conjoining Hangul. */
const without = /\p{Mn}|\p{Me}|[\u1160-\u11ff\u200d]/u
const joiner = '\u200d'

/** Columns that a terminal gives to escaped text: two for East Asian wide characters and emoji, none for what combines. */
export function widthOf(text: string): number {
  let [width, before] = [0, '']
  for (const character of text) {
    width += widthOfOne(character, before)
    before = character
  }
  return width
}

/** The beginning of escaped text that fits, with `…` where something was cut. */
export const fit = (text: string, columns: number): string =>
  widthOf(text) <= columns ? text : `${beginning(text, columns - 1)}…`

/** As many characters of text as fit. */
export function beginning(text: string, columns: number): string {
  let [kept, before] = ['', '']
  let width = 0
  for (const character of text) {
    width += widthOfOne(character, before)
    if (width > columns) break
    kept += character
    before = character
  }
  return kept
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

/** What follows a joiner is drawn into the emoji before it. */
function widthOfOne(character: string, before: string): number {
  if (before === joiner) return 0
  return character < '\x7f' ? 1 : without.test(character) ? 0 : wide.test(character) ? 2 : 1
}
