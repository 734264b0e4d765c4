import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeliveryId } from '../../../src/domain/delivery.ts'
import type { Connection } from '../../../src/domain/driver.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { DriverSettings } from '../../../src/domain/session.ts'
import { eventually } from '../../suites/driver.ts'
import { connectTo, type Endpoint, json, makeDriver, openEndpoint } from './harness.ts'

const deliveryId = 'whd_000000000000000000000001' as DeliveryId
const patience = () => AbortSignal.timeout(20_000)

const inject = (connection: Connection, text: string, signal = patience()) =>
  connection.inject({ deliveryId, text }, signal)

const turn = (connection: Connection, text: string, signal = patience()) => {
  let accepted = 0
  const on = { accepted: async () => void accepted++, progress: () => {} }
  return connection.turn({ deliveryId, text }, signal, on).then((outcome) => ({ outcome, accepted }))
}

const on = (title: string, body: (endpoint: Endpoint) => Promise<void>) =>
  test(title, async () => {
    const endpoint = await openEndpoint()
    try {
      await body(endpoint)
    } finally {
      await endpoint.away()
    }
  })

on('http sends message, delivery and session as JSON, with the delivery as its key', async (endpoint) => {
  const connection = await connectTo(endpoint.url)
  assert.deepEqual(await inject(connection, '[ci] "hi"\n'), { kind: 'taken', evidence: 'ack' })
  const [got] = endpoint.requests
  assert.equal(got?.method, 'POST')
  assert.equal(got?.path, '/messages')
  assert.equal(got?.headers['content-type'], 'application/json; charset=utf-8')
  assert.equal(got?.headers['idempotency-key'], deliveryId)
  assert.deepEqual(JSON.parse(got?.body ?? ''), { message: '[ci] "hi"\n', deliveryId, session: 'bot' })
})

const statuses: readonly (readonly [number, Record<string, string>, DriverSettings, Outcome])[] = [
  [200, {}, {}, { kind: 'taken', evidence: 'ack' }],
  [202, {}, {}, { kind: 'taken', evidence: 'ack' }],
  [204, {}, {}, { kind: 'taken', evidence: 'ack' }],
  [202, {}, { accepted: [200] }, { kind: 'failed', why: 'its endpoint answers 202: no', retry: false }],
  [418, {}, { accepted: [418] }, { kind: 'taken', evidence: 'ack' }],
  [
    302,
    { location: '/elsewhere' },
    {},
    { kind: 'failed', why: 'its endpoint answers 302: no', retry: false },
  ],
  [400, {}, {}, { kind: 'failed', why: 'its endpoint answers 400: no', retry: false }],
  [404, {}, {}, { kind: 'failed', why: 'its endpoint answers 404: no', retry: false }],
  [409, {}, {}, { kind: 'busy', why: 'its endpoint answers 409: no' }],
  [423, {}, {}, { kind: 'busy', why: 'its endpoint answers 423: no' }],
  [
    429,
    { 'retry-after': '7' },
    {},
    { kind: 'busy', why: 'its endpoint answers 429: no', retryAfterMs: 7000 },
  ],
  [
    503,
    { 'retry-after': 'Thu, 01 Jan 1970 00:00:09 GMT' },
    {},
    { kind: 'busy', why: 'its endpoint answers 503: no', retryAfterMs: 0 },
  ],
  [
    503,
    { 'retry-after': '99999999999' },
    {},
    { kind: 'busy', why: 'its endpoint answers 503: no', retryAfterMs: 86_400_000 },
  ],
  [503, { 'retry-after': 'soon' }, {}, { kind: 'busy', why: 'its endpoint answers 503: no' }],
  [409, {}, { busy: [425] }, { kind: 'failed', why: 'its endpoint answers 409: no', retry: false }],
  [425, {}, { busy: [425] }, { kind: 'busy', why: 'its endpoint answers 425: no' }],
  [410, {}, {}, { kind: 'ended', why: 'its endpoint answers 410: no' }],
  [404, {}, { ended: [404] }, { kind: 'ended', why: 'its endpoint answers 404: no' }],
  [500, {}, {}, { kind: 'failed', why: 'its endpoint answers 500: no', retry: true }],
  [
    502,
    { 'retry-after': '3' },
    {},
    { kind: 'failed', why: 'its endpoint answers 502: no', retry: true, retryAfterMs: 3000 },
  ],
]
for (const [status, headers, settings, outcome] of statuses)
  on(`http ${status} ${JSON.stringify({ ...headers, ...settings })} is ${outcome.kind}`, async (endpoint) => {
    endpoint.answer = json(status, { error: { message: 'no' } }, headers)
    assert.deepEqual(await inject(await connectTo(endpoint.url, settings), 'hi'), outcome)
    assert.equal(endpoint.requests.length, 1)
  })

