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
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'string') return `"${value.replaceAll(/["\\]/g, '\\$&')}"`
  return value instanceof Uint8Array ? `"\\\\x${Buffer.from(value).toString('hex')}"` : `${value}`
}
