import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AgentClient } from '../../src/mcp/agent-client.ts'
import { createCheckWatch } from '../../src/mcp/check-watch.ts'
import { answerMcp } from '../../src/mcp/http.ts'
import { tools } from '../../src/mcp/tools.ts'
import { connectMcp, eras } from '../support/mcp-client.ts'

const answered: AgentClient = async ({ path }) => ({ status: 200, body: { path } })
const deps = { version: '1.2.3', client: answered, checks: createCheckWatch(() => 0) }

const send = (body: string, headers: Readonly<Record<string, string>> = {}, method = 'POST') =>
  answerMcp(
    deps,
    new Request('http://localhost/mcp', {
      method,
      headers: {
        ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        ...headers,
      },
      ...(method === 'POST' && { body }),
    }),
  )

describe('answerMcp', () => {
  for (const era of eras)
    it(`answers a client of another hand [${era}]`, async () => {
      const asked: string[] = []
      const client = await connectMcp('http://localhost/mcp', {
        era,
        fetch: async (url, init) => {
          asked.push(`${init?.method}`)
          return answerMcp(deps, new Request(url, init))
        },
      })
      assert.equal(client.getServerVersion()?.version, '1.2.3')
      const listed = await client.listTools()
      assert.deepEqual(
        listed.tools.map(({ name }) => name),
        tools.map(({ name }) => name),
      )
      const { structuredContent } = await client.callTool({ name: 'check', arguments: {} })
      assert.deepEqual(structuredContent, { path: '/agent/waits' })
      assert.equal((await client.callTool({ name: 'check', arguments: { wait: 'w_1' } })).isError, true)
      await client.close()
      assert.ok(asked.includes('POST'))
    })

  it('refuses with JSON-RPC what is no message, and what it does not know', async () => {
    const of = async (answer: Promise<Response>) => {
      const response = await answer
      const text = (await response.text()).replace(/^[\s\S]*?data: (?=\{)/, '')
      return [response.status, JSON.parse(text).error?.code]
    }
    assert.deepEqual(await of(send('garbage')), [400, -32700])
    assert.deepEqual(await of(send('{"jsonrpc":"1.0"}')), [400, -32600])
    assert.deepEqual(await of(send('{}', { 'content-type': 'text/plain' })), [415, -32000])
    assert.deepEqual(await of(send('{"jsonrpc":"2.0","id":1,"method":"tools/dance"}')), [200, -32601])
    assert.deepEqual(await of(send('', {}, 'GET')), [405, -32000])
  })

  it('opens no stream for changes, of which there are none', async () => {
    const envelope = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const method = 'subscriptions/listen'
    const params = { _meta: envelope, notifications: { toolsListChanged: true } }
    const answer = await send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), {
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': method },
    })
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json\b/)
    assert.match(await answer.text(), /limit reached/)
  })
})