on('http turn comes back with the answer the pointer names', async (endpoint) => {
  endpoint.answer = json(200, { 'a/b': [{ 'm~n': 'found' }], list: [1, 2], none: null, empty: '' })
  const answers: readonly (readonly [string, string | undefined])[] = [
    ['/a~1b/0/m~0n', 'found'],
    ['/list', '[1,2]'],
    ['/list/1', '2'],
    ['/list/01', undefined],
    ['/list/length', undefined],
    ['/none', undefined],
    ['/empty', undefined],
    ['/constructor', undefined],
  ]
  for (const [answerPointer, answer] of answers) {
    const { outcome, accepted } = await turn(await connectTo(endpoint.url, { answerPointer }), 'hi')
    assert.equal(accepted, 1)
    const empty = {
      kind: 'turn_failed',
      why: 'empty',
      detail: `its response has no answer at ${answerPointer}`,
    }
    assert.deepEqual(outcome, answer === undefined ? empty : { kind: 'completed', answer })
  }
})

on('http turn without a pointer answers with plain text, and with nothing else', async (endpoint) => {
  const connection = await connectTo(endpoint.url)
  endpoint.answer = (_request, response) =>
    void response.writeHead(200, { 'content-type': 'text/plain' }).end('done\n')
  assert.deepEqual((await turn(connection, 'hi')).outcome, { kind: 'completed', answer: 'done' })
  endpoint.answer = json(200, { text: 'done' })
  assert.deepEqual((await turn(connection, 'hi')).outcome, { kind: 'completed' })
})

on('http answer is the first 64 KiB, and a large response is not read whole', async (endpoint) => {
  endpoint.answer = (_request, response) =>
    void response.writeHead(200, { 'content-type': 'text/plain' }).end('ä'.repeat(4_000_000))
  const { outcome } = await turn(await connectTo(endpoint.url), 'hi')
  assert.deepEqual(outcome, { kind: 'completed', answer: 'ä'.repeat(32_768) })
})

on('http refused turn was never accepted', async (endpoint) => {
  endpoint.answer = json(400, {})
  const { outcome, accepted } = await turn(await connectTo(endpoint.url), 'hi')
  assert.deepEqual(outcome, { kind: 'failed', why: 'its endpoint answers 400', retry: false })
  assert.equal(accepted, 0)
})

on('http body is a template whose values cannot leave their JSON strings', async (endpoint) => {
  const connection = await connectTo(endpoint.url, {
    method: 'put',
    body: '{"prompt":"{{message}}","raw":"{{{message}}}","meta":{"id":"{{deliveryId}}","to":"{{session}}"}}',
  })
  const text = '","admin":true,"x":"\\\n\u0000 {{session}} ä'
  assert.equal((await inject(connection, text)).kind, 'taken')
  assert.equal(endpoint.requests[0]?.method, 'PUT')
  const sent = { prompt: text, raw: text, meta: { id: deliveryId, to: 'bot' } }
  assert.deepEqual(JSON.parse(endpoint.requests[0]?.body ?? ''), sent)
})

on('http body of another type is sent as it is', async (endpoint) => {
  const settings = { headers: { 'Content-Type': 'text/plain' }, body: 'say: {{message}}' }
  assert.equal((await inject(await connectTo(endpoint.url, settings), 'a "b" <c>')).kind, 'taken')
  assert.equal(endpoint.requests[0]?.body, 'say: a "b" <c>')
  assert.equal(endpoint.requests[0]?.headers['content-type'], 'text/plain')
})

on(
  'http headers take values from the environment, and wait for those that are not there',
  async (endpoint) => {
    const settings = { headers: { 'X-Team': 'red', authorization: { env: 'BOT_TOKEN' } } }
    assert.equal(
      (await inject(await connectTo(endpoint.url, settings, { BOT_TOKEN: 'Bearer t0p' }), 'hi')).kind,
      'taken',
    )
    assert.equal(endpoint.requests[0]?.headers.authorization, 'Bearer t0p')
    assert.equal(endpoint.requests[0]?.headers['x-team'], 'red')
    const missing = await inject(await connectTo(endpoint.url, settings), 'hi')
    const why = 'the server\'s environment has no BOT_TOKEN for its header "authorization"'
    assert.deepEqual(missing, { kind: 'offline', why })
    const broken = await inject(await connectTo(endpoint.url, settings, { BOT_TOKEN: 't0p\r\nx: y' }), 'hi')
    assert.ok(broken.kind === 'offline' && !broken.why.includes('t0p'), JSON.stringify(broken))
    assert.equal(endpoint.requests.length, 1)
  },
)

