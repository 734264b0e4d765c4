import { fileURLToPath } from 'node:url'
import { serve } from './node-server.ts'
import type { Database, Platform, SqlRow, SqlValue } from './platform.ts'

export const denoPlatform: Platform = {
  runtime: 'deno',
  openDatabase,
  serve,
  // Deno can start programs, but gives them no terminal.
  openTerminal: undefined,
  selfCommand: () => [Deno.execPath(), 'run', '-A', fileURLToPath(Deno.mainModule)],
  // It has another allocator.
  keepMemory: () => {},
}

function openDatabase(path: string, options: { readonly readonly?: boolean } = {}): Database {
  const database = new (sqlite().DatabaseSync)(path, {
    readOnly: options.readonly ?? false,
    // SQLite's own default, as under Bun; the store says what it wants.
    enableForeignKeyConstraints: false,
  })
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql)
      // Beyond 2^53 Bun rounds where `node:sqlite` throws: read exactly, then round alike.
      statement.setReadBigInts(true)
      return {
        run: (...values) => Number(statement.run(...values).changes),
        get: (...values) => plainRow(statement.get(...values)),
        all: (...values) => statement.all(...values).map(rounded),
      }
    },
    close: () => database.close(),
  }
}

/** Asked for when needed, so that a bundle for another runtime does not load it at its start. */
const sqlite = () => process.getBuiltinModule('node:sqlite')

const plainRow = (row: SqlRow | undefined): SqlRow | undefined => row && rounded(row)

function rounded(row: SqlRow): SqlRow {
  const plain: Record<string, SqlValue> = {}
  for (const column of Object.keys(row)) {
    const value = row[column] ?? null
    plain[column] = typeof value === 'bigint' ? Number(value) : value
  }
  return plain
}

/** As much of Deno as is used here; its own types would clash with Bun's. */
declare const Deno: {
  readonly mainModule: string
  execPath(): string
}
