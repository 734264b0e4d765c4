import { Failure } from '../domain/error.ts'
import type { Database } from '../platform/platform.ts'
import init from './migrations/0001_init.sql' with { type: 'text' }
import typedFacts from './migrations/0002_typed_facts.sql' with { type: 'text' }
import version02 from './migrations/0003_version_0_2.sql' with { type: 'text' }
import changes from './migrations/0004_changes.sql' with { type: 'text' }
import version03 from './migrations/0005_version_0_3.sql' with { type: 'text' }
import history from './migrations/0006_history.sql' with { type: 'text' }
import hosts from './migrations/0007_hosts.sql' with { type: 'text' }

/** Numbered from 1; a migration that was released is never edited. */
const migrations: readonly string[] = [init, typedFacts, version02, changes, version03, history, hosts]

/** The first schema with a mark of the home and the signing keys it knows. */
export const markSchema = 3

/** Written into the file's header: "Pstn". Tells our databases from those of other programs. */
const applicationId = 0x5073746e

/** Is given the schema so far; throws to refuse the upgrade. What it returns undoes it when the upgrade fails. */
export type BeforeUpgrade = (version: number) => () => void

/**
 * Brings a database to the schema of this version, in one transaction. `beforeUpgrade` is called inside of it for a database
 * that has a schema; when it throws, nothing is changed.
 */
export function migrate(database: Database, beforeUpgrade?: BeforeUpgrade): void {
  if (versionOf(database) === migrations.length) return
  database.exec('BEGIN IMMEDIATE')
  // Another process may have done it while this one waited for the lock.
  const version = versionOf(database)
  const undo = version > 0 && version < migrations.length ? beforeUpgrade?.(version) : undefined
  try {
    for (const [i, statements] of migrations.entries()) if (i >= version) database.exec(statements)
    database.exec(`PRAGMA user_version = ${migrations.length}`)
    database.exec(`PRAGMA application_id = ${applicationId}`)
    database.exec('COMMIT')
  } catch (thrown) {
    undo?.()
    throw thrown
  }
}

/** How far the schema is; zero for an empty file only. Changes nothing. Throws `home_unusable` for what is not ours. */
export function versionOf(database: Database): number {
  const version = numberOf(database, 'PRAGMA user_version')
  const tables = numberOf(database, 'SELECT COUNT(*) FROM sqlite_schema')
  if (tables > 0 && numberOf(database, 'PRAGMA application_id') !== applicationId)
    throw new Failure(
      'home_unusable',
      'The file postern.db was written by another program. Move it away, or use another --home.',
    )
  if (version > migrations.length)
    throw new Failure(
      'home_unusable',
      `postern.db was written by a newer postern (schema ${version}, this one knows ${migrations.length}). Upgrade postern.`,
    )
  return version
}

const numberOf = (database: Database, query: string): number =>
  Number(Object.values(database.prepare(query).get() ?? {})[0] ?? 0)
