import type { SqlRow, SqlValue } from '../../platform/platform.ts'

// The statements of the store are SQLite's. Most are PostgreSQL's as they stand, or by the functions that its schema defines
// (migrations/0001_init.sql); what is left is put right here.

/** The same statement for PostgreSQL: `?` and `?3` become `$1` and `$3`. */
export function toPostgres(statement: string): string {
  let last = 0
  return statement
    .replaceAll(/'[^']*'|\?(\d*)/g, (found, place: string | undefined) => {
      if (place === undefined) return found
      last += 1
      return `$${place === '' ? last : place}`
    })
    .replaceAll('CAST(payload AS TEXT)', 'payload_text(payload)')
}

/** Whether a statement changes anything. */
export const writes = (statement: string): boolean => !/^\s*SELECT\b/.test(statement)

// A text of PostgreSQL has no U+0000, nor half a surrogate pair. Both are written as two signs of Unicode's private use, of which
// the first stands for itself doubled.

const mark = '\u{f8fe}'

const unfit = /[\u0000\u{f8fe}]|\p{Surrogate}/gu
const written = /\u{f8fe}(\u{f8fe}|[0-9a-f]{4})/gu

const escaped = (text: string): string =>
  text.replaceAll(unfit, (sign) =>
    sign === mark ? mark + mark : mark + sign.charCodeAt(0).toString(16).padStart(4, '0'),
  )

const restored = (text: string): string =>
  text.includes(mark)
    ? text.replaceAll(written, (_, code: string) =>
        code === mark ? mark : String.fromCharCode(Number.parseInt(code, 16)),
      )
    : text

/** A value as PostgreSQL takes it. */
export const toColumn = (value: SqlValue): SqlValue => (typeof value === 'string' ? escaped(value) : value)

/** A row as SQLite would give it: truth is 1 or 0. */
export function fromRow(row: Readonly<Record<string, unknown>>): SqlRow {
  const values: Record<string, SqlValue> = {}
  for (const column in row) values[column] = fromColumn(row[column])
  return values
}

function fromColumn(value: unknown): SqlValue {
  if (typeof value === 'string') return restored(value)
  if (typeof value === 'boolean') return value ? 1 : 0
  return value as SqlValue
}
