import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { Failure, reasonOf } from '../domain/error.ts'
import type { GrantId } from '../domain/grant.ts'
import type { Statement } from '../platform/platform.ts'
import { number } from './rows.ts'

// A database can be put back as it was before a grant was revoked. So every revocation is also noted in a file beside
// the signing keys, one id a line: whoever has the keys that the URL needs has this file, too.

type Sql = (text: string) => Statement

/**
 * Notes it on disk before the database does: of the two, the file must never know less. Returns the file's size.
 * Throws `store_unavailable`.
 */
export function noteRevoked(file: string, id: GrantId): number {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    return append(file, `${id}\n`)
  } catch (cause) {
    throw new Failure('store_unavailable', `Cannot write ${file}: ${reasonOf(cause)}.`, { cause })
  }
}

function append(file: string, line: string): number {
  const opened = openSync(file, 'a', 0o600)
  try {
    writeSync(opened, line)
    fsyncSync(opened)
    return fstatSync(opened).size
  } finally {
    closeSync(opened)
  }
}

/** The database has taken in that much of the file. */
export const rememberTaken = (sql: Sql, bytes: number): void => {
  sql(`INSERT OR REPLACE INTO tallies (kind, name, n) VALUES ('revoked', 'bytes', ?)`).run(bytes)
}

/** Whether the file says more, or other, than the database has taken in: then it is an older database. */
export const knowsLess = (sql: Sql, file: string): boolean =>
  number(sql(`SELECT n FROM tallies WHERE kind = 'revoked' AND name = 'bytes'`).get()?.n ?? 0) !==
  sizeOf(file)

/** Revokes what the file names and the database has forgotten. */
export function revokeForgotten(sql: Sql, file: string, now: number): void {
  const bytes = sizeOf(file)
  const ids = bytes === 0 ? [] : readFileSync(file, 'utf8').split('\n')
  sql(
    'UPDATE grants SET revoked_at = ? WHERE revoked_at IS NULL AND id IN (SELECT value FROM json_each(?))',
  ).run(now, JSON.stringify(ids))
  rememberTaken(sql, bytes)
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
