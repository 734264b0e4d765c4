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

/** Inserts deliveries that wait in their session's queue, neither leased nor failed nor held, and without an idempotency key. */
export function insertPlain({ engine, sql }: StoreContext, rows: readonly PlainRow[]): void {
  if (engine === 'postgres') insertPlainRows(sql, rows)
  else insertSome(sql, rows)
}

function insertSome(sql: Sql, rows: readonly PlainRow[]): void {
  let done = 0
  for (const { count, text } of inserts)
    for (; done + count <= rows.length; done += count) sql(text).run(...rows.slice(done, done + count).flat())
}

const values = `(?, ?, ?, ?, ?, 'PENDING', 'deliver', ?, ?, ?, ?, 0, 0, ?, ?, ?)`

/** Each statement has a cost of its own; with more rows than the first has nothing is gained. */
const inserts = [16, 8, 4, 2, 1].map((count) => ({
  count,
  text: `INSERT INTO deliveries (
    seq, id, session, source, action, state, phase, received_at, stored_at, due_at, expires_at, attempts, failures,
    message, extra, payload
  ) VALUES ${Array(count).fill(values).join(', ')}`,
}))