on('http endpoint that nobody serves is offline, without its address', async (endpoint) => {
  const connection = await connectTo(`${endpoint.url}?key=s3cret`)
  await endpoint.away()
  const offline = { kind: 'offline', why: 'nobody answers at its address' }
  assert.deepEqual(await inject(connection, 'hi'), offline)
  assert.deepEqual(await connection.state(patience()), offline)
  const nameless = await connectTo('http://no-such-host.invalid/')
  assert.deepEqual(await inject(nameless, 'hi'), offline)
  await endpoint.back()
  assert.deepEqual(await connection.state(patience()), { kind: 'idle' })
  assert.equal((await inject(connection, 'hi')).kind, 'taken')
})

on('http connection that breaks is tried again', async (endpoint) => {
  endpoint.answer = (_request, response) => void response.socket?.destroy()
  const outcome = await inject(await connectTo(endpoint.url), 'hi')
  assert.deepEqual(outcome, { kind: 'failed', why: 'the connection to its address broke', retry: true })
})

on('http without an answer in time: an input may be sent again, a turn may not', async (endpoint) => {
  endpoint.answer = () => {}
  const connection = await connectTo(endpoint.url, { timeoutMs: 100 })
  const detail = 'its endpoint did not answer in time'
  assert.deepEqual(await inject(connection, 'hi'), { kind: 'unknown', why: detail, accepted: false })
  const { outcome, accepted } = await turn(connection, 'hi')
  assert.deepEqual(outcome, { kind: 'turn_failed', why: 'timeout', detail })
  assert.equal(accepted, 0)
})

on('http answer that breaks off after it was accepted is not asked for again', async (endpoint) => {
  endpoint.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' })
    response.write('begin')
    setTimeout(() => response.socket?.destroy(), 50)
  }
  const connection = await connectTo(endpoint.url)
  assert.deepEqual(await inject(connection, 'hi'), { kind: 'taken', evidence: 'ack' })
  const { outcome, accepted } = await turn(connection, 'hi')
  assert.ok(outcome.kind === 'unknown' && outcome.accepted, JSON.stringify(outcome))
  assert.equal(accepted, 1)
})

on('http end cuts what waits, and nothing is sent afterwards', async (endpoint) => {
  endpoint.answer = () => {}
  const connection = await connectTo(endpoint.url)
  const waiting = inject(connection, 'hi')
  await eventually(async () => endpoint.requests.length === 1, 'it got the request')
  await connection.end()
  assert.deepEqual(await waiting, { kind: 'ended' })
  assert.deepEqual(await inject(connection, 'hi'), { kind: 'ended' })
  assert.equal(endpoint.requests.length, 1)
})

on('http refuses a skill it does not have', async (endpoint) => {
  const connection = await connectTo(endpoint.url)
  const outcome = await connection.inject({ deliveryId, text: 'hi', skill: 'no-such-skill' }, patience())
  assert.deepEqual(outcome, {
    kind: 'failed',
    why: 'it has no skill "no-such-skill"',
    retry: false,
    skill: true,
  })
  assert.deepEqual(endpoint.requests, [])
})

test('http prepare completes settings and names what is wrong', async () => {
  const driver = makeDriver()
  const prepare = (settings: DriverSettings) => driver.prepare(settings, { cwd: '/' })
  const url = 'http://127.0.0.1:9000/messages'
  assert.deepEqual(await prepare({ url }), { url, method: 'POST', headers: {}, timeoutMs: 120_000 })
  const template = '{"prompt":"{{message}}"}'
  assert.equal((await prepare({ url, body: { prompt: '{{message}}' } })).body, template)
  assert.equal((await prepare({ url, body: template })).body, template)
  const wrong: readonly (readonly [DriverSettings, RegExp])[] = [
    [{}, /needs a URL/],
    [{ url: 'ftp://x/' }, /needs a URL/],
    [{ url: '/messages' }, /needs a URL/],
    [{ url: 'http://me:secret@x/' }, /no credentials/],
    [{ url, method: 'GET' }, /method/],
    [{ url, headers: ['a'] }, /headers/],
    [{ url, headers: { 'a b': 'c' } }, /header's name/],
    [{ url, headers: { a: 'b\r\nc: d' } }, /"a"/],
    [{ url, headers: { a: { env: 'NOT OK' } } }, /"a"/],
    [{ url, headers: { Host: 'x' } }, /"host" itself/],
    [{ url, body: 7 }, /body as a template/],
    [{ url, body: '{"a":{{message}}}' }, /template of JSON/],
    [{ url, body: '{{#message}}' }, /template of JSON/],
    [{ url, answerPointer: 'text' }, /answerPointer/],
    [{ url, answerPointer: '/a~2' }, /answerPointer/],
    [{ url, accepted: 200 }, /accepted/],
    [{ url, busy: [99] }, /busy/],
    [{ url, timeoutMs: 300_001 }, /timeoutMs/],
    [{ url, target: '%5' }, /no setting "target"/],
  ]
  for (const [settings, why] of wrong) await assert.rejects(prepare(settings), why)
})
