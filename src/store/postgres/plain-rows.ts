import type { SqlValue } from '../../platform/platform.ts'
import { runLater, type Sql } from '../connection.ts'
import { arrayOf } from './arrays.ts'

/**
 * Deliveries in the order of columns that `PlainRow` has. Many rows by one statement, with an array for each column: that costs the
 * server a tenth of a statement for each.
 */
export function insertPlainRows(sql: Sql, rows: readonly (readonly SqlValue[])[]): void {
  if (rows.length > 0) runLater(sql, insert, ...columns.map((_, i) => columnOf(rows.map((row) => row[i]))))
}

/**
 * What all rows have alike, as those of one session do in most columns, is sent once: to make and to read it for each took a tenth of the
 * time of all. A payload is that of its row alone.
 */
function columnOf(values: readonly (SqlValue | undefined)[]): string {
  const [first] = values
  const areAlike = !(first instanceof Uint8Array) && values.every((value) => value === first)
  return arrayOf(areAlike ? [first] : values)
}

const columns = [
  ['seq', 'bigint'],
  ['id', 'text'],
  ['session', 'text'],
  ['source', 'text'],
  ['action', 'text'],
  ['received_at', 'bigint'],
  ['stored_at', 'bigint'],
  ['due_at', 'bigint'],
  ['expires_at', 'bigint'],
  ['message', 'text'],
  ['extra', 'text'],
  ['payload', 'bytea'],
] as const

const names = columns.map(([name]) => name).join(', ')
const arrays = columns.map(([, type], i) => `?${i + 1}::${type}[]`)
/** An array that is shorter than the others is filled up with NULL, which no column has but the payload's. */
const values = columns.map(([name], i) =>
  name === 'payload' ? name : `COALESCE(${name}, (${arrays[i]})[1])`,
)

const insert = `INSERT INTO deliveries (${names}, state, phase, attempts, failures)
  SELECT ${values.join(', ')}, 'PENDING', 'deliver', 0, 0 FROM unnest(${arrays.join(', ')}) AS given (${names})`
