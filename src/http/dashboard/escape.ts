import { spelledLines } from '../../domain/control-characters.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text that a page only shows, also inside a quoted attribute: markup is escaped, what nobody would see is spelled. */
export const escapeHtml = (text: string): string => escapeMarkup(spelledLines(text))

/** Text that a page shows and gets back as it was: only the markup is escaped. */
export const escapeMarkup = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
