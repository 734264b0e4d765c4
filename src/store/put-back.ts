import { Failure } from '../domain/error.ts'
import type { Accepted, HomeTrouble, KeepGrants, KeyFacts, Restored } from '../domain/home-state.ts'
import type { Host } from '../domain/host.ts'
import { createCache } from './cache.ts'
import type { StoreDeps } from './context.ts'
import { keyFacts } from './inspect.ts'
import { markFileIn, readMark } from './mark.ts'
import { cannotUse, refuseForgetful } from './postgres/connection.ts'
import { openDatabase, type PostgresDatabase, type PostgresDeps } from './postgres/database.ts'
import { troubleIn } from './postgres/era.ts'
import { migrate, storeToMake } from './postgres/migrate.ts'
import { takePlace } from './postgres/place.ts'
import { refusePooled } from './postgres/pooler.ts'
import { takeLock } from './postgres/transaction.ts'
import { isOwn, ownRevocations } from './revocations.ts'
import { number } from './rows.ts'
import { openStore } from './sqlite.ts'

type PlaceDeps = StoreDeps & { readonly postgres: PostgresDeps; readonly keysDir: string }

/** What a home finds at the address of its store. */
export interface Place {
  /** Why the database is not what this home has been writing to; undefined when it is. */
  readonly trouble: HomeTrouble | undefined
  /** What a server has yet to make there. */
  readonly toMake?: ReturnType<typeof storeToMake>
  /** What it knows of keys and doors; undefined in trouble, and where there is something to make. */
  readonly known?: { readonly facts: KeyFacts; readonly hosts: readonly Host[] }
}

/** Changes nothing. Throws `home_unusable` as opening the store would. */
export function lookAtPlace(deps: PlaceDeps): Place {
  const database = opened(deps)
  try {
    const trouble = troubleOf(deps, database)
    if (trouble) return { trouble }
    refuseForgetful(database)
    const toMake = storeToMake(database, deps.postgres.url)
    return { trouble, ...(toMake ? { toMake } : { known: knownIn(database, deps.now()) }) }
  } finally {
    database.close()
  }
}

const knownIn = ({ prepare }: PostgresDatabase, now: number): NonNullable<Place['known']> => ({
  facts: { ...keyFacts(prepare, now), isShared: true },
  hosts: createCache(prepare).hosts(),
})

function opened({ postgres }: PlaceDeps): PostgresDatabase {
  try {
    const database = openDatabase(postgres)
    refusePooled(database, postgres)
    return database
  } catch (cause) {
    throw cannotUse(postgres, cause)
  }
}

const troubleOf = ({ postgres, keysDir }: PlaceDeps, database: PostgresDatabase): HomeTrouble | undefined =>
  troubleIn(postgres, readMark(markFileIn(keysDir, postgres.url)), database)

/**
 * Goes on with a database that was put back, exchanged or emptied. Throws `usage` where it is what this home has been writing to, and
 * `already_running` while somebody serves it.
 */
export async function acceptPutBack(deps: PlaceDeps & KeepGrants): Promise<Accepted> {
  const database = opened(deps)
  try {
    const trouble = troubleOf(deps, database)
    if (!trouble) throw new Failure('usage', 'Nothing is known to be lost here.')
    takePlace(database, 'alone')
    const restored = trouble.kind === 'database_empty' ? undefined : changesOf(deps, database)
    // Whoever is there alone does it: another connection of this process would find the place taken.
    migrate(database, takeLock)
    await (await openStore({ ...deps, accepted: [trouble.kind] })).close()
    return { detail: trouble.detail, ...(restored && { restored }) }
  } finally {
    database.close()
  }
}

/** What going on with it will change, as `restore` counts it. */
function changesOf(
  { revokedFile, keepGrants, now }: PlaceDeps & KeepGrants,
  database: PostgresDatabase,
): Pick<Restored, 'held' | 'revoked'> {
  const sql = database.prepare
  if (keepGrants && revokedFile !== undefined) ownRevocations({ engine: 'postgres', sql }, revokedFile)
  const forgets = revokedFile !== undefined && !isOwn(revokedFile)
  const count = (query: string) => number(database.ask(query)[0]?.n)
  return {
    held: count(`SELECT count(*) AS n FROM deliveries WHERE state IN ('PENDING', 'RETRY')`),
    revoked: forgets
      ? count(
          `SELECT count(*) AS n FROM grants WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ${now()})`,
        )
      : 0,
  }
}
