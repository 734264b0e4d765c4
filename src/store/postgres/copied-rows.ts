import { createHash } from 'node:crypto'
import type { Database, SqlRow, SqlValue } from '../../platform/platform.ts'
import { number, text } from '../rows.ts'

/** A table as SQLite has it. */
export interface Table {
  readonly name: string
  readonly columns: readonly string[]
  /** The columns of its primary key, in their order. */
  readonly key: readonly string[]
  /** Those that may be large. */
  readonly blobs: readonly string[]
}

/** Every table of a store in SQLite, and what is in it. Tallies stand last: other tables count in them. */
export function tablesIn(database: Database): readonly Table[] {
  const names = database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
    .all()
    .map(({ name }) => text(name))
  return [...names.filter((name) => name !== tallies), tallies].map((name) => tableIn(database, name))
}

const tallies = 'tallies'

function tableIn(database: Database, name: string): Table {
  const columns = database
    .prepare('SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid')
    .all(name)
    .map((row) => ({ name: text(row.name), type: text(row.type), place: number(row.pk) }))
  return {
    name,
    columns: columns.map((column) => column.name),
    key: columns
      .filter(({ place }) => place > 0)
      .toSorted((a, b) => a.place - b.place)
      .map((column) => column.name),
    blobs: columns.filter(({ type }) => type === 'BLOB').map((column) => column.name),
  }
}

type Reading = Pick<Database, 'prepare'>

/** How much is in memory at once. */
const [pageRows, pageBytes] = [500, 4 * 1024 * 1024]

/** All rows of a table in the order of its key, a page at a time. */
export function* pagesOf(database: Reading, table: Table): Generator<readonly SqlRow[]> {
  const columns = table.columns.map(quoted).join(', ')
  for (let after: readonly SqlValue[] = []; ; ) {
    const limit = table.blobs.length === 0 ? pageRows : rowsThatFit(database, table, after)
    const rows = database.prepare(`SELECT ${columns} ${following(table, after)} LIMIT ?`).all(...after, limit)
    const last = rows.at(-1)
    if (!last) return
    yield rows
    after = table.key.map((column) => last[column] ?? null)
  }
}

function following({ name, key }: Table, after: readonly SqlValue[]): string {
  const [columns, places] = [key.map(quoted).join(', '), key.map(() => '?').join(', ')]
  return `FROM ${quoted(name)} ${after.length > 0 ? `WHERE (${columns}) > (${places})` : ''} ORDER BY ${columns}`
}

function rowsThatFit(database: Reading, table: Table, after: readonly SqlValue[]): number {
  const size = table.blobs.map((column) => `COALESCE(length(${quoted(column)}), 0)`).join(' + ')
  const sizes = database.prepare(`SELECT ${size} AS size ${following(table, after)} LIMIT ?`)
  let bytes = 0
  const fit = sizes.all(...after, pageRows).findIndex((row) => {
    bytes += number(row.size)
    return bytes > pageBytes
  })
  return fit < 0 ? pageRows : Math.max(1, fit)
}

export const quoted = (name: string): string => `"${name}"`

/** What rows come to, told by one text whichever database gave them. */
export interface Content {
  readonly rows: number
  readonly sha256: string
}

export function createContent({ columns }: Table) {
  const hash = createHash('sha256')
  let rows = 0
  return {
    add: (page: readonly SqlRow[]) => {
      rows += page.length
      for (const row of page)
        hash.update(`${JSON.stringify(columns.map((column) => spelled(row[column])))}\n`)
    },
    done: (): Content => ({ rows, sha256: hash.digest('hex') }),
  }
}

/** JSON tells numbers from texts, and writes halves of surrogate pairs as what they are. */
function spelled(value: SqlValue | undefined): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') }
  return typeof value === 'bigint' ? Number(value) : value
}
