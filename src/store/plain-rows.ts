import type { SqlValue } from '../platform/platform.ts'
import type { Sql } from './connection.ts'
import type { StoreContext } from './context.ts'
import { insertPlainRows } from './postgres/plain-rows.ts'

/** What differs in the row of nearly every knock; every value that must be bound costs. The order is that of `insertOne`. */
export type PlainRow = readonly [
  seq: number,
  id: string,
  session: string,
  source: string,
  action: string,
  receivedAt: number,
  storedAt: number,
  dueAt: number,
  expiresAt: number,
  message: string,
  extra: string,
  payload: SqlValue,
]

/** Most rows of one statement: each statement has a cost of its own, and beyond so many nothing is gained. */
const mostTogether = 16

/** Inserts deliveries that wait in their session's queue, neither leased nor failed nor held, and without an idempotency key. */
export function insertPlain({ engine, sql }: StoreContext, rows: readonly PlainRow[]): void {
  if (engine === 'postgres') insertPlainRows(sql, rows)
  else insertSome(sql, rows)
}

function insertSome(sql: Sql, rows: readonly PlainRow[]): void {
  const together = rows.length - (rows.length % mostTogether)
  for (let i = 0; i < together; i += mostTogether)
    sql(insertTogether).run(...rows.slice(i, i + mostTogether).flat())
  for (const row of rows.slice(together)) sql(insertOne).run(...row)
}

const values = `(?, ?, ?, ?, ?, 'PENDING', 'deliver', ?, ?, ?, ?, 0, 0, ?, ?, ?)`
const insertOne = `INSERT INTO deliveries (
    seq, id, session, source, action, state, phase, received_at, stored_at, due_at, expires_at, attempts, failures,
    message, extra, payload
  ) VALUES ${values}`
const insertTogether = insertOne + `, ${values}`.repeat(mostTogether - 1)
