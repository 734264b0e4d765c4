import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { choosePlatform } from '../../src/platform/choose.ts'
import type { Database, Platform, ServeOptions } from '../../src/platform/platform.ts'
import { within } from '../../src/wait.ts'

/** One suite for every runtime: it holds for the one that runs it. */
let platform: Platform
let folder: string

before(async () => {
  platform = await choosePlatform()
  folder = mkdtempSync(join(tmpdir(), 'postern-platform-'))
})

after(() => rmSync(folder, { recursive: true, force: true }))

test('choosePlatform names the runtime at hand', () => {
  assert.equal(platform.runtime, 'Bun' in globalThis ? 'bun' : 'deno')
})

test('selfCommand starts with the runtime itself', () => {
  assert.equal(platform.selfCommand()[0], process.execPath)
})

test('openTerminal is missing where the runtime has none', () => {
  assert.equal(typeof platform.openTerminal, platform.runtime === 'bun' ? 'function' : 'undefined')
})

const values: readonly { readonly title: string; readonly value: string | number | Uint8Array | null }[] = [
  { title: 'null', value: null },
  { title: 'text', value: 'grüße 👋' },
  { title: 'empty text', value: '' },
  { title: 'a time in milliseconds', value: 1_795_000_000_000 },
  { title: 'the largest safe integer', value: Number.MAX_SAFE_INTEGER },
  { title: 'a negative integer', value: -7 },
  { title: 'a fraction', value: 0.1 },
  { title: 'bytes', value: new Uint8Array([0, 255, 10]) },
  { title: 'no bytes', value: new Uint8Array() },
]

for (const { title, value } of values)
  test(`openDatabase keeps ${title}`, () => {
    withTable((database) => {
      database.prepare('INSERT INTO t VALUES (?, ?)').run(1, value)
      assert.deepEqual(database.prepare('SELECT value FROM t').get(), { value })
    })
  })

test('openDatabase reads an integer beyond 2^53 as a number', () => {
  withTable((database) => {
    database.prepare('INSERT INTO t VALUES (?, ?)').run(1, 9_007_199_254_740_993n)
    assert.equal(typeof database.prepare('SELECT value FROM t').get()?.value, 'number')
  })
})

test('Statement.run counts the rows that changed', () => {
  withTable((database) => {
    const insert = database.prepare('INSERT INTO t VALUES (?, ?)')
    assert.equal(insert.run(1, 'a'), 1)
    assert.equal(insert.run(2, 'b'), 1)
    assert.equal(database.prepare("UPDATE t SET value = 'c'").run(), 2)
    assert.equal(database.prepare('DELETE FROM t WHERE id = ?').run(9), 0)
  })
})

test('Statement.get is undefined where there is no row, and all is empty', () => {
  withTable((database) => {
    assert.equal(database.prepare('SELECT * FROM t').get(), undefined)
    assert.deepEqual(database.prepare('SELECT * FROM t').all(), [])
  })
})

test('Statement.all keeps the order', () => {
  withTable((database) => {
    database.exec("INSERT INTO t VALUES (2, 'b'), (1, 'a')")
    assert.deepEqual(database.prepare('SELECT id, value FROM t ORDER BY id').all(), [
      { id: 1, value: 'a' },
      { id: 2, value: 'b' },
    ])
  })
})

test('exec rolls back what a transaction wrote', () => {
  withTable((database) => {
    database.exec('BEGIN IMMEDIATE')
    database.exec("INSERT INTO t VALUES (1, 'a')")
    database.exec('ROLLBACK')
    assert.deepEqual(database.prepare('SELECT * FROM t').all(), [])
  })
})

test('openDatabase leaves foreign keys as SQLite does', () => {
  withTable((database) =>
    assert.deepEqual(database.prepare('PRAGMA foreign_keys').get(), { foreign_keys: 0 }),
  )
})

test('openDatabase writes a file that a second, read-only connection reads but cannot change', () => {
  const path = join(folder, 'shared.db')
  const writer = platform.openDatabase(path)
  writer.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, value); INSERT INTO t VALUES (1, 'a')")
  const reader = platform.openDatabase(path, { readonly: true })
  assert.deepEqual(reader.prepare('SELECT value FROM t').get(), { value: 'a' })
  assert.throws(() => reader.exec("INSERT INTO t VALUES (2, 'b')"))
  reader.close()
  writer.close()
})

