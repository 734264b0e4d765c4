import { Failure } from './error.ts'

const maxFromLength = 128

/**
 * What reaches the agent: cleaned, prefixed, bounded.
 * `from` becomes `[from] `. A message without `from` that begins, after spaces, with a character that agents
 * obey as a command gets `[webhook] `, which is harmless in all of them.
 */
export const compose = (message: string, from: string | undefined): string =>
  addressed(message, from === undefined ? undefined : cleanFrom(from))

/** The same for a sender that `cleanFrom` has seen already. */
export function addressed(message: string, sender: string | undefined): string {
  const text = clean(message)
  if (isBlank(text)) throw new Failure('unprocessable', '"message" must not be blank.')
  if (sender !== undefined) return `[${sender}] ${text}`
  return /^\s*[!/#@$]/.test(text) ? `[webhook] ${text}` : text
}

export const isBlank = (text: string): boolean => text.trim() === ''

/**
 * Removes what a terminal or an agent's input box would obey: ESC and all C0 but `\n` and `\t`, DEL, C1,
 * bracketed-paste marks (also nested ones), bidirectional embeddings, overrides and isolates, and Unicode tag characters.
 * CRLF, CR, U+2028 and U+2029 become `\n`. Repeated until nothing changes.
 */
export function clean(text: string): string {
  if (harmless.test(text)) return text
  const once = text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/(?:\x1b|\x9b|\u241b)*\[20[01]~/g, '')
    .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '')
    .replace(/[\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu, '')
  return once === text ? once : clean(once)
}

/** Plain ASCII without a bracket that could belong to a paste mark: most messages, passed on untouched. */
const harmless = /^[\t\n\x20-\x5a\x5c-\x7e]*$/

/** One line, at most 128 characters, and unable to close its own bracket: `dependabot[bot]` becomes `dependabot(bot)`. */
export function cleanFrom(from: string): string {
  if (/^\w{1,64}$/.test(from)) return from
  const line = clean(from)
    .replace(/[\n\t]+/g, ' ')
    .replaceAll('[', '(')
    .replaceAll(']', ')')
    .trim()
  if (line === '') throw new Failure('unprocessable', '"from" must not be blank; leave it out instead.')
  return [...line].slice(0, maxFromLength).join('').trim()
}
