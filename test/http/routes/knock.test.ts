import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createArrivals } from '../../../src/http/arrivals.ts'
import type { RequestGuard } from '../../../src/http/guard.ts'
import { answerKnock, knockOf } from '../../../src/http/routes/knock.ts'

/** A knock whose body comes when `send` is called, and a promise of its peer being asked for. */
function knock() {
  const asked = Promise.withResolvers<void>()
  let asks = 0
  const guard: RequestGuard = {
    ...{ hosts: { check: () => {}, checkForm: () => {} }, log: () => {} },
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

describe('answerKnock', () => {
  const watched = async (length: number): Promise<readonly string[]> => {
    const seen: string[] = []
    const guard: RequestGuard = {
      ...{ hosts: { check: () => {}, checkForm: () => {} }, log: () => {}, peer: () => '192.0.2.1' },
      ...{ keepOpen: () => {}, refused: () => {}, ignored: () => {} },
    }
    const deps = {
      receive: async () => ({ kind: 'ignored', why: 'a test', hook: 'x' }) as const,
      ...{ now: () => 0, arrivals: createArrivals(guard.peer) },
      knocked: (status: number) => void seen.push(`${status}`),
      begin: (work: string) => {
        seen.push(work)
        return () => void seen.push('over')
      },
    }
    const headers = { 'content-length': `${length}` }
    const request = new Request('http://localhost/hook/x', { method: 'POST', headers })
    const proof = { kind: 'token', path: 'x', bearer: undefined, method: 'POST', url: request.url } as const
    await answerKnock(deps, guard, request, { proofOf: () => proof, waitMs: () => 0, bodyOf: () => ({}) })
    return seen
  }

  it('a long body at the URL of a hook is not watched: says when it is under way, as at the path of a hook', async () => {
    assert.deepEqual(await watched(65_536), ['webhook', 'over', '202'])
  })

  it('watches no short body', async () => {
    assert.deepEqual(await watched(65_535), ['202'])
  })
})
