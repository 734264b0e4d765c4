import assert from 'node:assert/strict'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'
import { startProxy } from '../support/tcp-proxy.ts'

// Everything in PostgreSQL instead of a file in the home.

const skip = withoutPostgres()
let database: TestPostgres
before(async () => {
  if (!skip) database = await startPostgres()
})
after(() => database?.stop())

const post = (url: string, message: string): Promise<number> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=0' },
    body: JSON.stringify({ message }),
  }).then(
    ({ status }) => status,
    () => 0,
  )

interface Listed {
  readonly message: string
  readonly state: string
}

async function listed(home: string): Promise<readonly Listed[]> {
  const { stdout } = await cli(['deliveries', 'ls', '--json', '--limit', '100000'], { home })
  return JSON.parse(stdout) as Listed[]
}

async function mint(home: string, session: string): Promise<string> {
  const { stdout, stderr } = await cli(['expose', '--session', session, '--quiet'], { home })
  assert.equal(stderr, '')
  return stdout.trim()
}

describe('a server with --store', { skip, timeout: 120_000 }, () => {
  it('loses nothing it has answered 2xx, through kill -9 and through crashes of the database', async () => {
    const home = await scratchHome()
    const store = database.newSchema()
    let server = await serve(home, { args: ['--store', store] })
    // Commands of that home find the store by the word of its server.
    await cli(['session', 'add', 'echo', '--driver', 'command', '--', 'cat'], { home })
    const path = new URL(await mint(home, 'echo')).pathname
    const taken: string[] = []
    const refused = new Map<number, number>()
    let isOver = false
    const knocking = Array.from({ length: 8 }, async (_, knocker) => {
      for (let i = 0; !isOver; i++) {
        const message = `${knocker}.${i}`
        const status = await post(server.url + path, message)
        if (status === 202 || status === 200) taken.push(message)
        else {
          refused.set(status, (refused.get(status) ?? 0) + 1)
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }
    })
    const until = async (count: number) => {
      while (taken.length < count) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await until(20)
    await database.crash()
    await database.start()
    await until(taken.length + 20)
    await server.kill9()
    server = await serve(home, { args: ['--store', store] })
    await until(taken.length + 20)
    isOver = true
    await Promise.all(knocking)
    const stored = (await listed(home)).map(({ message }) => message)
    assert.deepEqual(
      taken.filter((message) => !stored.includes(message)),
      [],
    )
    assert.equal(new Set(stored).size, stored.length, 'a message is stored twice')
    // While the database was gone nobody was told that it has a message, and nobody was told that his URL is wrong.
    assert.deepEqual(
      [...refused.keys()].filter((status) => status !== 503 && status !== 0),
      [],
    )
    assert.equal(await server.stop(), 0)
  })

  it('goes on without a server, too', async () => {
    const home = await scratchHome()
    const store = database.newSchema()
    const env = { POSTERN_STORE: store }
    const server = await serve(home, { env })
    const url = await mint(home, 'default')
    assert.equal(await post(url, 'one'), 202)
    await server.stop()
    await mint(home, 'default')
    assert.deepEqual(
      (await listed(home)).map(({ message }) => message),
      ['one'],
    )
    const { stdout, stderr } = await cli(['doctor'], { home })
    assert.match(stdout, /store +ok/, stderr)
    const { code, stderr: why } = await cli(['backup', `${home}/copy.db`], { home })
    assert.equal(code, 2)
    assert.match(why, /pg_dump/)
    // The configuration does as well as the flag; a home that has neither has a file.
    const { stdout: file } = await cli(['deliveries', 'ls', '--json'], { home: await scratchHome() })
    assert.deepEqual(JSON.parse(file), [])
  })

  it('behind a pooler that eats what comes unasked looks for what others write, and says so', async () => {
    const home = await scratchHome()
    const store = database.newSchema()
    const proxy = await startProxy(store)
    const server = await serve(home, { args: ['--store', proxy.address] })
    const listening = async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text()
      return /^postern_store_listening (\d)$/m.exec(text)?.[1]
    }
    const until = async (expected: string) => {
      const deadline = AbortSignal.timeout(12_000)
      while ((await listening()) !== expected) {
        assert.ok(!deadline.aborted, `postern_store_listening stays ${await listening()}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
    const seen = async (session: string) => {
      const add = ['session', 'add', session, '--driver', 'command', '--', 'cat']
      assert.equal((await cli(['--store', store, ...add], { home })).code, 0)
      const sent = await cli(['send', '--session', session, '--timeout', '10', 'hello'], { home })
      assert.equal(sent.code, 0, sent.stderr)
    }
    await until('1')
    await seen('heard')
    proxy.eatNotifications(true)
    await until('0')
    assert.match(server.stderr(), /store\.deaf/)
    const { code, stdout } = await cli(['doctor'], { home })
    assert.equal(code, 0)
    assert.match(stdout, /server +note +its database does not tell it what others write/)
    assert.match(stdout, /help troubleshooting store\.deaf/)
    await seen('looked-for')
    proxy.eatNotifications(false)
    await until('1')
    assert.match(server.stderr(), /store\.listening/)
    assert.doesNotMatch((await cli(['doctor'], { home })).stdout, /does not tell it/)
    assert.equal(await server.stop(), 0)
    await proxy.close()
  })

  it('has doctor tell that the keys of its home are gone', async () => {
    const home = await scratchHome()
    const server = await serve(home, { env: { POSTERN_STORE: database.newSchema() } })
    await mint(home, 'default')
    await server.stop()
    assert.equal((await cli(['doctor'], { home })).code, 0)
    for (const file of readdirSync(join(home, 'keys')))
      if (file.endsWith('.key')) rmSync(join(home, 'keys', file))
    const { code, stdout } = await cli(['doctor'], { home })
    assert.equal(code, 1)
    assert.match(stdout, /home +bad .*key/)
    assert.match(stdout, /postern keys new/)
  })

  it('says what is wrong with its address, and never shows the password', async () => {
    const home = await scratchHome()
    const port = new URL(database.url).port
    for (const [address, expected] of [
      ['mysql://db/x', /must be an address such as postgres:/],
      [`postgres://me:s3cret@127.0.0.1:${port}/nowhere`, /Cannot use the store .*nowhere/],
      ['postgres://me:s3cret@127.0.0.1:9/x', /Cannot use the store .*(ECONNREFUSED|connect)/],
      ['postgres://me:s3cret@127.0.0.1/x?passfile=/none', /Cannot read \/none/],
    ] as const) {
      const { code, stderr } = await cli(['--store', address, 'ls'], { home })
      assert.notEqual(code, 0)
      assert.match(stderr, expected)
      assert.doesNotMatch(stderr, /s3cret/)
    }
  })
})
