import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Failure } from '../../../src/domain/error.ts'
import { storeToMake } from '../../../src/domain/home-state.ts'
import { openReader } from '../../../src/store/reader.ts'
import { openStore } from '../../../src/store/sqlite.ts'
import { draftOf, noon } from '../../support/drafts.ts'
import { currentPlatform } from '../../support/platform.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../../support/postgres.ts'

// Who may make tables in a database of a server, or change them: a server, and nobody else.

const entry = new URL('../../fixtures/store-thread.ts', import.meta.url).href
const migrations = resolve(import.meta.dirname, '../../../src/store/postgres/migrations')
const newest = readdirSync(migrations).length
const skip = withoutPostgres()

let database: TestPostgres
let scratch: string
before(async () => {
  if (skip) return
  database = await startPostgres()
  scratch = mkdtempSync(join(tmpdir(), 'postern-makes-'))
})
after(async () => {
  if (skip) return
  await database.stop()
  rmSync(scratch, { recursive: true, force: true })
})

const deps = async (url: string) => ({
  ...{ platform: await currentPlatform(), path: ':memory:', now: () => noon },
  postgres: { url, entry },
})

const open = async (url: string, role: 'server' | 'client', home = new URL(url).search.slice(1)) =>
  openStore({ ...(await deps(url)), keysDir: join(scratch, home), role })

/** Everything that belongs to the database, by catalogue and content. */
const everything = (url: string) => [
  database.query(
    url,
    `SELECT relnamespace::regnamespace, relkind, relname FROM pg_class WHERE relnamespace::regnamespace::text NOT LIKE 'pg_toast%' ORDER BY 1, 2, 3`,
  ),
  database.query(url, 'SELECT nspname FROM pg_namespace ORDER BY 1'),
  database.query(
    url,
    'SELECT proname FROM pg_proc WHERE pronamespace::regnamespace::text ~ $$^(store|public)$$ ORDER BY 1',
  ),
  // Each dump has a word of its own, that restricts what may come between.
  database.dump(url).replaceAll(/^\\(un)?restrict .*$/gm, ''),
]

/** The refusal of whatever does not serve; nothing is changed by it. */
async function refusal(url: string): Promise<Failure> {
  const found = everything(url)
  const refusals = [
    await open(url, 'client').catch((thrown: unknown) => thrown),
    await deps(url)
      .then(openReader)
      .catch((thrown: unknown) => thrown),
  ]
  assert.deepEqual(everything(url), found)
  const [first, second] = refusals
  assert.ok(first instanceof Failure && second instanceof Failure)
  assert.deepEqual([first.code, first.message], ['home_unusable', second.message])
  return first
}

describe('a store in PostgreSQL', { skip, timeout: 60_000 }, () => {
  it('is made by a server alone', async () => {
    const url = database.newSchema()
    const withPassword = url.replace('postgres@', 'postgres:s3cret@')
    const thrown = await refusal(withPassword)
    assert.equal(
      thrown.message,
      `${url} has no tables of Postern: nothing is stored there yet; if that is the right address, start postern serve with it first, which makes them.`,
    )
    assert.equal(storeToMake(thrown)?.isBlank, true)
    const server = await open(url, 'server')
    await server.recordDelivery(draftOf())
    await server.close()
    const client = await open(url, 'client')
    assert.equal((await client.listDeliveries({ limit: 9 })).length, 1)
    await client.close()
  })

  it('is not begun beside the tables of another program', async () => {
    const url = database.newSchema()
    database.query(url, `CREATE TABLE invoices (id bigint PRIMARY KEY); INSERT INTO invoices VALUES (1)`)
    assert.match((await refusal(url)).message, /has no tables of Postern/)
  })

  it('is changed by nobody who only opens it', async () => {
    const url = database.newSchema()
    await (await open(url, 'server')).close()
    const found = everything(url)
    for (let looks = 0; looks < 2; looks += 1) {
      const client = await open(url, 'client')
      await client.counts()
      await client.listSessions()
      await client.close()
    }
    assert.deepEqual(everything(url), found)
    // As a server leaves it that was killed right after it made the tables.
    database.query(url, 'DELETE FROM home_mark')
    const unmarked = everything(url)
    await (await open(url, 'client', 'another')).close()
    assert.deepEqual(everything(url), unmarked)
  })

  it('of an earlier version is brought up to date by a server alone', async () => {
    const url = database.newSchema()
    for (const file of readdirSync(migrations).toSorted().slice(0, -1))
      database.query(url, readFileSync(join(migrations, file), 'utf8'))
    const made = `CREATE TABLE postern_schema (version bigint NOT NULL); INSERT INTO postern_schema VALUES (${newest - 1})`
    database.query(url, made)
    const thrown = await refusal(url)
    assert.equal(
      thrown.message,
      `${url} has the tables of an earlier version; stop every server of that version, then start postern serve, which brings them up to date.`,
    )
    assert.equal(storeToMake(thrown)?.isBlank, false)
    await (await open(url, 'server')).close()
    assert.equal(database.query(url, 'SELECT version FROM postern_schema'), `${newest}`)
  })
})
