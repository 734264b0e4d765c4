import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { test } from 'node:test'
import { allowedAddress, createGuardedGet } from '../../src/delivery/guarded-request.ts'

/** Serves on loopback while `use` runs. */
async function serving(listener: RequestListener, use: (url: URL) => Promise<void>): Promise<void> {
  const server = createServer(listener)
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  try {
    await use(new URL(`http://127.0.0.1:${port}/page?x=1`))
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const get = (url: URL, more: Partial<Parameters<typeof createGuardedGet>[0]> = {}) =>
  createGuardedGet({ mayCall: () => true, timeoutMs: 5000, maxBytes: 1000, ...more })(url)

test('createGuardedGet gives the body of a 2xx answer, and of no other', async () => {
  for (const status of [200, 204, 301, 302, 400, 404, 500])
    await serving(
      ({ url, method }, response) => {
        response.writeHead(status, { location: '/elsewhere' })
        response.end(status === 204 ? undefined : `${method} ${url}`)
      },
      async (url) => {
        const body = await get(url)
        const text = body && new TextDecoder().decode(body)
        assert.equal(text, status === 200 ? 'GET /page?x=1' : status === 204 ? '' : undefined, `${status}`)
      },
    )
})

test('createGuardedGet reads no more than it may', async () => {
  await serving(
    (_, response) => response.end('x'.repeat(1001)),
    async (url) => assert.equal(await get(url), undefined),
  )
  await serving(
    (_, response) => {
      const more = () => {
        while (response.write('x'.repeat(1000)));
        response.once('drain', more)
      }
      more()
    },
    async (url) => assert.equal(await get(url), undefined),
  )
})

test('createGuardedGet asks nobody whose address is not allowed', async () => {
  let asked = 0
  await serving(
    (_, response) => {
      asked++
      response.end('secret')
    },
    async (url) => {
      assert.equal(await get(url, { mayCall: () => false }), undefined)
      url.hostname = 'localhost'
      assert.equal(await get(url, { mayCall: (address) => !/^(127\.|::1$)/.test(address) }), undefined)
    },
  )
  assert.equal(asked, 0)
})

test('createGuardedGet tells that nothing answers in time', async () => {
  await serving(
    () => {},
    async (url) => {
      await assert.rejects(get(url, { timeoutMs: 50 }), { code: 'unreachable' })
    },
  )
  await serving(
    (_, response) => response.write('x'),
    async (url) => {
      await assert.rejects(get(url, { timeoutMs: 50 }), { code: 'unreachable' })
    },
  )
  await assert.rejects(get(new URL('http://127.0.0.1:1/')), { code: 'unreachable' })
})

test('allowedAddress waits for a name no longer than its signal', async () => {
  await assert.rejects(
    allowedAddress(new URL('https://postern.invalid/'), () => true, AbortSignal.abort()),
    /was not resolved in time/,
  )
  const literal = new URL('https://192.0.2.1/')
  assert.equal(await allowedAddress(literal, () => true, AbortSignal.abort()), '192.0.2.1')
})
