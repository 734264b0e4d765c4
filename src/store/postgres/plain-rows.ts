import type { SqlValue } from '../../platform/platform.ts'
import { runLater, type Sql } from '../connection.ts'
import { columnsOf, unnested } from './arrays.ts'

/**
 * Deliveries in the order of columns that `PlainRow` has. Many rows by one statement, with an array for each column: that costs the
 * server a tenth of a statement for each.
 */
export function insertPlainRows(sql: Sql, rows: readonly (readonly SqlValue[])[]): void {
  if (rows.length > 0) runLater(sql, insert, ...columnsOf(rows, types))
}

const types = [
  'bigint',
  'text',
  'text',
  'text',
  'text',
  'bigint',
  'bigint',
  'bigint',
  'bigint',
  'text',
  'text',
  'bytea',
]

const insert = `INSERT INTO deliveries (
    seq, id, session, source, action, received_at, stored_at, due_at, expires_at, message, extra, payload,
    state, phase, attempts, failures
  ) SELECT *, 'PENDING', 'deliver', 0, 0 FROM ${unnested(types)}`
