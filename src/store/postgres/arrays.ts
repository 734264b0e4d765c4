import type { SqlValue } from '../../platform/platform.ts'

/** postgresql.org/docs/current/arrays.html#ARRAYS-IO. */
export const arrayOf = (values: readonly (SqlValue | undefined)[]): string =>
  `{${values.map(element).join(',')}}`

/** Rows as an array for each column, for `unnested`. */
export const columnsOf = (rows: readonly (readonly SqlValue[])[], types: readonly string[]): string[] =>
  types.map((_, i) => arrayOf(rows.map((row) => row[i])))

/** These columns, in a statement. */
export const unnested = (types: readonly string[]): string =>
  `unnest(${types.map((type) => `?::${type}[]`).join(', ')})`

function element(value: SqlValue | undefined): string {
  if (typeof value === 'string')
    return value.includes('"') || value.includes('\\') ? `"${value.replace(/["\\]/g, '\\$&')}"` : `"${value}"`
  if (value === null || value === undefined) return 'NULL'
  return value instanceof Uint8Array ? `"\\\\x${hexOf(value)}"` : String(value)
}

const hexOf = (bytes: Uint8Array): string =>
  (bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString(
    'hex',
  )
