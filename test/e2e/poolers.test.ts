import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { knock, openDoor } from '../support/fleet.ts'
import { until } from '../support/hooks.ts'
import { startPooler, withoutPooler } from '../support/pgbouncer.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'

// Doors that reach their database by way of a pooler.

const skip = withoutPostgres() || withoutPooler

describe('a door behind PgBouncer', { skip, timeout: 200_000 }, () => {
  let database: TestPostgres
  before(async () => {
    if (!skip) database = await startPostgres()
  })
  after(() => database?.stop())

  /** A database of its own: PgBouncer knows nothing of `search_path`. */
  const newDatabase = (name: string): string => {
    database.query(database.url, `CREATE DATABASE ${name}`)
    return database.url.replace(/postgres$/, name)
  }

  for (const [name, mode, ...settings] of [
    ['transactions', 'transaction'],
    ['turns', 'transaction', 'server_round_robin = 1'],
    ['single', 'transaction', 'default_pool_size = 1'],
    ['statements', 'statement'],
  ] as const)
    it(`in pool_mode ${[mode, ...settings].join(', ')} does not start, nor does a command, and say why`, async () => {
      const address = newDatabase(name)
      const pooler = await startPooler(address, mode, settings)
      const home = await scratchHome()
      await assert.rejects(serve(home, { args: ['--store', pooler.address] }), /pool_mode = session/)
      const { code, stderr } = await cli(['--store', pooler.address, 'ls'], { home })
      assert.notEqual(code, 0)
      assert.match(stderr, /pool_mode = session/)
      await pooler.stop()
      assert.equal(database.query(address, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`), '0')
    })

  it('in pool_mode transaction does not start beside one that serves the database itself', async () => {
    const address = newDatabase('beside')
    const a = await openDoor({ args: ['--store', address] })
    const url = await a.expose('default')
    const pooler = await startPooler(address, 'transaction')
    await assert.rejects(
      openDoor({ args: ['--store', pooler.address], beside: a.home }),
      /pool_mode = session/,
    )
    await pooler.stop()
    assert.equal((await knock(url, 'x')).status, 202)
    assert.equal(await a.server.stop(), 0)
  })

  it('in pool_mode session is one as any other: it hears what others write, and keeps its place', async () => {
    const address = newDatabase('sessions')
    const pooler = await startPooler(address, 'session')
    const a = await openDoor({ args: ['--store', pooler.address], name: 'door-a' })
    const b = await openDoor({ args: ['--store', pooler.address], name: 'door-b', beside: a.home })
    for (const { url } of [a, b])
      await until('it listens', async () => {
        const answer = await fetch(`${url}/readyz`)
        return answer.status === 200 && ((await answer.json()) as { listening?: boolean }).listening === true
      })
    const agent = await a.agent('build')
    const url = new URL(await b.expose('build')).pathname
    const took: number[] = []
    for (let n = 0; n < 20; n += 1) {
      const began = performance.now()
      assert.equal((await knock(b.url + url, `message ${n}`, 10)).status, 200)
      took.push(performance.now() - began)
    }
    assert.deepEqual(
      agent.got(),
      Array.from({ length: 20 }, (_, n) => `message ${n}`),
    )
    assert.ok(Math.min(...took) < 900, `nothing is heard, each looks by itself: ${took.map(Math.round)}`)
    const restored = await a.postern('restore', '--accept-loss')
    assert.notEqual(restored.code, 0)
    assert.equal(await a.server.stop(), 0)
    await b.server.kill9()
    assert.equal(await (await b.again()).stop(), 0)
    await pooler.stop()
  })
})
