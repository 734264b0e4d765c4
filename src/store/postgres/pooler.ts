import { Failure } from '../../domain/error.ts'
import { openDatabase, type PostgresDatabase, type PostgresDeps } from './database.ts'

/**
 * Throws `home_unusable` behind a pooler that gives a connection another process of the server for each transaction, or each statement: what
 * a server holds for as long as it is connected would belong to somebody else then, and nobody would tell it what others write. So it does
 * behind one that drops the schema of the address.
 */
export function refusePooled(database: PostgresDatabase, deps: PostgresDeps): void {
  const { by, named } = database.served()
  if (by === named) return
  const other = openDatabase(deps)
  try {
    for (let look = 0; look < looks; look += 1) if (isShared(database, other)) throw pooled()
  } finally {
    other.close()
  }
  const wanted = new URL(deps.url).searchParams.get('search_path')
  if (wanted !== null && database.ask(`SELECT current_setting('search_path') AS path`)[0]?.path !== wanted)
    throw new Failure('home_unusable', 'The pooler before PostgreSQL drops the search_path of the address.')
}

/** Others may have taken the process in between that would have shown it. */
const looks = 5

/** Whether the process that serves a connection serves another one, too, or does no more while that is in a transaction. */
function isShared(database: PostgresDatabase, other: PostgresDatabase): boolean {
  const { by } = database.served()
  try {
    other.exec('BEGIN')
  } catch {
    // Refused where each statement has a process of its own. Throws where the server is gone.
    database.served()
    return true
  }
  const isSame = other.served().by === by || database.served().by !== by
  other.exec('ROLLBACK')
  return isSame
}

const pooled = (): Failure =>
  new Failure(
    'home_unusable',
    'A pooler before PostgreSQL gives each transaction another connection. Postern needs one for as long as it runs: name the server itself, or a pool of whole sessions (PgBouncer: pool_mode = session).',
  )
