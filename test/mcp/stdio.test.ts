import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AgentClient } from '../../src/mcp/agent-client.ts'
import { createCheckWatch } from '../../src/mcp/check-watch.ts'
import { serveMcp } from '../../src/mcp/stdio.ts'

const initialize = {
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
}
const call = (name: string, args: object) => ({ method: 'tools/call', params: { name, arguments: args } })
const lineOf = (request: object, id: number) => `${JSON.stringify({ jsonrpc: '2.0', id, ...request })}\n`
const answered: AgentClient = async ({ path }) => ({ status: 200, body: { path } })

interface Answer {
  readonly id: number
  readonly result?: {
    readonly tools?: readonly { readonly name: string }[]
    readonly structuredContent?: unknown
    readonly isError?: boolean
  }
  readonly error?: { readonly code: number }
}

/** Everything that is written for that input. Fails where a line is no JSON-RPC. */
async function talk(input: Iterable<string | Uint8Array> | AsyncIterable<Uint8Array>, client = answered) {
  let written = ''
  const complaints: string[] = []
  await serveMcp({
    ...{ version: '1.2.3', client, checks: createCheckWatch(() => 0) },
    input: bytesOf(input),
    write: (text) => {
      written += text
    },
    complain: (text) => complaints.push(text),
    stopping: new AbortController().signal,
  })
  const answers = written.split('\n').slice(0, -1)
  return { answers: answers.map((line) => JSON.parse(line) as Answer), complaints }
}

async function* bytesOf(input: Iterable<string | Uint8Array> | AsyncIterable<Uint8Array>) {
  for await (const piece of input) yield typeof piece === 'string' ? new TextEncoder().encode(piece) : piece
}

describe('serveMcp', () => {
  it('initializes, lists the tools and calls them', async () => {
    const { answers, complaints } = await talk([
      lineOf(initialize, 1),
      '{"jsonrpc":"2.0","method":"notifications/initialized"}\n',
      lineOf({ method: 'tools/list' }, 2),
      lineOf(call('check', {}), 3),
    ])
    assert.deepEqual(complaints, [])
    assert.deepEqual(
      answers.map(({ id }) => id),
      [1, 2, 3],
    )
    assert.equal(answers[1]?.result?.tools?.length, 5)
    assert.deepEqual(answers[2]?.result?.structuredContent, { path: '/agent/waits' })
  })

  it('takes a line in pieces, characters cut in two included', async () => {
    const bytes = new TextEncoder().encode(
      lineOf(initialize, 1) + lineOf(call('wait_for', { what: 'Grüße 🎉' }), 2),
    )
    const bodies: unknown[] = []
    const client: AgentClient = async ({ body }) => {
      bodies.push(body)
      return { status: 201, body: {} }
    }
    const { answers } = await talk(
      [...bytes].map((byte) => Uint8Array.of(byte)),
      client,
    )
    assert.equal(answers.length, 2)
    assert.deepEqual(bodies, [{ what: 'Grüße 🎉' }])
  })

  it('passes over garbage and a line of 10 MB, and goes on', async () => {
    const { answers, complaints } = await talk([
      'no json\n\n[]\n{"jsonrpc":"1.0"}\n\0\x1b[31m\n',
      lineOf(initialize, 1),
      ...Array.from({ length: 10 }, () => 'x'.repeat(1_048_576)),
      '\n',
      lineOf(call('wait_for', { what: 'x'.repeat(2_000_000) }), 2),
      lineOf({ method: 'tools/list' }, 3),
    ])
    assert.deepEqual(
      answers.map(({ id }) => id),
      [1, 3],
    )
    assert.equal(complaints.filter((text) => /no JSON-RPC/.test(text)).length, 4)
    assert.equal(complaints.filter((text) => /A line of \d+ characters was passed over/.test(text)).length, 2)
  })

  it('answers what was asked before its input ended, without a last line break', async () => {
    const client: AgentClient = () =>
      new Promise((resolve) => setImmediate(() => resolve({ status: 200, body: { late: true } })))
    const { answers } = await talk([lineOf(initialize, 1), lineOf(call('check', {}), 2).trimEnd()], client)
    assert.deepEqual(answers[1]?.result?.structuredContent, { late: true })
  })

  it('ends although an answer never comes', async () => {
    const client: AgentClient = () => new Promise(() => {})
    const { answers } = await talk([lineOf(initialize, 1), lineOf(call('check', {}), 2)], client)
    assert.deepEqual(
      answers.map(({ id }) => id),
      [1],
    )
  })

  it('makes what goes wrong in a call a result, and an unknown method an error', async () => {
    const client: AgentClient = async () => {
      throw new Error('connection reset')
    }
    const { answers } = await talk(
      [lineOf(initialize, 1), lineOf(call('check', {}), 2), lineOf({ method: 'tools/dance' }, 3)],
      client,
    )
    assert.equal(answers.find(({ id }) => id === 2)?.result?.isError, true)
    assert.equal(answers.find(({ id }) => id === 3)?.error?.code, -32601)
  })
})
