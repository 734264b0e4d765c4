import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { adminToken, configure, countDeliveries, hooks, secret } from '../support/hooks.ts'
import { ownCapability } from '../support/own-capability.ts'

/** Also for many rounds, and a busy machine. */
const timeout = 1_200_000

interface Route {
  readonly method: string
  readonly path: string
}

describe('the capability of an agent', () => {
  let home: string
  let server: Served
  let routes: readonly Route[]
  let token: string
  let admin: string
  let waitId: string
  let deliveryId: string
  const news = { messageTemplate: 'News', session: 'build' }

  before(async () => {
    home = await scratchHome()
    configure(home, { ...hooks({ news }), limits: { knocksPerMinute: 0, authFailuresPerMinute: 0 } })
    for (const session of ['build', 'other'])
      await cli(['session', 'add', session, '--driver', 'inbox'], { home })
    server = await serve(home)
    admin = await adminToken(home)
    token = await ownCapability(home, 'build')
    const { paths } = (await (await fetch(`${server.url}/docs/json`)).json()) as {
      readonly paths: Readonly<Record<string, object>>
    }
    routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    )
    const waiting = await ask('POST', '/agent/waits', token, { what: 'something' })
    waitId = String(JSON.parse(waiting.text).waitId)
    const sent = await cli(['send', '--session', 'build', '--json', 'to build'], { home })
    deliveryId = String(JSON.parse(sent.stdout).id)
  })
  after(() => server.stop())

  const ask = async (method: string, path: string, bearer: string, body?: object) => {
    const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'DELETE'
    const response = await fetch(server.url + path, {
      method,
      headers: {
        ...(bearer !== '' && { authorization: `Bearer ${bearer}` }),
        ...(hasBody && { 'content-type': 'application/json' }),
      },
      ...(hasBody && { body: JSON.stringify(body ?? {}) }),
    })
    return { status: response.status, text: await response.text() }
  }
  const filled = (path: string) =>
    path
      .replace('/deliveries/{id}', `/deliveries/${deliveryId}`)
      .replace('/waits/{id}', `/waits/${waitId}`)
      .replaceAll(/\{\w+\}/g, 'build')
  const isOf = (beginning: string) => (route: Route) => route.path.startsWith(beginning)
  /** Everything that anybody could have changed. */
  const everything = async () => {
    const lists = ['grants', 'sessions', 'deliveries', 'waits', 'decisions', 'notices', 'hooks', 'hosts']
    const answers = await Promise.all(lists.map((list) => ask('GET', `/api/${list}`, admin)))
    for (const { status } of answers) assert.equal(status, 200)
    return answers.map(({ text }) => text.replaceAll(/"(lastSeenAt|since)":"[^"]*"/g, ''))
  }

  it('opens no route of the admin, and none of those changes anything for it', { timeout }, async () => {
    const api = routes.filter(isOf('/api/')).filter(({ path }) => !path.startsWith('/api/hooks/'))
    assert.ok(api.length >= 30, `${api.length} routes`)
    const before = await everything()
    for (const { method, path } of api) {
      const { status, text } = await ask(method, filled(path), token, { session: 'build', message: 'x' })
      assert.ok(status === 401 || status === 403, `${method} ${path}: ${status} ${text}`)
    }
    assert.deepEqual(await everything(), before)
  })

  it('opens no hook, no channel, no link of a decision, and no page', { timeout }, async () => {
    const before = await countDeliveries(home, server)
    for (const [method, path, expected] of [
      ['POST', '/api/hooks/wake', 401],
      ['POST', '/api/hooks/agent', 401],
      ['POST', '/api/hooks/news', 401],
      ['POST', '/hook', 403],
      ['POST', `/hook/${token}`, 403],
      ['GET', `/decide/${token}`, 403],
      ['POST', `/decide/${token}`, 403],
      ['GET', `/dashboard?token=${token}`, 303],
      ['GET', `/dashboard/sessions`, 303],
    ] as const) {
      const response = await fetch(server.url + path, {
        method,
        redirect: 'manual',
        headers: {
          authorization: `Bearer ${token}`,
          cookie: `postern=${token}; postern-login=${token}`,
          ...(method === 'POST' && { 'content-type': 'application/json' }),
        },
        ...(method === 'POST' && { body: '{"message":"x"}' }),
      })
      await response.body?.cancel()
      assert.equal(response.status, expected, `${method} ${path}`)
    }
    assert.equal(await countDeliveries(home, server), before)
  })

  it('is the only thing that opens the routes of agents', { timeout }, async () => {
    const agent = routes.filter(isOf('/agent/'))
    assert.ok(agent.length >= 6, `${agent.length} routes`)
    const url = (await cli(['expose', '--session', 'build', '--quiet'], { home })).stdout.trim()
    const grant = url.slice(url.lastIndexOf('/') + 1)
    for (const { method, path } of agent)
      for (const bearer of ['', admin, secret, grant, `${token}.`, token.slice(0, -1), deliveryId]) {
        const { status } = await ask(method, filled(path), bearer, { what: 'x', text: 'x' })
        assert.ok(status === 401 || status === 403, `${method} ${path}: ${status}`)
      }
  })

  it('opens nothing of another session: neither its waits nor its deliveries', { timeout }, async () => {
    const stranger = await ownCapability(home, 'other')
    for (const { method, path } of routes
      .filter(isOf('/agent/'))
      .filter(({ path: at }) => at.includes('{'))) {
      const { status, text } = await ask(method, filled(path), stranger, { text: 'x' })
      assert.equal(status, 403, `${method} ${path}: ${text}`)
    }
    const { text } = await ask('GET', '/agent/waits', stranger)
    assert.deepEqual(JSON.parse(text).waits, [])
  })

  it('is worth nothing once a character of it is changed, or somebody else signs', { timeout }, async () => {
    const [head = '', body = '', signature = ''] = token.split('.')
    const json = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    const coded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const { alg, kid, ...rest } = json(head)
    const claims = json(body)
    const other = (text: string, at: number) =>
      `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
    const signed = (key: string, header: object, payload: object) => {
      const said = `${coded(header)}.${coded(payload)}`
      return `${said}.${createHmac('sha256', key).update(said).digest('base64url')}`
    }
    const forged = [
      `${coded({ ...rest, kid, alg: 'none' })}.${body}.`,
      `${coded({ ...rest, kid, alg: 'none' })}.${body}.${signature}`,
      `${coded({ ...rest, alg, kid: 'other' })}.${body}.${signature}`,
      `${coded({ ...rest, alg })}.${body}.${signature}`,
      ...['', secret, kid, 'secret'].map((key) => signed(key, { ...rest, alg: 'HS256', kid }, claims)),
      ...Object.keys(claims).map((name) => `${head}.${coded({ ...claims, [name]: 'other' })}.${signature}`),
      `${head}.${coded({ ...claims, verb: 'send_input' })}.${signature}`,
      `${head}.${body}.${signature}.`,
      `${head}.${body}`,
      `${head}.${body}.${signature}=`,
      `${token}%20`,
      token.toUpperCase(),
      ...[0, 5, Math.floor(token.length / 2), token.length - 2].map((at) => other(token, at)),
      // The last character has bits that count for nothing: each spelling but one is refused.
      ...[...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
        .map((last) => token.slice(0, -1) + last)
        .filter((spelling) => spelling !== token),
    ]
    for (const bearer of forged) {
      const { status } = await ask('GET', '/agent/self', bearer)
      assert.equal(status, 401, bearer)
    }
    assert.equal((await ask('GET', '/agent/self', token)).status, 200)
  })

  it('ends with the opening of its session: the next one has another, and sees none of its waits', {
    timeout,
  }, async () => {
    await cli(['session', 'add', 'build', '--driver', 'inbox', '--replace'], { home })
    const next = await ownCapability(home, 'build')
    for (const { method, path } of routes.filter(isOf('/agent/'))) {
      const { status, text } = await ask(method, filled(path), token, { what: 'x', text: 'x' })
      assert.equal(status, 403, `${method} ${path}: ${text}`)
    }
    assert.deepEqual(JSON.parse((await ask('GET', '/agent/waits', next)).text).waits, [])
    for (const method of ['GET', 'DELETE'])
      assert.equal(
        (await ask(method, method === 'GET' ? `/agent/waits?id=${waitId}` : `/agent/waits/${waitId}`, next))
          .status,
        403,
      )
    assert.equal((await ask('GET', '/agent/self', next)).status, 200)
    await cli(['session', 'end', 'build'], { home })
    assert.equal((await ask('GET', '/agent/self', next)).status, 403)
  })
})
