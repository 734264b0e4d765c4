import type { Sql } from '../connection.ts'
import { number } from '../rows.ts'

/** What our promises lean on. */
export const settingNames = ['fsync', 'full_page_writes', 'synchronous_commit'] as const

/** The same, as it is asked of the server. */
const settings = `SELECT current_setting('server_version_num') AS version, current_setting('fsync') AS fsync,
  current_setting('full_page_writes') AS pages, current_setting('synchronous_commit') AS commits,
  current_setting('server_encoding') AS encoding`

/** Such as hold every text. */
const encodings: readonly unknown[] = ['UTF8', 'SQL_ASCII']

/** Settings with which a server would lose what it has acknowledged, or cannot hold what comes, a sentence each. */
export function wrongSettings(sql: Sql): readonly string[] {
  const row = sql(settings).get()
  return [
    ...(number(row?.version) < 140_000 ? ['the server is older than PostgreSQL 14'] : []),
    ...(row?.fsync === 'off' ? ['fsync is off: what is answered could be lost with the power'] : []),
    ...(row?.pages === 'off' ? ['full_page_writes is off: a power cut could damage the database'] : []),
    ...(row?.commits === 'off' ? ['synchronous_commit is off: what is answered could be lost'] : []),
    ...(encodings.includes(row?.encoding)
      ? []
      : [
          `the encoding of the database is ${row?.encoding}, which lacks most characters: create it with ENCODING 'UTF8'`,
        ]),
  ]
}
