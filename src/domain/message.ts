import { guardCommand } from './command-guard.ts'
import { Failure } from './error.ts'
import { withoutInvisible, withSingleMarks } from './invisible-characters.ts'

const maxFromLength = 128

/**
 * The message as the agent gets it: cleaned, and prefixed with `[sender] `, where `sender` comes from `cleanFrom`. Without a
 * sender, one that agents would obey as a command gets `[webhook] `. Throws `unprocessable` for a blank one.
 */
export function compose(message: string, sender: string | undefined): string {
  const text = clean(message)
  if (isBlank(text)) throw new Failure('unprocessable', '"message" must not be blank.')
  return sender === undefined ? guardCommand(text) : `[${sender}] ${text}`
}

export const isBlank = (text: string): boolean => text.trim() === ''

/**
 * Removes what a terminal or an agent's input box would obey: ESC and all C0 but `\n` and `\t`, DEL, C1,
 * bracketed-paste marks (also nested ones), bidirectional embeddings, overrides and isolates, and what nobody sees.
 * CRLF, CR, U+2028 and U+2029 become `\n`. Nothing of it is left that a second time would remove.
 */
export function clean(text: string): string {
  if (harmless.test(text)) return text
  const visible = withoutInvisible(
    text
      .toWellFormed()
      .replace(/\r\n?|[\u2028\u2029]/g, '\n')
      .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, ''),
  )
  return withSingleMarks(withoutPasteMarks(visible))
}

/** Plain ASCII without a bracket that could belong to a paste mark: most messages, passed on untouched. */
const harmless = /^[\t\n\x20-\x5a\x5c-\x7e]*$/

/**
 * In one pass however deeply they nest: what is left when one is taken out may itself be the end of another. Their ESC
 * is gone by now; the picture of one goes with its mark.
 */
function withoutPasteMarks(text: string): string {
  if (!/\[20[01]~/.test(text)) return text
  const kept = new Uint16Array(text.length)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    kept[length++] = text.charCodeAt(i)
    if (!endsInPasteMark(kept, length)) continue
    length -= pasteMarkLength
    while (kept[length - 1] === pictureOfEsc) length--
  }
  return new TextDecoder('utf-16le').decode(kept.subarray(0, length))
}

const pasteMarkLength = 5
const pictureOfEsc = 0x241b

/** `[200~` or `[201~`. */
const endsInPasteMark = (kept: Uint16Array, length: number): boolean =>
  kept[length - 1] === 0x7e &&
  (kept[length - 2] === 0x30 || kept[length - 2] === 0x31) &&
  kept[length - 3] === 0x30 &&
  kept[length - 4] === 0x32 &&
  kept[length - 5] === 0x5b

/** One line, at most 128 characters, and unable to close its own bracket: `dependabot[bot]` becomes `dependabot(bot)`. */
export function cleanFrom(from: string | undefined): string | undefined {
  if (from === undefined) return undefined
  if (/^\w{1,64}$/.test(from)) return from
  const line = clean(from)
    .replace(/[\n\t]+/g, ' ')
    .replaceAll('[', '(')
    .replaceAll(']', ')')
    .trim()
  if (line === '') throw new Failure('unprocessable', '"from" must not be blank; leave it out instead.')
  return [...line].slice(0, maxFromLength).join('').trim()
}
