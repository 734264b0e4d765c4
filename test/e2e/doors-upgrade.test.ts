import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { deliveryIdBytes, deliveryIdOf } from '../../src/domain/delivery.ts'
import { cli, scratchHome } from '../support/binary.ts'
import { type Door, knock, openDoor } from '../support/fleet.ts'
import { until } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'
import { openReceiver } from '../support/receiver.ts'

// Doors of this version at a store in PostgreSQL that earlier ones have left, or still serve.

const skip = withoutPostgres()
const migrations = resolve(import.meta.dirname, '../../src/store/postgres/migrations')
const newest = readdirSync(migrations).length

describe('doors at a store of an earlier version', { skip, timeout: 200_000 }, () => {
  let database: TestPostgres
  before(async () => {
    if (!skip) database = await startPostgres()
  })
  after(() => database?.stop())

  const versionOf = (store: string) => database.query(store, 'SELECT version FROM postern_schema')

  /** A store as `schema` migrations leave it. */
  function oldStore(schema: number): string {
    const store = database.newSchema()
    for (const file of readdirSync(migrations).toSorted().slice(0, schema))
      database.query(store, readFileSync(join(migrations, file), 'utf8'))
    database.query(
      store,
      `CREATE TABLE postern_schema (version bigint NOT NULL); INSERT INTO postern_schema VALUES (${schema})`,
    )
    return store
  }

  /** Sessions, a grant, and messages in every kind of wait: due, under way, owed to a caller, for a machine that is away. */
  function fill(
    store: string,
    { home, grant, callback }: Readonly<Record<'home' | 'grant' | 'callback', string>>,
  ) {
    const now = Date.now()
    const command = (file: string) =>
      JSON.stringify({
        command: ['sh', '-c', `cat >> '${home}/${file}'; echo >> '${home}/${file}'`],
        cwd: home,
      })
    const id = (seq: number) => deliveryIdOf(now - 60_000, seq, new Uint8Array(deliveryIdBytes))
    const row = (
      seq: number,
      session: string,
      phase: string,
      attempts: number,
      lease: string,
      extra = '{}',
    ) =>
      `(${seq}, '${id(seq)}', '${session}', 'grant:${grant}', '${extra === '{}' ? 'input' : 'turn'}', 'PENDING', '${phase}', ${now}, ${now}, ${now},
        ${now + 3_600_000}, ${attempts}, 0, ${lease}, 'message ${seq}', '${extra}')`
    database.query(
      store,
      `INSERT INTO hosts (name, epoch, token_hash, created_at, alive_until, seen_at) VALUES ('laptop', 1, 'cafe', ${now - 9_000_000}, ${now - 60_000}, ${now - 70_000});
      INSERT INTO sessions (id, generation, driver, settings, state, opened_at, host) VALUES
        ('build', 'g1', 'command', '${command('build').replaceAll("'", "''")}', 'live', ${now}, NULL),
        ('far', 'g2', 'command', '{}', 'live', ${now}, 'laptop');
      INSERT INTO grants (id, channel, verb, created_at) VALUES ('${grant}', 'postern:/sessions/build', 'send_input', ${now});
      INSERT INTO deliveries (seq, id, session, source, action, state, phase, received_at, stored_at, due_at, expires_at, attempts,
        failures, leased_until, message, extra) VALUES
        ${row(1, 'build', 'deliver', 1, `${now + 3_600_000}`)}, ${row(2, 'build', 'deliver', 0, 'NULL')},
        ${row(3, 'build', 'callback', 2, `${now + 3_600_000}`, JSON.stringify({ callbackUrl: callback }))},
        ${row(4, 'far', 'deliver', 0, 'NULL')}, ${row(5, 'build', 'deliver', 0, 'NULL')};
      INSERT INTO attempts (delivery, number, started_at) VALUES (1, 1, ${now}), (3, 2, ${now});
      INSERT INTO tallies (kind, name, n) VALUES ('state', 'PENDING', 5), ('queue', 'build', 4), ('queue', 'far', 1)`,
    )
  }

  for (const schema of [2, 3, 4])
    it(`of schema ${schema} deliver what waits there, and let in whom that let in`, async () => {
      const receiver = await openReceiver()
      const home = await scratchHome()
      const minted = await cli(['expose', '--session', 'default', '--quiet'], { home })
      const listed = await cli(['ls', '--json'], { home })
      const [{ id }] = JSON.parse(listed.stdout) as [{ id: string }]
      const store = oldStore(schema)
      fill(store, { home, grant: id, callback: `${receiver.url}/done` })
      database.query(store, `UPDATE grants SET channel = 'postern:/sessions/default'`)
      const config = { server: { callbacks: { allow: ['127.0.0.1'] } } }
      const door = await openDoor({ home, config, args: ['--store', store] })
      const got = () => {
        try {
          return readFileSync(join(home, 'build'), 'utf8').split('\n').filter(Boolean)
        } catch {
          return []
        }
      }
      await until('all are there', () => got().length >= 3, 10_000)
      assert.deepEqual(got(), ['message 1', 'message 2', 'message 5'])
      await receiver.next(({ path }) => path === '/done')
      await until('the rest waits for its machine', async () => {
        const states = (await door.states()).map(({ message, state }) => `${message} ${state}`).toSorted()
        const expected = [1, 2, 3, 4, 5].map((n) => `message ${n} ${n === 4 ? 'PENDING' : 'DELIVERED'}`)
        return JSON.stringify(states) === JSON.stringify(expected)
      })
      const { pathname } = new URL(minted.stdout.trim())
      assert.equal((await knock(door.url + pathname, 'still open')).status, 202)
      assert.equal(versionOf(store), `${newest}`)
      assert.equal(await door.server.stop(), 0)
      receiver.close()
    })

  const opened = async (store: string, more: object = {}) => openDoor({ args: ['--store', store], ...more })

  it('change no table while one of the earlier version serves it, which goes on', async () => {
    const store = database.newSchema()
    const old: Door = await opened(store, { name: 'old' })
    const url = await old.expose('default')
    const before = newest - 1
    // As far as this matters: what that version has open is no table of the newest.
    database.query(store, `UPDATE postern_schema SET version = ${before}`)
    await assert.rejects(opened(store, { beside: old.home }), /an earlier version serves it.*Stop every one/)
    const { code, stderr } = await cli(['--store', store, 'ls'], { home: await scratchHome() })
    assert.notEqual(code, 0)
    assert.match(stderr, /the tables of an earlier version; stop every server of that version/)
    assert.equal(versionOf(store), `${before}`)
    for (let n = 0; n < 5; n += 1) assert.equal((await knock(url, `meanwhile ${n}`)).status, 202)
    database.query(store, `UPDATE postern_schema SET version = ${newest}`)
    const young = await opened(store, { beside: old.home })
    assert.equal((await young.states()).length, 5)
    for (const { server } of [young, old]) assert.equal(await server.stop(), 0)
  })

  it('acknowledge nothing where the tables became a newer version’s while they were cut off', async () => {
    const store = database.newSchema()
    const door = await opened(store)
    const url = await door.expose('default')
    assert.equal((await knock(url, 'before')).status, 202)
    database.query(
      store,
      `UPDATE postern_schema SET version = ${newest + 1};
       SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postern'`,
    )
    const until = performance.now() + 3000
    for (let n = 0; performance.now() < until; n += 1) {
      const { status } = await knock(url, `meanwhile ${n}`)
      assert.equal(status, 503)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    assert.equal((await fetch(`${door.url}/readyz`)).status, 503)
    assert.equal(database.query(store, 'SELECT count(*) FROM deliveries'), '1')
    await door.server.stop()
  })

  it('that start in one moment change the tables once, and all serve', async () => {
    const first = await opened(database.newSchema())
    assert.equal(await first.server.stop(), 0)
    for (const store of [oldStore(newest - 2), database.newSchema()]) {
      const doors = await Promise.all(
        ['one', 'two', 'three'].map((name) => opened(store, { name, beside: first.home })),
      )
      assert.equal(versionOf(store), `${newest}`)
      const url = new URL(await (doors[0] as Door).expose('default')).pathname
      for (const door of doors) assert.equal((await knock(door.url + url, 'x')).status, 202)
      for (const { server } of doors) assert.equal(await server.stop(), 0)
    }
  })
})
