import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { configure } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'

// Commands that look, and a database in which nothing was made yet, or that an earlier version has made.

const skip = withoutPostgres()

describe('a command that looks', { skip, timeout: 100_000 }, () => {
  let database: TestPostgres
  before(async () => {
    if (!skip) database = await startPostgres()
  })
  after(() => database?.stop())

  const tablesIn = (store: string) =>
    database
      .query(store, 'SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace')
      .trim()
  const doctor = async (home: string, env: Readonly<Record<string, string>>) => {
    const { code, stdout, stderr } = await cli(['doctor', '--json'], { home, env })
    const all = JSON.parse(stdout) as { name: string; verdict: string; detail: string; fix: string | null }[]
    assert.equal(code, all.some(({ verdict }) => verdict === 'bad') ? 1 : 0, stderr)
    return { code, of: (name: string) => all.find((one) => one.name === name) }
  }

  it('makes no table in an empty database, and doctor says what does', async () => {
    const store = database.newSchema()
    const home = await scratchHome()
    mkdirSync(home, { mode: 0o700 })
    configure(home, {
      webhooks: {
        enabled: true,
        secret: 'at least sixteen characters',
        hooks: { push: { name: 'push', path: '/api/hooks/push', messageTemplate: 'x', session: 'none' } },
      },
    })
    const env = { POSTERN_STORE: store }
    for (const look of ['doctor', 'check', 'hooks ls', '__complete revoke ']) {
      const { stderr } = await cli(look.split(' '), { home, env })
      assert.equal(tablesIn(store), '0', `${look}: ${stderr}`)
    }
    const { code, of } = await doctor(home, env)
    assert.equal(code, 0)
    assert.match(of('store')?.detail ?? '', /^postgres:.* is empty: nothing is stored there yet$/)
    assert.deepEqual([of('store')?.verdict, of('store')?.fix], ['note', 'postern serve makes the tables'])
    assert.equal(of('home')?.verdict, 'ok')
    assert.equal(tablesIn(store), '0')
    assert.equal(existsSync(join(home, 'name')), false)
    const server = await serve(home, { env })
    assert.notEqual(tablesIn(store), '0')
    assert.equal((await doctor(home, env)).of('store')?.verdict, 'ok')
    await server.stop()
  })

  it('leaves the tables of an earlier version as they are', async () => {
    const store = database.newSchema()
    const home = await scratchHome()
    const env = { POSTERN_STORE: store }
    await (await serve(home, { env })).stop()
    const version = () => database.query(store, 'SELECT version FROM postern_schema').trim()
    const now = version()
    database.query(store, 'UPDATE postern_schema SET version = version - 1')
    const { code, of } = await doctor(home, env)
    assert.equal(code, 0)
    assert.match(of('store')?.detail ?? '', /has the tables of an earlier version$/)
    assert.equal(version(), `${Number(now) - 1}`)
  })

  it('says what is wrong with the keys of a door that has not started yet', async () => {
    const home = await scratchHome()
    mkdirSync(join(home, 'keys'), { recursive: true, mode: 0o700 })
    writeFileSync(join(home, 'name'), 'door\n')
    const env = { POSTERN_STORE: database.newSchema(), POSTERN_SIGNING_KEYS: 'cut' }
    const { code, of } = await doctor(home, env)
    assert.equal(code, 1)
    assert.match(of('home')?.detail ?? '', /POSTERN_SIGNING_KEYS/)
  })
})
