/** What a browser would obey or that changes how text reads: C0, DEL, C1, bidirectional controls, tags, line separators. */
const unsafe =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/gu

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text that a page only shows, also inside a quoted attribute: markup is escaped, control characters are spelled. */
export const escapeHtml = (text: string): string => escapeMarkup(text.replace(unsafe, spelled))

/** Text that a page shows and gets back as it was: only the markup is escaped. */
export const escapeMarkup = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? character)

/** `\x1b`, `\u202e`, `\u{e0041}`: as a person would write it down. */
function spelled(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
}
