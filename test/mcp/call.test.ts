import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../src/domain/error.ts'
import type { ClientAnswer, ClientRequest } from '../../src/mcp/agent-client.ts'
import { callTool } from '../../src/mcp/call.ts'
import { createCheckWatch } from '../../src/mcp/check-watch.ts'
import { type Arguments, instructions, tools } from '../../src/mcp/tools.ts'

const wait = { waitId: 'w_1', state: 'armed' }

async function called(name: string, args: Arguments, answer: ClientAnswer = { status: 200, body: {} }) {
  const requests: ClientRequest[] = []
  const client = async (request: ClientRequest) => {
    requests.push(request)
    return answer
  }
  const result = await callTool({ client, checks: () => undefined }, name, args)
  const [first] = result.content
  return { requests, result, text: first?.type === 'text' ? first.text : '' }
}

describe('callTool', () => {
  const requested: readonly (readonly [string, Arguments, ClientRequest])[] = [
    [
      'wait_for',
      { what: 'CI', then: 'merge', ttlSeconds: 60, orElse: null },
      { method: 'POST', path: '/agent/waits', body: { what: 'CI', then: 'merge', ttlSeconds: 60 } },
    ],
    ['check', {}, { method: 'GET', path: '/agent/waits' }],
    ['check', { waitId: 'w_1', after: 'a b' }, { method: 'GET', path: '/agent/waits?id=w_1&after=a+b' }],
    ['cancel', { waitId: '../x' }, { method: 'DELETE', path: '/agent/waits/..%2Fx' }],
    ['read', { deliveryId: 'whd_1', offset: 5 }, { method: 'GET', path: '/agent/deliveries/whd_1?offset=5' }],
    [
      'reply',
      { deliveryId: 'whd_1', json: null },
      { method: 'POST', path: '/agent/deliveries/whd_1/reply', body: { json: null } },
    ],
  ]
  for (const [name, args, request] of requested)
    it(`requests ${request.method} ${request.path} for ${name}`, async () => {
      const { requests, result } = await called(name, args)
      assert.deepEqual(requests, [request])
      assert.equal(result.isError, undefined)
    })

  it('returns the answer as structure and as text, and tells what to do with a wait', async () => {
    const body = { waitId: 'w_1', url: 'https://host/hook/t', state: 'armed' }
    const { result, text } = await called('wait_for', { what: 'CI' }, { status: 201, body })
    const { note, ...rest } = result.structuredContent as { note: string }
    assert.deepEqual(rest, body)
    assert.match(note, /finish your turn.*Do not poll/)
    assert.deepEqual(JSON.parse(text), result.structuredContent)
  })

  it('says of a URL without a public address that it is for this machine', async () => {
    const { text } = await called('wait_for', { what: 'CI' }, { status: 201, body: { reachable: 'local' } })
    assert.match(JSON.parse(text).note, /Do not poll\. The URL is reachable from this machine only/)
    const { text: other } = await called(
      'wait_for',
      { what: 'CI' },
      { status: 201, body: { reachable: 'public' } },
    )
    assert.doesNotMatch(other, /this machine only/)
  })

  const misused: readonly (readonly [string, Arguments, RegExp])[] = [
    ['wait_fro', {}, /no tool "wait_fro". Did you mean wait_for\?/],
    ['wait_for', {}, /"what" is missing/],
    ['wait_for', { what: '' }, /"what" must be a text that is not empty/],
    ['wait_for', { what: 'x'.repeat(201) }, /at most 200 characters/],
    ['wait_for', { what: 7 }, /"what" must be a text\./],
    ['wait_for', { what: 'CI', ttlSeconds: 29 }, /"ttlSeconds" must be a whole number from 30 to 86400/],
    ['wait_for', { what: 'CI', ttlSeconds: 60.5 }, /whole number/],
    ['wait_for', { what: 'CI', accept: 'xml' }, /one of text, json, any/],
    ['wait_for', { what: 'CI', orelse: 'x' }, /no argument "orelse". Did you mean orElse\?/],
    ['read', { deliveryId: 'whd_1', limit: 16_001 }, /"limit" must be a whole number from 1 to 16000/],
    ['cancel', {}, /"waitId" is missing/],
  ]
  for (const [name, args, why] of misused)
    it(`names the flaw of ${name} ${JSON.stringify(args).slice(0, 40)}, and requests nothing`, async () => {
      const { requests, result, text } = await called(name, args)
      assert.deepEqual(requests, [])
      assert.equal(result.isError, true)
      assert.match(text, why)
    })

  it('counts characters, not the halves of one', async () => {
    const { requests } = await called('wait_for', { what: '🎉'.repeat(200) })
    assert.equal(requests.length, 1)
  })

  it('hands a refusal on with one next step', async () => {
    const detail = 'There is no such delivery.'
    const { result, text } = await called('read', { deliveryId: 'x' }, { status: 404, body: { detail } })
    assert.equal(result.isError, true)
    assert.equal(text, `${detail} Use the deliveryId that a wake message of this session names.`)
  })

  it('says of a trouble of the server that trying again may help', async () => {
    const { text } = await called('check', {}, { status: 503, body: 'no problem document' })
    assert.match(text, /^It was refused \(503\)\. Try once more/)
  })

  it('turns a client that is shut into a result', async () => {
    const client = async () => {
      throw new Failure('session_missing', 'Not inside a session.')
    }
    const result = await callTool({ client, checks: () => undefined }, 'check', {})
    assert.deepEqual(result, { content: [{ type: 'text', text: 'Not inside a session.' }], isError: true })
  })
})

describe('createCheckWatch', () => {
  it('speaks at the fourth look at the same armed wait within a minute', () => {
    let now = 0
    const watch = createCheckWatch(() => now)
    const look = () => {
      now += 10_000
      return watch({ waits: [wait] })
    }
    assert.deepEqual([look(), look(), look()], [undefined, undefined, undefined])
    assert.match(look() ?? '', /Nothing changed; end your turn/)
    now += 60_000
    assert.equal(look(), undefined)
  })

  it('forgets a wait that is no longer armed, and takes any answer', () => {
    const watch = createCheckWatch(() => 0)
    for (let i = 0; i < 3; i++) watch({ waits: [wait] })
    assert.equal(watch({ waits: [{ ...wait, state: 'answered' }] }), undefined)
    assert.equal(watch({ waits: [wait] }), undefined)
    for (const odd of [undefined, null, 7, {}, { waits: [null, 7, {}] }]) assert.equal(watch(odd), undefined)
  })
})

describe('tools', () => {
  it('are the five, closed to unknown arguments, with texts a model has room for', () => {
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['wait_for', 'check', 'cancel', 'read', 'reply'],
    )
    for (const { inputSchema } of tools) assert.equal(inputSchema.additionalProperties, false)
    const readOnly = tools.filter(({ annotations }) => annotations.readOnlyHint).map(({ name }) => name)
    assert.deepEqual(readOnly, ['check', 'read'])
    assert.ok(instructions.length <= 400, `${instructions.length} characters`)
  })
})
