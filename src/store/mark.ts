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
import { randomBytes } from '../domain/chance.ts'
import type { HomeMark, KeyMark } from '../domain/home-state.ts'
import type { Sql } from './connection.ts'
import { number, orUndefined, text } from './rows.ts'

// A database file can be exchanged, emptied, or lose its write-ahead log, and SQLite opens what is left without a word. So
// the database has a mark and counts its transactions, and both are noted in a file beside the signing keys, after every
// commit and before it is acknowledged. That file is not waited for: the kernel keeps it through a kill -9, and what a power
// cut may take from it only makes the number smaller. It is always a lower bound.

/** Each database of a server that a home has used has a file of its own, whoever logs in there. */
export function markFileIn(keysDir: string, database?: string): string {
  if (database === undefined) return `${keysDir}/mark`
  const { host, pathname, searchParams } = new URL(database)
  const place = [host, pathname, searchParams.get('search_path'), searchParams.get('options')]
  // A store in a file needs none of it.
  const { createHash } = process.getBuiltinModule('node:crypto')
  return `${keysDir}/mark-${createHash('sha256').update(JSON.stringify(place)).digest('hex').slice(0, 16)}`
}

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
  if (before?.mark === state.mark) {
    // What others did to the database meanwhile counts, too.
    if (before.commits < state.commits) write(opened, state)
    return opened
  }
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
  ON CONFLICT (kind, name) DO UPDATE SET n = tallies.n + 1 RETURNING n`

/** Sets a count that is known. */
export const setTally = `INSERT INTO tallies (kind, name, n) VALUES (?, ?, ?)
  ON CONFLICT (kind, name) DO UPDATE SET n = excluded.n`

/** Makes this the database of the home that has noted `noted`, whatever it was before. */
export function takePlace(sql: Sql, noted: HomeMark | undefined): void {
  const mark = noted?.mark ?? markIn(sql) ?? randomBytes(16).toString('hex')
  sql(
    'INSERT INTO home_mark (id, mark) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET mark = excluded.mark',
  ).run(mark)
  const commits = Math.max(commitsIn(sql), noted?.commits ?? 0) + 1
  sql(setTally).run('commits', 'all', commits)
}

/** Of the database as it is now. Another home that noted an earlier mark of it, or that of `noted`, knows it by these. */
export function beginEra(sql: Sql, noted: HomeMark | undefined): void {
  const before = [markIn(sql), noted?.mark].filter((mark) => mark !== undefined)
  for (const mark of before) sql(setTally).run('past', mark, 1)
  takePlace(sql, { mark: randomBytes(16).toString('hex'), commits: noted?.commits ?? 0 })
}

export const pastMarksIn = (sql: Sql): readonly string[] =>
  sql(`SELECT name FROM tallies WHERE kind = 'past' ORDER BY name`)
    .all()
    .map(({ name }) => text(name))

/** The signing keys that this database knows. */
export const keysKnown = (sql: Sql): readonly KeyMark[] =>
  sql('SELECT kid, fingerprint, retire_at FROM signing_keys ORDER BY kid')
    .all()
    .map(({ kid, fingerprint, retire_at }) => ({
      kid: text(kid),
      fingerprint: text(fingerprint),
      ...(retire_at !== null && { retireAt: number(retire_at) }),
    }))

/** False, and nothing changed, where other keys than `before` are known. */
export function rememberKeys(sql: Sql, keys: readonly KeyMark[], before?: readonly KeyMark[]): boolean {
  if (before && JSON.stringify(keysKnown(sql)) !== JSON.stringify(before)) return false
  sql('DELETE FROM signing_keys').run()
  for (const { kid, fingerprint, retireAt } of keys)
    sql('INSERT INTO signing_keys (kid, fingerprint, retire_at) VALUES (?, ?, ?)').run(
      kid,
      fingerprint,
      retireAt ?? null,
    )
  return true
}
