import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { callableBy } from '../../src/auth/addresses.ts'
import { createCaller } from '../../src/delivery/callback-client.ts'

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

describe('createCaller', () => {
  const seen: Seen[] = []
  let receiver: Server
  let port: number
  let status = 200
  let headers: Record<string, string> = {}

  const order = (url: string) => ({
    url,
    headers: { 'content-type': 'application/json', 'x-mine': '1' },
    body: '{"a":"é"}',
  })
  const call = (
    url: string,
    allow: readonly string[] = ['127.0.0.1'],
    signal = new AbortController().signal,
  ) => createCaller({ allowed: callableBy(() => allow), timeoutMs: 5000 }).call(order(url), signal)

  before(async () => {
    receiver = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      seen.push({ method: request.method, url: request.url, headers: request.headers, body })
      if (request.url === '/hang') return
      response.writeHead(status, headers).end('thanks')
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    port = (receiver.address() as AddressInfo).port
  })
  after(() => {
    receiver.closeAllConnections()
    receiver.close()
  })

  it('posts body and headers to the allowed address', async () => {
    assert.deepEqual(await call(`http://127.0.0.1:${port}/a?b=c`), { kind: 'taken', evidence: 'ack' })
    const got = seen.at(-1)
    assert.equal(got?.method, 'POST')
    assert.equal(got?.url, '/a?b=c')
    assert.equal(got?.body, '{"a":"é"}')
    assert.equal(got?.headers['x-mine'], '1')
    assert.equal(got?.headers.host, `127.0.0.1:${port}`)
  })

  it('reaches a name that is allowed by that name, and tells it so', async () => {
    assert.equal((await call(`http://localhost:${port}/`, ['localhost'])).kind, 'taken')
    assert.equal(seen.at(-1)?.headers.host, `localhost:${port}`)
  })

  const forbidden = [
    ['loopback', '127.0.0.1'],
    ['loopback in one number', '2130706433'],
    ['loopback in hex', '0x7f.1'],
    ['loopback as IPv6', '[::1]'],
    ['loopback mapped into IPv6', '[::ffff:7f00:1]'],
    ['a name that resolves to loopback', 'localhost'],
    ['this network', '0.0.0.0'],
    ['cloud metadata', '169.254.169.254'],
    ['a private network', '10.0.0.1'],
    ['a private network of IPv6', '[fd00::1]'],
  ] as const
  for (const [name, host] of forbidden)
    it(`does not reach ${name}`, async () => {
      const before = seen.length
      const outcome = await call(`http://${host}:${port}/`, [])
      assert.equal(outcome.kind, 'failed')
      assert.ok(outcome.kind === 'failed' && !outcome.retry && /not a public address/.test(outcome.why))
      assert.equal(seen.length, before)
    })

  it('reaches what a CIDR block allows, mapped or not, and nothing beside it', async () => {
    assert.equal((await call(`http://127.0.0.1:${port}/`, ['127.0.0.0/8'])).kind, 'taken')
    assert.equal((await call(`http://127.0.0.1:${port}/`, ['10.0.0.0/8'])).kind, 'failed')
  })

  const answers: readonly [status: number, retry: boolean][] = [
    [301, false],
    [302, false],
    [307, false],
    [400, false],
    [404, false],
    [410, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
  ]
  for (const [answered, retry] of answers)
    it(`takes ${answered} for ${retry ? 'a failure that may pass' : 'a refusal'}`, async () => {
      status = answered
      headers = { location: `http://127.0.0.1:${port}/elsewhere` }
      const outcome = await call(`http://127.0.0.1:${port}/`)
      status = 200
      headers = {}
      assert.ok(outcome.kind === 'failed' && outcome.retry === retry)
      assert.notEqual(seen.at(-1)?.url, '/elsewhere')
    })

  it('keeps a Retry-After', async () => {
    status = 503
    headers = { 'retry-after': '7' }
    const outcome = await call(`http://127.0.0.1:${port}/`)
    status = 200
    headers = {}
    assert.ok(outcome.kind === 'failed' && outcome.retryAfterMs === 7000)
  })

  it('may pass when nobody answers, and when it is cut off', async () => {
    const nobody = await call('http://127.0.0.1:1/')
    assert.ok(nobody.kind === 'failed' && nobody.retry)
    const cut = new AbortController()
    const hanging = call(`http://127.0.0.1:${port}/hang`, undefined, cut.signal)
    while (seen.at(-1)?.url !== '/hang') await new Promise((resolve) => setTimeout(resolve, 5))
    cut.abort()
    const outcome = await hanging
    assert.ok(outcome.kind === 'failed' && outcome.retry)
  })

  for (const bad of ['ftp://example.com/', 'http://a:b@example.com/', 'file:///etc/passwd', 'x', ''])
    it(`refuses ${JSON.stringify(bad)} for good`, async () => {
      const outcome = await call(bad)
      assert.ok(outcome.kind === 'failed' && !outcome.retry)
    })
})
