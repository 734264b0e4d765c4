import { Failure, reasonOf } from '../../domain/error.ts'
import type { Host } from '../../domain/host.ts'
import { plural } from '../../domain/plural.ts'
import { shownAddress } from '../../domain/shown-address.ts'
import type { Database, SqlRow } from '../../platform/platform.ts'
import type { StoreDeps } from '../context.ts'
import { number, text } from '../rows.ts'
import { arrayOf } from './arrays.ts'
import { refuseForgetful } from './connection.ts'
import { type Content, createContent, pagesOf, quoted, type Table, tablesIn } from './copied-rows.ts'
import { isConnectionLost, openDatabase, type PostgresDatabase, type PostgresDeps } from './database.ts'
import { migrateInside } from './migrate.ts'
import { takePlace } from './place.ts'
import { refusePooled } from './pooler.ts'
import { lockWithin } from './transaction.ts'

interface CopyDeps extends Pick<StoreDeps, 'platform' | 'path' | 'now'> {
  readonly to: PostgresDeps
  /** As which door the home goes on there, where hosts of those names are. */
  readonly door: (taken: readonly string[]) => Pick<Host, 'name' | 'tokenHash'>
}

/** What became of one table. */
export interface CopiedTable {
  readonly name: string
  readonly from: Content
  /** The same, read back. */
  readonly to: Content
}

/**
 * Copies a store from its file, which nobody writes to meanwhile, into a database without tables, and reads everything back. It is one
 * transaction: where anything differs, or this process ends, nothing is there. Throws `usage` for a database that is not empty,
 * `already_running` where somebody serves it.
 */
export async function copyStore(deps: CopyDeps): Promise<readonly CopiedTable[]> {
  const { platform, path, to } = deps
  const source = platform.openDatabase(path)
  try {
    source.exec('PRAGMA busy_timeout = 5000')
    // Nobody else writes until this is over: what came meanwhile would be missing there.
    source.exec('BEGIN IMMEDIATE')
    return await copyInto(source, deps)
  } catch (cause) {
    if (cause instanceof Failure) throw cause
    throw new Failure(
      'store_unavailable',
      `Nothing was copied to ${shownAddress(to.url)}: ${reasonOf(cause)}.`,
      { cause },
    )
  } finally {
    source.close()
  }
}

/** How long this waits for the lock, for an answer, and how long the server waits for this process. Milliseconds. */
const [lockMs, answerMs, idleMs] = [10_000, 600_000, 60_000]

async function copyInto(source: Database, deps: CopyDeps): Promise<readonly CopiedTable[]> {
  const { to } = deps
  const target = openDatabase({ ...to, answerMs })
  try {
    refusePooled(target, to)
    refuseForgetful(target)
    takePlace(target, 'alone')
    target.exec(lockWithin(lockMs, idleMs))
    refuseOccupied(target, to.url)
    migrateInside(target)
    // The standing ones of a new store.
    target.exec('DELETE FROM sessions')
    const tables = tablesIn(source)
    const copied: CopiedTable[] = []
    for (const table of tables) copied.push(await copyTable(source, target, table))
    if (!copied.every(isSame)) return copied
    for (const table of tables) target.ask(`ANALYZE ${quoted(table.name)}`)
    continueNumbers(target)
    ownSessions(target, deps)
    commit(target, to.url)
    return copied
  } finally {
    // Without its COMMIT all of it is undone.
    target.close()
  }
}

export const isSame = ({ from, to }: CopiedTable): boolean =>
  from.rows === to.rows && from.sha256 === to.sha256

/** Tables, views and sequences that are no extension's. */
const occupants = `SELECT relname AS name FROM pg_class c
  WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
    AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND NOT EXISTS (
      SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'a', 'i')
    )
  ORDER BY name`

const mostNamed = 5

function refuseOccupied(target: PostgresDatabase, url: string): void {
  const names = target.ask(occupants).map(({ name }) => text(name))
  if (names.length === 0) return
  const what = names.includes('postern_schema') ? storeIn(target) : tablesCalled(names)
  throw new Failure(
    'usage',
    `There is something in ${shownAddress(url)} already: ${what}. Name a database, or a schema (search_path), that is empty.`,
  )
}

const storeIn = (target: PostgresDatabase): string =>
  `a store of Postern with ${plural(number(target.ask('SELECT count(*) AS n FROM deliveries')[0]?.n), 'message')}`

const tablesCalled = (names: readonly string[]): string =>
  names.slice(0, mostNamed).join(', ') +
  (names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '')

async function copyTable(source: Database, target: PostgresDatabase, table: Table): Promise<CopiedTable> {
  const types = typesIn(target, table)
  const insert = target.prepare(
    `INSERT INTO ${quoted(table.name)} (${table.columns.map(quoted).join(', ')})
     SELECT * FROM unnest(${types.map((type) => `?::${type}[]`).join(', ')})`,
  )
  // What making the other tables has counted.
  if (table.name === 'tallies') target.exec('DELETE FROM tallies')
  const columnOf = (rows: readonly SqlRow[]) => (column: string) => arrayOf(rows.map((row) => row[column]))
  const from = await contentOf(source, table, (rows) => insert.run(...table.columns.map(columnOf(rows))))
  return { name: table.name, from, to: await contentOf(target, table) }
}

async function contentOf(
  database: Pick<Database, 'prepare'>,
  table: Table,
  act?: (rows: readonly SqlRow[]) => void,
): Promise<Content> {
  const content = createContent(table)
  for (const rows of pagesOf(database, table)) {
    content.add(rows)
    act?.(rows)
    await othersTurn()
  }
  return content.done()
}

const othersTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The types of a table's columns there. Throws `internal` where it has not the same columns. */
function typesIn(target: PostgresDatabase, { name, columns }: Table): readonly string[] {
  const found = new Map(
    target
      .prepare(
        `SELECT column_name AS name, data_type AS type FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name = ?`,
      )
      .all(name)
      .map((row) => [text(row.name), text(row.type)]),
  )
  return columns.map((column) => {
    const type = found.get(column)
    if (type === undefined) throw new Failure('internal', `PostgreSQL has no place for ${name}.${column}.`)
    return type
  })
}

/** Rows that are numbered by the database are numbered on from what was copied. */
function continueNumbers(target: PostgresDatabase): void {
  const numbered = target.ask(`SELECT table_name AS name, column_name AS id FROM information_schema.columns
    WHERE table_schema = current_schema() AND is_identity = 'YES'`)
  for (const { name, id } of numbered)
    target.ask(`SELECT setval(
      pg_get_serial_sequence('${name}', '${id}'), (SELECT COALESCE(max(${id}), 0) + 1 FROM ${name}), false)`)
}

/** Agents are where they were: no other door may bring them messages. */
function ownSessions(target: PostgresDatabase, { door, now }: CopyDeps): void {
  const { name, tokenHash } = door(target.ask('SELECT name FROM hosts').map((row) => text(row.name)))
  target
    .prepare('INSERT INTO hosts (name, epoch, token_hash, created_at) VALUES (?, 0, ?, ?)')
    .run(name, tokenHash, now())
  target.prepare(`UPDATE sessions SET host = ? WHERE host IS NULL AND driver <> 'inbox'`).run(name)
}

function commit(target: PostgresDatabase, url: string): void {
  try {
    target.exec('COMMIT')
  } catch (thrown) {
    if (!isConnectionLost(thrown)) throw thrown
    throw new Failure(
      'store_unavailable',
      `The connection to ${shownAddress(url)} broke as the copy was about to be kept. If anything is there, all of it is; else copy again.`,
      { cause: thrown },
    )
  }
}
