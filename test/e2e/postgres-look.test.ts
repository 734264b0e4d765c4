import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { configure } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'

// Commands that look, and a database in which nothing was made yet, or that an earlier version has made.

const skip = withoutPostgres()

/** What pg_dump draws anew each time. */
const withoutKey = (dump: string) => dump.replaceAll(/^\\(un)?restrict .*$/gm, '')

/** What a database says that is not ready. */
const starting = (() => {
  const fields = Buffer.from('SFATAL\0C57P03\0Mthe database system is starting up\0\0')
  const length = Buffer.alloc(4)
  length.writeInt32BE(fields.length + 4)
  return Buffer.concat([Buffer.from('E'), length, fields])
})()

/** A way to a database that counts connections, and refuses each where it is not there. */
async function countingProxy(store: string) {
  const address = new URL(store)
  const target = { host: address.hostname, port: Number(address.port) }
  let count = 0
  let isThere = true
  const server = createServer((near) => {
    count += 1
    if (!isThere) return near.end(starting)
    const far = connect(target)
    near.on('error', () => far.destroy()).pipe(far)
    far.on('error', () => near.destroy()).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address.port = `${(server.address() as AddressInfo).port}`
  return {
    address: address.href,
    begin: (there: boolean) => {
      count = 0
      isThere = there
    },
    count: () => count,
    close: () => server.close(),
  }
}

describe('a command that looks', { skip, timeout: 200_000 }, () => {
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
    for (const look of ['doctor', 'check', 'hooks ls', 'keys export', '__complete revoke ']) {
      const { code, stderr } = await cli(look.split(' '), { home, env })
      assert.equal(code, 0, `${look}: ${stderr}`)
      assert.equal(tablesIn(store), '0', `${look}: ${stderr}`)
      if (look === 'check')
        assert.match(stderr, /^warning: postgres:.* has no tables of Postern.*start postern serve/)
      if (look === 'hooks ls')
        assert.match(stderr, /^No hook is paused: postgres:.* has no tables of Postern/)
    }
    const { code, of } = await doctor(home, env)
    assert.equal(code, 0)
    assert.match(
      of('store')?.detail ?? '',
      /^postgres:.* has no tables of Postern: nothing is stored there yet$/,
    )
    assert.deepEqual(
      [of('store')?.verdict, of('store')?.fix],
      ['note', 'if that is the right address, start postern serve with it first, which makes them'],
    )
    assert.equal(of('home')?.verdict, 'ok')
    assert.equal(tablesIn(store), '0')
    assert.equal(existsSync(join(home, 'name')), false)
    const server = await serve(home, { env })
    assert.notEqual(tablesIn(store), '0')
    assert.equal((await doctor(home, env)).of('store')?.verdict, 'ok')
    await server.stop()
  })

  const refused = [
    ...[
      'ls',
      'session ls',
      'session show default',
      'deliveries ls',
      'deliveries tail',
      'inbox --session default',
    ],
    ...['refusals ls', 'notices ls', 'hosts ls', 'decide ls'],
    ...[
      'session add build --driver inbox',
      'expose --session default',
      'pause session:default',
      'hosts add anna',
    ],
    ...['keys rotate', 'run --session build -- true'],
  ]

  it('or writes without a server changes nothing in a database that is not ours, and says what is wrong', async () => {
    const store = database.newSchema()
    database.query(store, 'CREATE TABLE invoices (id bigint); INSERT INTO invoices VALUES (1)')
    const found = database.dump(store)
    const home = await scratchHome()
    const env = { POSTERN_STORE: store.replace('postgres@', 'postgres:s3cret@') }
    assert.equal((await cli(['__complete', 'revoke', ''], { home, env })).code, 0)
    assert.equal(existsSync(home), false)
    for (const command of refused) {
      const { code, stdout, stderr } = await cli(command.split(' '), { home, env })
      assert.deepEqual([code, stdout], [1, ''], `${command}: ${stderr}`)
      assert.equal(
        stderr,
        `postern: ${store} has no tables of Postern: nothing is stored there yet; if that is the right address, start postern serve with it first, which makes them.\n`,
      )
    }
    assert.equal(withoutKey(database.dump(store)), withoutKey(found))
    assert.equal(tablesIn(store), '1')
  })

  it('finds keys that were printed before the first start good after it', async () => {
    const home = await scratchHome()
    const env = { POSTERN_STORE: database.newSchema() }
    const printed = await cli(['keys', 'export'], { home, env })
    const server = await serve(home, { env })
    assert.equal((await cli(['keys', 'export'], { home, env })).stdout, printed.stdout)
    await server.stop()
  })

  it('connects no more often than it must', async () => {
    const store = database.newSchema()
    const home = await scratchHome()
    await (await serve(home, { env: { POSTERN_STORE: store } })).stop()
    const counted = await countingProxy(store)
    const connections = async (isThere: boolean, command: string) => {
      counted.begin(isThere)
      const { stderr } = await cli(command.split(' '), { home, env: { POSTERN_STORE: counted.address } })
      assert.ok(counted.count() > 0, stderr)
      return counted.count()
    }
    assert.deepEqual(
      [
        await connections(true, '__complete revoke '),
        await connections(true, 'doctor'),
        await connections(true, 'ls'),
      ],
      [1, 2, 1],
    )
    assert.deepEqual(
      [
        await connections(false, '__complete revoke '),
        await connections(false, 'doctor'),
        await connections(false, 'check'),
      ],
      [1, 1, 1],
    )
    counted.close()
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
    for (const command of ['ls', 'session add build --driver inbox']) {
      const { code, stderr } = await cli(command.split(' '), { home, env })
      assert.equal(code, 1)
      assert.match(
        stderr,
        /has the tables of an earlier version; stop every server of that version, then start postern serve/,
      )
    }
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