test('openDatabase throws for a file that is missing and must not be made', () => {
  assert.throws(() => platform.openDatabase(join(folder, 'missing.db'), { readonly: true }))
})

test('a broken constraint throws', () => {
  withTable((database) => {
    database.exec("INSERT INTO t VALUES (1, 'a')")
    assert.throws(() => database.prepare('INSERT INTO t VALUES (?, ?)').run(1, 'b'))
  })
})

test('serve answers with method, body and peer', async () => {
  const server = await platform.serve(
    optionsFor({
      fetch: async (request) => {
        const peer = server.peerOf(request)
        return Response.json([request.method, await request.text(), peer])
      },
    }),
  )
  const response = await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body: 'hello' })
  assert.deepEqual(await response.json(), ['POST', 'hello', '127.0.0.1'])
  await server.stop(true)
})

test('serve leaves a response as it is, uncompressed', async () => {
  await withServer({ fetch: () => new Response('x'.repeat(10_000)) }, async (url) => {
    const response = await fetch(url, { headers: { 'accept-encoding': 'gzip, br' } })
    assert.equal(response.headers.get('content-encoding'), null)
    assert.equal((await response.text()).length, 10_000)
  })
})

for (const [title, request] of [
  ['a method that no Request has', 'TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['odd bytes in a header', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Odd: \xff\x7f\r\n\r\n'],
  ['a Host that is no host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
] as const)
  test(`serve outlives ${title}`, async () => {
    await withServer({}, async (url, port) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.on('error', () => {})
      const answered = new Promise((resolve) => socket.once('data', resolve).once('close', resolve))
      socket.write(request, 'latin1')
      await answered
      socket.destroy()
      assert.equal(await (await fetch(url)).text(), 'ok')
    })
  })

for (const target of [
  '/',
  '/a',
  '/a/',
  '/a/b',
  '/a//b',
  '/a%2Fb',
  '/a.b/..c',
  '/a?b=/../c',
  '/1/2/3/4/5/6/7/8/9',
])
  test(`serve tells the path of ${target} as it was sent`, async () => {
    assert.equal(await toldOf(target), target)
  })

for (const target of [
  '/x/../hook/t',
  '/./hook/t',
  '/hook/./t',
  '/hook/t/.',
  '/hook/t/x/..',
  '/%2e%2E/hook/t',
  '/x/%2e%2e/hook/t/',
  '/x//../../hook/t',
  '/1/2/3/4/5/6/7/8/9/../../../../../../../../../hook/t',
  '/hook\\t',
  '/x\\../hook\\t',
])
  test(`serve does not tidy ${target} up to another path`, async () => {
    assert.doesNotMatch(await toldOf(target), /^\/hook\/t\/?$/)
  })

/** The path and query in the address of a request for this target. */
async function toldOf(target: string): Promise<string> {
  let told = ''
  const fetch = (request: Request) => {
    told = request.url.replace(/^http:\/\/[^/]*/, '')
    return new Response('ok')
  }
  await withServer({ fetch }, async (_url, port) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const closed = new Promise((resolve) => socket.resume().once('close', resolve))
    socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    await closed
  })
  return told
}

test('serve throws when the port is taken', async () => {
  await withServer({}, async (_url, port) => {
    await assert.rejects(async () => await platform.serve(optionsFor({ port })))
  })
})

test('stop(false) waits for the request in flight and then takes no connection', async () => {
  const entered = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const server = await platform.serve(
    optionsFor({
      fetch: async () => {
        entered.resolve()
        await release.promise
        return new Response('done')
      },
    }),
  )
  const answer = fetch(`http://127.0.0.1:${server.port}/`)
  await entered.promise
  let stopped = false
  const stopping = server.stop(false).then(() => {
    stopped = true
  })
  assert.equal(await isRefused(server.port), true)
  assert.equal(stopped, false)
  release.resolve()
  assert.equal(await (await answer).text(), 'done')
  await stopping
  assert.equal(stopped, true)
})

