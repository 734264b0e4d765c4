import text from '../../docs/troubleshooting.md' with { type: 'text' }
import { shellQuoted } from '../domain/shell-quote.ts'

/** A row of the page: what one sees, what that means, and what mends it, as plain text. */
export interface Advice {
  /** `429 rate_limited`, `busy`, or a cause in words. */
  readonly seen: string
  readonly means: string | undefined
  readonly mends: string
}

/** `docs/troubleshooting.md`, which every binary carries: problem documents and refusals name its rows. */
export const troubleshootingPage: string = text

/**
 * What is known of a status, of the `code` or `type` of a problem document, of what a delivery waits for or failed at, or of
 * words in the cause of a refusal.
 */
export function adviceOn(asked: string): readonly Advice[] {
  const name = asked.replace(/^urn:postern:problem:/, '').toLowerCase()
  const isNamed = (cells: readonly string[]) =>
    cells.slice(0, 2).some((cell) => cell === name || cell === name.replaceAll('-', '_'))
  const rows = tableRows().filter(isNamed)
  const found =
    rows.length > 0 || name.length < 4
      ? rows
      : tableRows().filter(([cause = '']) => cause.toLowerCase().includes(name))
  return found.map(adviceOf)
}

/** The command that shows what is known of that; undefined where the page has nothing on it. */
export const helpOn = (asked: string): string | undefined =>
  asked !== '' && adviceOn(asked).length > 0
    ? `postern help troubleshooting ${shellQuoted(asked)}`
    : undefined

/** Cells without markup: links by their words, code without its marks. */
const tableRows = (): readonly (readonly string[])[] =>
  [...text.matchAll(/^\| (.*) \|$/gm)]
    .map(([, row = '']) => row.split('|').map((cell) => plain(cell.trim())))
    .filter(([first = '', second = '']) => !/^-+$/.test(first) && !/^what (it|mends)/.test(second))

const plain = (cell: string): string => cell.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '')

function adviceOf(cells: readonly string[]): Advice {
  const mends = cells.at(-1) ?? ''
  if (cells.length === 2) return { seen: cells[0] ?? '', means: undefined, mends }
  return {
    seen: cells.slice(0, -2).filter(Boolean).join(' '),
    means: cells.at(-2),
    mends,
  }
}
