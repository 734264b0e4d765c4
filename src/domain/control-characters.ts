import { replaceInvisible } from './invisible-characters.ts'

/** What a terminal or a browser obeys, or what changes the order of text: C0, DEL, C1, bidirectional controls, tags, line separators. */
export const controlCharacters =
  /[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/gu

/** `\x1b`, `\u202e`, `\u{e0041}`: a character as a person would write it down. */
export function spelled(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code <= 0xff) return `\\x${hex(code, 2)}`
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\u{${code.toString(16)}}`
}

export const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')

/**
 * Text as it is shown to people: with `by` in place of every such character, and of every other that nobody would see. What an emoji or
 * a script needs stays.
 */
export const spelledOut = (text: string, by: (character: string) => string = spelled): string =>
  replaceInvisible(text.replace(controlCharacters, by), by)

/** The same, but newlines and tabs stay. */
export const spelledLines = (text: string, by: (character: string) => string = spelled): string =>
  spelledOut(text, (character) => (character === '\n' || character === '\t' ? character : by(character)))
