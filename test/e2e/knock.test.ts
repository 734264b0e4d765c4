import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'

describe('a knock at a capability URL', () => {
  let home: string
  let server: Served
  let url: string
  let token: string

  const knock = (body: unknown, headers: Record<string, string> = {}, to = url) =>
    fetch(to, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=0', ...headers },
      body:
        typeof body === 'string'
          ? body
          : body instanceof Uint8Array
            ? new Blob([new Uint8Array(body)])
            : JSON.stringify(body),
    })
  /** Clients tidy a path up before they send it. */
  const statusOfRaw = async (target: string) => {
    const { hostname, port, host } = new URL(server.url)
    const socket = connect({ host: hostname, port: Number(port) })
    socket.write(
      `POST ${target} HTTP/1.1\r\nHost: ${host}\r\nPrefer: wait=0\r\nContent-Type: text/plain\r\n` +
        'Content-Length: 3\r\nConnection: close\r\n\r\nraw',
    )
    const answer = await text(socket)
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
  }
  const list = async (): Promise<{ id: string; message: string; state: string }[]> =>
    JSON.parse((await cli(['deliveries', 'ls', '--json', '--limit', '1000'], { home })).stdout)

  before(async () => {
    home = await scratchHome()
    await cli(['session', 'add', 'build', '--driver', 'inbox'], { home })
    server = await serve(home)
    url = (await cli(['expose', '--session', 'build', '--quiet'], { home })).stdout.trim()
    token = url.slice(url.lastIndexOf('/') + 1)
  })
  after(() => server.stop())

  it('is stored before it is answered, as the agent will see it', async () => {
    const response = await knock({ message: 'hi', from: 'ci' })
    assert.equal(response.status, 202)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.get('referrer-policy'), 'no-referrer')
    const answer = (await response.json()) as Record<string, string>
    assert.equal(answer.status, 'buffered')
    assert.equal(answer.session, 'build')
    assert.equal(answer.channel, 'postern:/sessions/build')
    assert.match(answer.deliveryId ?? '', /^whd_[0-9A-Za-z]{24}$/)
    assert.ok((await list()).some(({ id, message }) => id === answer.deliveryId && message === '[ci] hi'))
  })

  it('works with the token in the Authorization header, and as bare text', async () => {
    const response = await knock(
      'plain words',
      { authorization: `Bearer ${token}`, 'content-type': 'text/plain' },
      `${server.url}/hook`,
    )
    assert.equal(response.status, 202)
    assert.ok((await list()).some(({ message }) => message === 'plain words'))
  })

  const refusals: readonly [
    name: string,
    body: string | Uint8Array,
    headers: Record<string, string>,
    status: number,
  ][] = [
    ['no JSON', '{', {}, 400],
    ['bytes that are not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), {}, 400],
    ['null', 'null', {}, 422],
    ['a number', '42', {}, 422],
    ['a list', '[]', {}, 422],
    ['a blank message', '{"message":" \\n"}', {}, 422],
    ['a message that is no string', '{"message":1}', {}, 422],
    ['a from that is no string', '{"message":"x","from":{}}', {}, 422],
    ['a form', 'message=x', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['another charset', '{"message":"x"}', { 'content-type': 'application/json; charset=utf-16' }, 415],
    ['packing that nothing undoes', '{"message":"x"}', { 'content-encoding': 'zstd' }, 415],
    ['what does not unpack', '{"message":"x"}', { 'content-encoding': 'gzip' }, 400],
    ['too much', JSON.stringify({ message: 'x'.repeat(65_536) }), {}, 413],
    ['an endless key', '{"message":"x"}', { 'idempotency-key': 'k'.repeat(256) }, 422],
    ['two keys', '{"message":"x","idempotency_key":"a"}', { 'idempotency-key': 'b' }, 422],
    ['a page of another site', '{"message":"x"}', { origin: 'https://evil.example' }, 403],
  ]
  for (const [name, body, headers, status] of refusals)
    it(`refuses ${name} with ${status} and stores nothing`, async () => {
      const stored = (await list()).length
      const response = await knock(body, headers)
      assert.equal(response.status, status)
      assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
      const problem = (await response.json()) as Record<string, unknown>
      assert.equal(problem.status, status)
      for (const member of ['type', 'title', 'detail', 'code', 'requestId'])
        assert.equal(typeof problem[member], 'string')
      assert.equal((await list()).length, stored)
    })

  it('answers every bad token with one identical 403', async () => {
    const flipped = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A')
    const [head = '', body = '', signature = ''] = token.split('.')
    const doomed = (await cli(['expose', '--session', 'build', '--json'], { home })).stdout
    const { grantId, webhook } = JSON.parse(doomed) as { grantId: string; webhook: string }
    await cli(['revoke', grantId], { home })
    const tokens = [
      '',
      'x',
      flipped,
      `${token}=`,
      `${token}%20`,
      `${token}//`,
      `${token}/x`,
      `${head}.${body}.`,
      `${head}.${Buffer.from('{}').toString('base64url')}.${signature}`,
      `${token.replaceAll('.', '%2E')}`,
      webhook.slice(webhook.lastIndexOf('/') + 1),
    ]
    const bodies = new Set<string>()
    for (const bad of tokens) {
      const response = await knock({ message: 'let me in' }, {}, `${server.url}/hook/${bad}`)
      assert.equal(response.status, 403, bad)
      bodies.add(await response.text())
    }
    assert.equal(bodies.size, 1)
    assert.equal((await list()).filter(({ message }) => message === 'let me in').length, 0)
  })

  it('takes a packed message, and one whose Content-Encoding is a charset', async () => {
    const send = (body: string | Uint8Array<ArrayBuffer>, encoding: string) =>
      knock(body, { 'content-type': 'text/plain', 'content-encoding': encoding })
    assert.equal((await send(new Uint8Array(gzipSync('it was packed')), 'gzip')).status, 202)
    assert.equal((await send('it was plain', 'UTF-8')).status, 202)
    const messages = (await list()).map(({ message }) => message)
    for (const message of ['it was packed', 'it was plain']) assert(messages.includes(message), message)
    assert.equal((await send(new Uint8Array(gzipSync('x'.repeat(70_000))), 'gzip')).status, 413)
  })

  it('takes one slash after the token for nothing', async () => {
    const send = (address: string) =>
      fetch(address, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'with a slash' })
    assert.equal((await send(`${url}/`)).status, 202)
    assert.equal((await list()).filter(({ message }) => message === 'with a slash').length, 1)
    assert.equal((await send(`${server.url}/hook/`)).status, 403)
  })

  it('shows a page to a person who opens the address, and a problem to every other GET', async () => {
    const stored = (await list()).length
    const open = (address: string, accept: string, method = 'GET') =>
      fetch(address, { method, headers: { accept } })
    const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
    for (const address of [url, `${url}/`, `${server.url}/hook`, `${server.url}/hook/x`]) {
      const page = await open(address, browser)
      const text = await page.text()
      assert.deepEqual([page.status, page.headers.get('allow')], [405, 'POST'])
      assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
      assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
      assert.equal(page.headers.get('cache-control'), 'no-store')
      assert.match(text, /curl .*-d/)
      for (const hidden of [token, 'build', server.url]) assert(!text.includes(hidden), hidden)
    }
    for (const [accept, method] of [
      ['*/*', 'GET'],
      ['application/json', 'GET'],
      ['text/html;q=0, */*', 'GET'],
      [browser, 'PUT'],
    ] as const)
      assert.match((await open(url, accept, method)).headers.get('content-type') ?? '', /problem\+json/)
    assert.equal((await list()).length, stored)
  })

  it('is no other spelling of its path', async () => {
    const stored = (await list()).length
    for (const before of ['/x/..', '/.', '/%2e', '/x/%2E%2e', '/x//../..', '/x\\..'])
      assert.equal(await statusOfRaw(`${before}/hook/${token}`), 404, before)
    for (const target of [`/hook/./${token}`, `/hook/x/../${token}`, `/hook/${token}/.`, `/hook\\${token}`])
      assert.match(`${await statusOfRaw(target)}`, /^40[34]$/, target)
    assert.equal((await list()).length, stored)
    assert.equal(await statusOfRaw(`/hook/${token}`), 202)
  })

  it('refuses a path token beside a different Bearer token', async () => {
    assert.equal((await knock({ message: 'x' }, { authorization: 'Bearer other' })).status, 403)
    assert.equal((await knock({ message: 'x' }, { authorization: `Bearer ${token}` })).status, 202)
  })

  it('names the method where only that is wrong, and answers no foreign Host', async () => {
    const response = await fetch(url)
    assert.equal(response.status, 405)
    assert.equal(response.headers.get('allow'), 'POST')
    assert.equal(await statusAsHost('evil.example', url), 421)
    assert.equal(await statusAsHost(new URL(url).host, url), 202)
    assert.equal((await fetch(`${server.url}/nowhere`)).status, 404)
  })

  it('answers a body beyond any limit with a problem of its own, and a bad token before that', async () => {
    const huge = 4_000_000_000
    assert.deepEqual(await announce(huge, url), [413, 'application/problem+json'])
    assert.deepEqual(await announce(huge, `${server.url}/hook/bad`), [403, 'application/problem+json'])
  })

  it('makes one delivery of a hundred concurrent repeats', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => knock({ message: 'once', idempotency_key: 'k1' })),
    )
    const ids = new Set(
      await Promise.all(
        answers.map(async (response) => ((await response.json()) as { deliveryId: string }).deliveryId),
      ),
    )
    assert.equal(ids.size, 1)
    assert.equal(
      answers.filter((response) => response.headers.get('idempotency-replayed') === 'true').length,
      99,
    )
    assert.equal((await list()).filter(({ message }) => message === 'once').length, 1)
    assert.equal((await knock({ message: 'twice' }, { 'idempotency-key': 'k1' })).status, 409)
  })

  it('says 404 of a session that never was and 410 of one that ended', async () => {
    await cli(['session', 'add', 'short', '--driver', 'inbox'], { home })
    const short = (await cli(['expose', '--session', 'short', '--quiet'], { home })).stdout.trim()
    await cli(['session', 'end', 'short'], { home })
    assert.equal((await knock({ message: 'x' }, {}, short)).status, 410)
    assert.equal((await cli(['expose', '--session', 'never'], { home })).code, 3)
  })

  it('reaches DELIVERED when the inbox acknowledges, also for who waits', async () => {
    await cli(['session', 'add', 'agent', '--driver', 'inbox'], { home })
    const agent = (await cli(['expose', '--session', 'agent', '--quiet'], { home })).stdout.trim()
    const waiting = knock({ message: 'take me' }, { prefer: 'wait=20' }, agent)
    const taken = await cli(['inbox', '--session', 'agent', '--wait', '--json'], { home })
    const { id, message } = JSON.parse(taken.stdout) as { id: string; message: string }
    assert.equal(message, 'take me')
    assert.equal((await cli(['inbox', 'ack', id], { home })).code, 0)
    const response = await waiting
    assert.equal(response.status, 200)
    assert.equal(((await response.json()) as { status: string }).status, 'delivered')
  })

  it('shows its delivery to the credential that knocked, and to no other', async () => {
    const { deliveryId } = (await (await knock({ message: 'mine' })).json()) as { deliveryId: string }
    const other = (await cli(['expose', '--session', 'build', '--quiet'], { home })).stdout.trim()
    const read = (bearer: string) =>
      fetch(`${server.url}/api/deliveries/${deliveryId}`, { headers: { authorization: `Bearer ${bearer}` } })
    const record = (await (await read(token)).json()) as { state: string; events: { kind: string }[] }
    assert.equal(record.state, 'PENDING')
    assert.deepEqual(
      record.events.slice(0, 2).map(({ kind }) => kind),
      ['received', 'stored'],
    )
    assert.equal((await read(other.slice(other.lastIndexOf('/') + 1))).status, 404)
    assert.equal((await read('nothing')).status, 401)
  })
})

/** `fetch` may not name another Host everywhere. */
function statusAsHost(host: string, url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { host, 'content-type': 'application/json', prefer: 'wait=0' }
    const asking = request(url, { method: 'POST', headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asking.once('error', reject)
    asking.end('{"message":"x"}')
  })
}

/** The answer to the headers of a request whose body never comes. */
function announce(length: number, url: string): Promise<[status?: number, type?: string]> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': length }
    const asking = request(url, { method: 'POST', headers }, (response) => {
      resolve([response.statusCode ?? 0, response.headers['content-type'] ?? ''])
      asking.destroy()
    })
    asking.once('error', reject)
    asking.flushHeaders()
  })
}
