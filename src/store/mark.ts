import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { HomeMark, KeyMark } from '../domain/home-state.ts'
import type { Sql } from './connection.ts'
import { number, orUndefined, text } from './rows.ts'

// A database file can be exchanged, emptied, or lose its write-ahead log, and SQLite opens what is left without a word. So
// the database has a mark and counts its transactions, and both are noted in a file beside the signing keys, after every
// commit and before it is acknowledged. That file is not waited for: the kernel keeps it through a kill -9, and what a power
// cut may take from it only makes the number smaller. It is always a lower bound.

export const markFileIn = (keysDir: string): string => `${keysDir}/mark`

/** What was noted beside the keys; undefined where nothing was, or where it cannot be read. */
export function readMark(file: string): HomeMark | undefined {
  try {
    const [, mark, commits] = /^([0-9a-f]{32}) ([0-9]{16})\n$/.exec(readFileSync(file, 'utf8')) ?? []
    return mark === undefined ? undefined : { mark, commits: Number(commits) }
  } catch {
    return undefined
  }
}

interface MarkFile {
  /** So many transactions are on disk. */
  note(commits: number): void
  close(): void
}

/** Opens the file beside the keys, making it where it is not there. Where it cannot be written nothing is noted. */
export function openMarkFile(file: string, state: HomeMark): MarkFile {
  const opened = tried(() => begin(file, state))
  if (opened === undefined) return { note: () => {}, close: () => {} }
  return {
    note: (commits) => void tried(() => write(opened, { ...state, commits })),
    close: () => closeSync(opened),
  }
}

function begin(file: string, state: HomeMark): number {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const before = readMark(file)
  const opened = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  if (before?.mark === state.mark) return opened
  ftruncateSync(opened)
  write(opened, state)
  fsyncSync(opened)
  return opened
}

/** Bytes, because Deno ignores the place that a text is to be written to. */
function write(opened: number, { mark, commits }: HomeMark): void {
  const line = new TextEncoder().encode(`${mark} ${String(commits).padStart(16, '0')}\n`)
  writeSync(opened, line, 0, line.length, 0)
}

function tried<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}

/** The mark that is in the database; undefined in one that has none yet. */
export const markIn = (sql: Sql): string | undefined =>
  orUndefined(sql('SELECT mark FROM home_mark').get()?.mark, text)

export const commitsIn = (sql: Sql): number =>
  number(sql(`SELECT n FROM tallies WHERE kind = 'commits'`).get()?.n ?? 0)

/** Counts the transaction that is under way, and returns its number. */
export const countCommit = (sql: Sql): number => number(sql(addCommit).get()?.n)

const addCommit = `INSERT INTO tallies (kind, name, n) VALUES ('commits', 'all', 1)
  ON CONFLICT (kind, name) DO UPDATE SET n = n + 1 RETURNING n`

/** Makes this the database of the home that has noted `noted`, whatever it was before. */
export function takePlace(sql: Sql, noted: HomeMark | undefined): void {
  const mark = noted?.mark ?? markIn(sql) ?? randomBytes(16).toString('hex')
  sql('INSERT OR REPLACE INTO home_mark (id, mark) VALUES (1, ?)').run(mark)
  const commits = Math.max(commitsIn(sql), noted?.commits ?? 0) + 1
  sql(`INSERT OR REPLACE INTO tallies (kind, name, n) VALUES ('commits', 'all', ?)`).run(commits)
}

/** The signing keys that this database knows. */
export const keysKnown = (sql: Sql): readonly KeyMark[] =>
  sql('SELECT kid, fingerprint, retire_at FROM signing_keys ORDER BY kid')
    .all()
    .map(({ kid, fingerprint, retire_at }) => ({
      kid: text(kid),
      fingerprint: text(fingerprint),
      ...(retire_at !== null && { retireAt: number(retire_at) }),
    }))

export function rememberKeys(sql: Sql, keys: readonly KeyMark[]): void {
  sql('DELETE FROM signing_keys').run()
  for (const { kid, fingerprint, retireAt } of keys)
    sql('INSERT INTO signing_keys (kid, fingerprint, retire_at) VALUES (?, ?, ?)').run(
      kid,
      fingerprint,
      retireAt ?? null,
    )
}
