import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createArrivals } from '../../../src/http/arrivals.ts'
import type { RequestGuard } from '../../../src/http/guard.ts'
import { knockOf } from '../../../src/http/routes/knock.ts'

/** A knock whose body comes when `send` is called, and a promise of its peer being asked for. */
function knock() {
  const asked = Promise.withResolvers<void>()
  let asks = 0
  const guard: RequestGuard = {
    ...{ hosts: { check: () => {} }, log: () => {} },
    ...{ keepOpen: () => {}, refused: () => {}, ignored: () => {} },
    peer: () => {
      asks += 1
      asked.resolve()
      return '192.0.2.1'
    },
  }
  const { readable, writable } = new TransformStream<Uint8Array>()
  const request = new Request('http://localhost/hook/x', {
    ...{ method: 'POST', body: readable, headers: { 'content-length': '2' } },
    ...{ duplex: 'half' },
  })
  const receive = async () => assert.fail('nothing is received')
  const arrivals = createArrivals(guard.peer)
  const deps = { receive, now: () => 0, arrivals, knocked: () => {}, begin: () => () => {} }
  const proof = { kind: 'hook', path: '/api/hooks/x', method: 'POST', url: request.url } as const
  const send = async () => {
    const writer = writable.getWriter()
    await writer.write(new TextEncoder().encode('hi'))
    await writer.close()
  }
  return { knock: knockOf(deps, guard, request, proof), send, asked: asked.promise, asks: () => asks }
}

describe('knockOf', () => {
  it('a slow body is refused without an address: asks for it while the body comes', async () => {
    const { knock: slow, send, asked } = knock()
    const body = slow.body(100)
    await asked
    await Promise.all([send(), body])
    assert.equal(new TextDecoder().decode(await body), 'hi')
  })

  it('asks for no address of a body that is there', async () => {
    const { knock: quick, send, asks } = knock()
    await Promise.all([send(), quick.body(100)])
    assert.equal(asks(), 0)
  })
})