test('stop(true) after stop(false) finds nothing left to do', async () => {
  const server = await platform.serve(optionsFor({}))
  assert.equal(await (await fetch(`http://127.0.0.1:${server.port}/`)).text(), 'ok')
  await server.stop(false)
  await server.stop(true)
  await server.stop(true)
})

test('stop(false) does not wait for a connection that is only kept alive', { timeout: 10_000 }, async () => {
  const server = await platform.serve(optionsFor({}))
  const socket = connect({ port: server.port, host: '127.0.0.1' })
  socket.on('error', () => {})
  const answered = new Promise((resolve) => socket.once('data', resolve))
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await answered
  assert.ok(await within(server.stop(false), 5000))
  socket.destroy()
})

test('stop(true) does not wait for a handler that hangs', async () => {
  const entered = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const server = await platform.serve(
    optionsFor({
      fetch: async () => {
        entered.resolve()
        await release.promise
        return new Response('late')
      },
    }),
  )
  const answer = fetch(`http://127.0.0.1:${server.port}/`).then(
    () => 'answered',
    () => 'cut',
  )
  await entered.promise
  await server.stop(true)
  assert.equal(await answer, 'cut')
  release.resolve()
})

const slowClients: readonly {
  readonly title: string
  readonly head: string
  readonly drip?: string
  readonly read?: boolean
}[] = [
  { title: 'a small body that never comes', head: 'Content-Length: 500', read: true },
  { title: 'a small body that drips', head: 'Content-Length: 500', drip: 'x', read: true },
  { title: 'a long body that drips', head: 'Content-Length: 50000', drip: 'x', read: true },
  { title: 'a chunked body that drips', head: 'Transfer-Encoding: chunked', drip: '1\r\nx\r\n', read: true },
  { title: 'a body that nobody reads', head: 'Content-Length: 500', drip: 'x' },
]

for (const { title, head, drip, read } of slowClients)
  test(`a slow client holds no connection: serve closes that of ${title}`, { timeout: 40_000 }, async () => {
    await withServer(
      {
        arrivalSeconds: 4,
        fetch: async (request) => {
          if (read) await request.arrayBuffer().catch(() => {})
          return new Response('answer', { status: read ? 200 : 403 })
        },
      },
      (_url, port) => closedAfter(port, `POST / HTTP/1.1\r\nHost: localhost\r\n${head}\r\n\r\n`, drip),
    )
  })

test('a slow client holds no connection: serve closes that of headers that drip', {
  timeout: 40_000,
}, async () => {
  await withServer({ arrivalSeconds: 4 }, (_url, port) =>
    closedAfter(port, 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Drip: ', 'x'),
  )
})

test('keepOpen lets an answer take longer than a request may', { timeout: 40_000 }, async () => {
  const server = await platform.serve(
    optionsFor({
      arrivalSeconds: 4,
      fetch: async (request) => {
        server.keepOpen(request)
        await closedAfter(server.port, 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Drip: ', 'x')
        return new Response('late')
      },
    }),
  )
  const response = await fetch(`http://127.0.0.1:${server.port}/`)
  assert.equal(await response.text(), 'late')
  await server.stop(true)
})

/** Resolves when the server has closed a connection that goes on sending. */
async function closedAfter(port: number, head: string, drip?: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  // Resumed, or its end would not be seen.
  socket.resume()
  socket.on('end', () => socket.destroy())
  socket.write(head)
  const dripping = setInterval(() => {
    if (drip !== undefined && !socket.destroyed) socket.write(drip)
  }, 500)
  await closed
  clearInterval(dripping)
  assert.ok(socket.destroyed)
}

function withTable(use: (database: Database) => void): void {
  const database = platform.openDatabase(':memory:')
  database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, value)')
  use(database)
  database.close()
}

async function withServer(
  options: Partial<ServeOptions>,
  use: (url: string, port: number) => Promise<void>,
): Promise<void> {
  const server = await platform.serve(optionsFor(options))
  try {
    await use(`http://127.0.0.1:${server.port}/`, server.port)
  } finally {
    await server.stop(true)
  }
}

const optionsFor = (options: Partial<ServeOptions>): ServeOptions => ({
  hostname: '127.0.0.1',
  port: 0,
  fetch: () => new Response('ok'),
  ...options,
})

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', () => resolve(true))
  })
}
