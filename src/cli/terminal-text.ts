/** Characters that a terminal acts on or that change the order of text: C0, DEL, C1, bidirectional controls, tags, line separators. */
const unsafe =
  /[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/gu

/** Text on one line in which every unsafe character is spelled out, as in `\x1b[31m`. */
export const escapeLine = (text: string): string => text.replace(unsafe, spelled)

/** As `escapeLine`, but newlines and tabs stay. */
export const escapeLines = (text: string): string =>
  text.replace(unsafe, (character) =>
    character === '\n' || character === '\t' ? character : spelled(character),
  )

/** JSON with the same characters spelled as JSON escapes, so that a listing on a terminal is as safe as a table. */
export const escapeJson = (json: string): string =>
  json.replace(unsafe, (character) =>
    character === '\n'
      ? character
      : [...Array(character.length).keys()].map((i) => `\\u${hex(character.charCodeAt(i), 4)}`).join(''),
  )

function spelled(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\t') return '\\t'
  if (character === '\r') return '\\r'
  const code = character.codePointAt(0) ?? 0
  if (code <= 0xff) return `\\x${hex(code, 2)}`
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\u{${code.toString(16)}}`
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')

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

const widthOfOne = (character: string): number =>
  character < '\x7f' ? 1 : without.test(character) ? 0 : wide.test(character) ? 2 : 1
