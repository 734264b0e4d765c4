import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { Failure, reasonOf } from '../domain/error.ts'
import type { GrantId } from '../domain/grant.ts'
import type { Statement } from '../platform/platform.ts'
import { number } from './rows.ts'

// A database can be put back as it was before a grant was revoked. So every revocation is also noted in a file beside
// the signing keys, one id a line: whoever has the keys that the URL needs has this file, too. Its first line is its own
// place on the disk: a copy of it, put back with the keys, lies elsewhere and may lack what was revoked since.

type Sql = (text: string) => Statement

/**
 * Notes it on disk before the database does: of the two, the file must never know less. Returns the file's size.
 * Throws `store_unavailable`.
 */
export function noteRevoked(file: string, id: GrantId): number {
  return guarded(file, () => append(file, `${id}\n`))
}

/** Whether nobody but this home has written it, all the time. */
export function isOwn(file: string): boolean {
  const place = placeOf(file)
  return place !== undefined && readFileSync(file, 'utf8').startsWith(place)
}

/** Makes the file this home's own, with what it says. Throws `store_unavailable`. */
export function adopt(sql: Sql, file: string): void {
  if (!isOwn(file)) guarded(file, () => rewrite(file, idsIn(file)))
  rememberTaken(sql, sizeOf(file))
}

function rewrite(file: string, ids: readonly string[]): void {
  const fresh = `${file}.new`
  rmSync(fresh, { force: true })
  append(fresh, '')
  append(fresh, [placeOf(fresh), ...ids.map((id) => `${id}\n`)].join(''))
  renameSync(fresh, file)
}

/** The line that names where a file lies; undefined when there is none. */
function placeOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true })
  return found && `# ${found.ino}\n`
}

const idsIn = (file: string): readonly string[] =>
  sizeOf(file) === 0
    ? []
    : readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => /^[0-9a-f]+$/.test(line))

function guarded<T>(file: string, act: () => T): T {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    return act()
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
  sql(
    'UPDATE grants SET revoked_at = ? WHERE revoked_at IS NULL AND id IN (SELECT value FROM json_each(?))',
  ).run(now, JSON.stringify(idsIn(file)))
  rememberTaken(sql, sizeOf(file))
}

export const revokeAll = (sql: Sql, now: number): void => {
  sql('UPDATE grants SET revoked_at = ? WHERE revoked_at IS NULL').run(now)
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
