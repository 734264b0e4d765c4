import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hook } from '../../src/domain/hook.ts'
import { createHookRenderer, readPayload } from '../../src/inbound/webhook-message.ts'
import { offline } from '../../src/providers/network.ts'
import { prove } from '../../src/providers/prove.ts'

const config = { scheme: 'cloudevents', secrets: ['a secret of some length'] }
const hook: Hook = {
  ...{ name: 'h', path: '/api/hooks/h', active: true, action: 'agent', fence: false },
  ...{ maxBodyBytes: 1024, verify: config, preset: 'cloudevents' },
}

type Headers = Readonly<Record<string, string>>

const read = (headers: Headers, body: string) =>
  readPayload(hook, new TextEncoder().encode(body), (name) => headers[name])

async function message(headers: Headers, body: string) {
  const payload = await read(headers, body)
  const rendering = createHookRenderer(hook)({ payload, header: (name) => headers[name] })
  return rendering.kind === 'text' ? rendering.text : rendering.kind
}

/** github.com/cloudevents/spec, http-protocol-binding.md, sections 3.1.4, 3.2.4 and 3.3.3. */
const binary = {
  'ce-specversion': '1.0',
  'ce-type': 'com.example.someevent',
  'ce-time': '2018-04-05T03:56:24Z',
  'ce-id': '1234-1234-1234',
  'ce-source': '/mycontext/subcontext',
  'content-type': 'application/json; charset=utf-8',
}
const event = {
  specversion: '1.0',
  type: 'com.example.someevent',
  source: '/mycontext',
  id: '1',
  data: { a: 1 },
}

test('cloudevents: the binary mode reads like the structured one', async () => {
  const view = await read(binary, '{"a":1}')
  assert.deepEqual(JSON.parse(JSON.stringify(view)), {
    ...{ specversion: '1.0', type: 'com.example.someevent', time: '2018-04-05T03:56:24Z' },
    ...{ id: '1234-1234-1234', source: '/mycontext/subcontext' },
    ...{ datacontenttype: 'application/json; charset=utf-8', data: { a: 1 } },
  })
  const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' }
  for (const more of [{}, binary]) {
    const read_ = await read({ ...more, ...structured }, JSON.stringify(event))
    assert.deepEqual(JSON.parse(JSON.stringify(read_)), event)
  }
  assert.equal(
    await message(binary, '{"a":1}'),
    'com.example.someevent from /mycontext/subcontext (2018-04-05T03:56:24Z)',
  )
})

test('cloudevents: an event without data, and data that is text', async () => {
  const { 'content-type': _, ...bare } = binary
  assert.equal('data' in Object(await read(bare, '')), false)
  const text = await read({ ...binary, 'content-type': 'text/plain' }, 'hello')
  assert.deepEqual(JSON.parse(JSON.stringify(text)).data, { text: 'hello', body: 'hello' })
})

test('cloudevents: a batch is a list of events', async () => {
  const headers = { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' }
  const two = [event, { ...event, type: 'com.example.someotherevent', subject: 'x' }]
  assert.equal(
    await message(headers, JSON.stringify(two)),
    'com.example.someevent from /mycontext\ncom.example.someotherevent from /mycontext: x',
  )
  const many = await message(headers, JSON.stringify(Array.from({ length: 12 }, () => event)))
  assert.match(many, /\nand 2 more$/)
})

test('cloudevents: header values are percent-encoded once, and quoted by older senders', async () => {
  const subjects: readonly (readonly [string, string])[] = [
    ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
    ['100%2525', '100%25'],
    ['"a \\"quoted\\" one"', 'a "quoted" one'],
  ]
  for (const [sent, meant] of subjects)
    assert.equal(Object(await read({ ...binary, 'ce-subject': sent }, '{}')).subject, meant)
  for (const bad of ['%C0%A0', '%', '%zz'])
    await assert.rejects(read({ ...binary, 'ce-subject': bad }, '{}'), { code: 'malformed' })
})

test('cloudevents: OPTIONS is answered to who asks, at a rate the hook takes', async () => {
  const ask = (headers: Headers, method = 'OPTIONS') =>
    prove(
      config,
      { method, url: 'https://x.example/', now: 0, header: (name) => headers[name] },
      () => assert.fail('nobody reads the body'),
      offline,
    )
  const origin = 'eventemitter.example.com'
  for (const [rate, allowed] of [
    ['120', '120'],
    ['100000', '600'],
    ['-1', '600'],
    ['', '600'],
  ] as const) {
    const proof = await ask({ 'webhook-request-origin': origin, 'webhook-request-rate': rate })
    assert.ok(proof.kind === 'handshake')
    assert.equal(proof.answer.headers['webhook-allowed-origin'], origin)
    assert.equal(proof.answer.headers['webhook-allowed-rate'], allowed)
  }
  const refused = { kind: 'method', allow: 'POST, OPTIONS' }
  assert.deepEqual(await ask({}), refused)
  assert.deepEqual(await ask({ 'webhook-request-origin': 'a\r\nb' }), refused)
  assert.deepEqual(await ask({ 'webhook-request-origin': origin }, 'PUT'), refused)
  assert.equal((await ask({ 'ce-id': '1' }, 'POST')).kind, 'unproven')
})

test('cloudevents: one id of two sources is two deliveries', async () => {
  const keyOf = async (headers: Headers) => {
    const all: Headers = { ...binary, ...headers, authorization: `Bearer ${config.secrets[0]}` }
    const head = { method: 'POST', url: 'https://x.example/', now: 0, header: (name: string) => all[name] }
    const proof = await prove(config, head, async () => new TextEncoder().encode('{}'), offline)
    return proof.kind === 'verified' ? proof.verified.idempotencyKey : assert.fail(proof.kind)
  }
  assert.equal(await keyOf({}), await keyOf({ 'ce-time': '2018-04-05T03:57:24Z' }))
  assert.notEqual(await keyOf({ 'ce-source': '/one' }), await keyOf({ 'ce-source': '/two' }))
})

test('cloudevents: what lacks an attribute that every event has, or is of another version, is malformed', async () => {
  const structured = { 'content-type': 'application/cloudevents+json' }
  const batch = { 'content-type': 'application/cloudevents-batch+json' }
  for (const name of ['type', 'source', 'id', 'specversion'] as const) {
    const lacking = { ...event, [name]: undefined }
    await assert.rejects(read(structured, JSON.stringify(lacking)), { code: 'malformed' }, name)
    await assert.rejects(read(batch, JSON.stringify([event, lacking])), { code: 'malformed' }, name)
    if (name !== 'specversion')
      await assert.rejects(read({ ...binary, [`ce-${name}`]: '' }, '{}'), { code: 'malformed' }, name)
  }
  await assert.rejects(read({ ...binary, 'ce-specversion': '2.0' }, '{}'), { code: 'malformed' })
  await assert.rejects(read(structured, 'null'), { code: 'malformed' })
  assert.ok(await read({ ...binary, 'ce-specversion': '"0.3"' }, '{}'))
  assert.ok(await read({ 'content-type': 'application/json' }, '{"a":1}'))
})

test('cloudevents: a batch without events is no message', async () => {
  assert.equal(await message({ 'content-type': 'application/cloudevents-batch+json' }, '[]'), 'ignored')
})
