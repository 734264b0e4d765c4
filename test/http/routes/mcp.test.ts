import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../../src/domain/error.ts'
import type { Session } from '../../../src/domain/session.ts'
import { createAgentCheck } from '../../../src/http/agent-check.ts'
import type { RequestGuard } from '../../../src/http/guard.ts'
import { createHosts } from '../../../src/http/hosts.ts'
import { mcpRoutes } from '../../../src/http/routes/mcp.ts'
import { createServer } from '../../../src/http/server.ts'
import { build, sessionCalled } from '../../support/drafts.ts'

const self = sessionCalled(build)
const capability = 'the-capability-of-this-test'
const stranger = 'of-something-else'

/** The route over a server that echoes the message; whoever holds `capability` is the agent of `self`. */
function route({ failed = () => 0 }: { readonly failed?: () => number } = {}) {
  const served: (readonly [Session, string])[] = []
  const noted: unknown[] = []
  const guard: RequestGuard = {
    ...{ hosts: createHosts(() => []), log: () => {}, peer: () => '192.0.2.1', keepOpen: () => {} },
    refused: (_request, thrown) => noted.push(thrown instanceof Failure ? thrown.code : thrown),
    ignored: () => {},
  }
  const sessionOf = async (token: string) => {
    if (token === capability) return self
    if (token === stranger) throw new Failure('forbidden', 'No.')
    throw new Failure('unauthorized', 'Who?', { ...(token !== '' && { guess: true }) })
  }
  const routes = mcpRoutes(
    {
      agent: createAgentCheck({ sessionOf, failed }),
      serve: async (message, session) => {
        const text = await message.text()
        served.push([session, text])
        return new Response(text, { headers: { 'cache-control': 'max-age=60' } })
      },
    },
    guard,
  )
  const answer = createServer(guard, { first: [routes], later: () => [] }, { secure: false })
  const ask = async (body: string, headers: Readonly<Record<string, string>> = {}, method = 'POST') =>
    answer(
      new Request('http://localhost/mcp', {
        method,
        headers: { host: 'localhost', authorization: `Bearer ${capability}`, ...headers },
        ...(method === 'POST' && { body }),
      }),
    )
  return { ask, served, noted }
}

const refused: readonly (readonly [
  title: string,
  headers: Readonly<Record<string, string>>,
  status: number,
  code: string,
])[] = [
  ['no credential', { authorization: '' }, 401, 'unauthorized'],
  ['another scheme', { authorization: 'Basic eDp5' }, 401, 'unauthorized'],
  ['what is no capability', { authorization: 'Bearer x' }, 403, 'forbidden'],
  ['a capability of something else', { authorization: `Bearer ${stranger}` }, 403, 'forbidden'],
  ['another Host', { host: 'door.example' }, 421, 'host_not_allowed'],
  ['a page of another site', { origin: 'https://site.example' }, 403, 'origin_not_allowed'],
  ['what says it is too long', { 'content-length': '4194305' }, 413, 'too_large'],
]

describe('mcpRoutes', () => {
  it('hands the message of an agent on, with its session, and lets nobody keep the answer', async () => {
    const { ask, served, noted } = route()
    const answer = await ask('{"a":"ä"}')
    assert.deepEqual([answer.status, await answer.text()], [200, '{"a":"ä"}'])
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.deepEqual([served, noted], [[[self, '{"a":"ä"}']], []])
  })

  for (const [title, headers, status, code] of refused)
    it(`refuses ${title}, and serves nothing`, async () => {
      const { ask, served, noted } = route()
      const answer = await ask('{}', headers)
      const problem = (await answer.json()) as { readonly code: string }
      assert.deepEqual([answer.status, problem.code, noted, served], [status, code, [code], []])
      const challenge = status === 401 ? 'Bearer realm="postern"' : null
      assert.equal(answer.headers.get('www-authenticate'), challenge)
    })

  it('takes 4 MiB and no byte more, unpacked too', async () => {
    const { ask, served } = route()
    const most = 'x'.repeat(4 * 1024 * 1024)
    assert.equal((await ask(most)).status, 200)
    assert.equal((await ask(`${most}x`)).status, 413)
    assert.equal(served.length, 1)
  })

  it('is slow with who guesses', async () => {
    const { ask, served } = route({ failed: () => 2000 })
    const answer = await ask('{}', { authorization: 'Bearer x' })
    assert.deepEqual([answer.status, answer.headers.get('retry-after'), served], [429, '2', []])
  })

  it('keeps no stream open and no session', async () => {
    const { ask, served } = route()
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const { status, headers } = await ask('', {}, method)
      assert.deepEqual([status, headers.get('allow')], [405, 'POST'])
    }
    assert.deepEqual(served, [])
  })
})
