import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { adminToken, configure, countDeliveries, get, hooks, post, secret, until } from '../support/hooks.ts'

interface Shown {
  readonly place: number
  readonly door: string
  readonly hook: string | null
  readonly grant: string | null
  readonly status: number
  readonly code: string
  readonly cause: string
  readonly peer: string
  readonly userAgent: string | null
  readonly requestId: string
}

const signing = 'the-signing-secret-of-a-vendor-4711'
const marker = 'MARKER-of-a-stranger'
const zeros = '0'.repeat(64)

const configured = {
  ...hooks({
    github: {
      ...{ path: '/api/hooks/github', messageTemplate: '{{a}}' },
      verify: { scheme: 'github', secret: signing },
    },
    stripe: {
      ...{ path: '/api/hooks/stripe', messageTemplate: '{{a}}' },
      verify: { scheme: 'stripe', secret: signing },
    },
    filtered: {
      ...{ path: '/api/hooks/filtered', messageTemplate: '{{action}}' },
      filter: { path: 'action', equals: 'opened' },
    },
    off: { path: '/api/hooks/off', messageTemplate: '{{a}}', active: false },
  }),
  limits: { authFailuresPerMinute: 40 },
}

const list = async (home: string, ...args: readonly string[]) => {
  const { stdout } = await cli(['refusals', 'ls', '--json', '--limit', '1000', ...args], { home })
  return JSON.parse(stdout) as readonly Shown[]
}

describe('what was turned away', { timeout: 90_000 }, () => {
  let home: string
  let server: Served
  let url: string
  let revoked: string
  let admin: string

  const minted = async () => {
    const { stdout } = await cli(['expose', '--session', 'default', '--json'], { home })
    return JSON.parse(stdout) as { readonly webhook: string; readonly grantId: string }
  }

  before(async () => {
    home = await scratchHome()
    configure(home, configured)
    server = await serve(home)
    url = new URL((await minted()).webhook).pathname
    const dead = await minted()
    revoked = new URL(dead.webhook).pathname
    await cli(['revoke', dead.grantId], { home })
    admin = await adminToken(home)
  })
  after(() => server.stop())

  const old = () => `t=${Math.floor(Date.now() / 1000) - 400},v1=${zeros}`
  const cases = (): readonly (readonly [
    path: string,
    body: string,
    headers: Readonly<Record<string, string>>,
    status: number,
    cause: RegExp,
  ])[] => [
    ['/hook', 'x', { authorization: '' }, 403, /^there is no token$/],
    [`/hook/${marker}`, 'x', { authorization: '' }, 403, /malformed, forged/],
    [revoked, '{"message":"x"}', { authorization: '' }, 403, /^the grant is revoked$/],
    [url, '{"m":oops}', { authorization: '' }, 400, /not valid JSON at character 6/],
    [url, '{"message":" "}', { authorization: '' }, 422, /blank/],
    [url, 'x', { authorization: '', 'content-type': 'image/png' }, 415, /Send application\/json/],
    [url, ' '.repeat(70_000), { authorization: '' }, 413, /larger than/],
    ['/api/hooks/wake', '{}', { authorization: '' }, 401, /^header authorization missing$/],
    ['/api/hooks/wake', '{}', { authorization: `Bearer ${marker}` }, 401, /^the secret is wrong$/],
    ['/api/hooks/github', '{}', {}, 401, /^header x-hub-signature-256 missing$/],
    [
      '/api/hooks/github',
      '{}',
      { 'x-hub-signature-256': `sha256=${zeros}` },
      401,
      /^signature does not match$/,
    ],
    ['/api/hooks/stripe', '{}', { 'stripe-signature': old() }, 401, /^timestamp is 40\d s old$/],
    ['/api/hooks/githb', '{}', {}, 404, /^no hook has this path$/],
    ['/api/hooks/off', '{}', {}, 403, /not active/],
    ['/api/hooks/filtered', '{"action":"closed"}', {}, 202, /action is not "opened"/],
  ]

  it('refused knocks leave a trace: a line in the log and an entry with the cause', async () => {
    for (const [path, body, headers, status] of cases())
      assert.equal(
        (await post(server.url + path, body, { 'user-agent': marker, ...headers })).status,
        status,
        path,
      )
    const listed = await until('the list is stored', async () => {
      const found = await list(home)
      return found.length === cases().length ? found.toReversed() : undefined
    })
    for (const [i, [path, , , status, cause]] of cases().entries()) {
      const shown = listed[i]
      assert.ok(shown)
      assert.match(shown.cause, cause)
      assert.deepEqual([shown.status, shown.peer, shown.userAgent], [status, '127.0.0.1', marker])
      assert.equal(shown.door, path.startsWith('/hook') ? '/hook' : path)
    }
    const lines = server
      .stderr()
      .split('\n')
      .filter((line) => line.includes('"knock.refused"'))
    assert.equal(lines.length, cases().length - 1, 'what is ignored is logged at debug')
    assert.equal(await countDeliveries(home, server), 0)
  })

  it('keeps no secret, no token, no body', async () => {
    const texts = [server.stderr(), JSON.stringify(await list(home))].map((text) =>
      text.replaceAll(`"userAgent":"${marker}"`, ''),
    )
    for (const text of texts) {
      for (const kept of [secret, signing, admin, marker, zeros, url.slice(6), revoked.slice(6)])
        assert.ok(!text.includes(kept), kept)
    }
  })

  it('is listed by the API page by page, by hook, and counted', async () => {
    const first = await get(`${server.url}/api/refusals?limit=4`, admin)
    const next = /^<(.*)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1]
    assert.ok(next)
    const places = [first, await get(server.url + next, admin)].flatMap(({ text }) =>
      (JSON.parse(text) as Shown[]).map(({ place }) => place),
    )
    assert.equal(new Set(places).size, 8)
    assert.deepEqual(
      places,
      places.toSorted((a, b) => b - a),
    )
    const ofHook = await get(`${server.url}/api/refusals?hook=filtered`, admin)
    assert.deepEqual(
      (JSON.parse(ofHook.text) as Shown[]).map(({ code, hook }) => [code, hook]),
      [['ignored', 'filtered']],
    )
    assert.equal((await get(`${server.url}/api/refusals`, marker)).status, 401)
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    assert.match(metrics, /postern_refusals_total\{door="\/api\/hooks\/github",code="unauthorized"\} 2/)
    assert.match(metrics, /postern_guesses_total [1-9]/)
    const { stdout } = await cli(['doctor'], { home })
    assert.match(stdout, /refusals +note +\d+ knocks turned away in the last day/)
  })

  it('names the grant of a refusal that its session or a limit causes', async () => {
    const { stdout } = await cli(['session', 'add', 'brief', '--driver', 'inbox', '--json'], { home })
    assert.notEqual(stdout, undefined)
    const minted = await cli(['expose', '--session', 'brief', '--json'], { home })
    const { webhook, grantId } = JSON.parse(minted.stdout) as { webhook: string; grantId: string }
    await cli(['session', 'end', 'brief'], { home })
    const path = new URL(webhook).pathname
    assert.equal((await post(server.url + path, { message: 'x' }, { authorization: '' })).status, 410)
    const [newest] = await until('it is stored', async () => {
      const found = await list(home, '--grant', grantId)
      return found.length > 0 ? found : undefined
    })
    assert.deepEqual([newest?.grant, newest?.status], [grantId, 410])
  })

  it('a flood of guesses fills neither log nor list, and locks no right secret out', async () => {
    const before = server.stderr().length
    const statuses = new Set<number>()
    const guess = () => post(`${server.url}/api/hooks/wake`, '{}', { authorization: 'Bearer a-wrong-one' })
    for (let i = 0; i < 30; i++)
      for (const { status } of await Promise.all(Array.from({ length: 10 }, guess))) statuses.add(status)
    assert.deepEqual([...statuses].sort(), [401, 429])
    assert.equal((await post(`${server.url}/api/hooks/wake`, { message: 'right' })).status, 202)
    const lines = server
      .stderr()
      .slice(before)
      .split('\n')
      .filter((line) => line.includes('knock.refused'))
    assert.ok(lines.length <= 20, `${lines.length} lines for two causes`)
    const listed = await until('the flood is stored', async () => {
      const found = (await list(home, '--hook', 'wake')).filter(({ code }) => code === 'rate_limited')
      return found.length === 100 ? found : undefined
    })
    assert.match(listed[0]?.cause ?? '', /the secret is wrong; too many failures/)
  })

  it('refusals never repeat what was sent', async () => {
    const id = marker.toLowerCase()
    const asked: readonly (readonly [method: string, path: string, body?: object])[] = [
      ['GET', `/api/sessions/${id}`],
      ['DELETE', `/api/sessions/${id}`],
      ['GET', `/api/deliveries/${marker}`],
      ['POST', `/api/deliveries/${marker}/retry`],
      ['POST', `/api/deliveries/${marker}/replay`, { message: 'x' }],
      ['POST', `/api/deliveries/${marker}/ack`],
      ['DELETE', `/api/deliveries/${marker}`],
      ['DELETE', `/api/grants/${marker}`],
      ['DELETE', '/api/grants/abcdef12'],
      ['POST', '/api/deliveries', { session: id, message: 'x' }],
      ['POST', '/api/deliveries', { session: marker, message: 'x' }],
      ['POST', '/api/deliveries', { session: 'default', message: 'x', [marker]: 1 }],
      ['POST', '/api/grants', { session: id }],
      ['POST', '/api/grants', { session: 'default', verb: marker }],
      ['POST', '/api/grants', { session: 'default', ttl: marker }],
      ['POST', '/api/grants', { session: 'default', label: marker.repeat(20) }],
      ['POST', '/api/hosts', { name: marker }],
      ['DELETE', `/api/hosts/${marker}`],
      ['POST', `/api/hosts/${id}/rotate`],
      ['GET', `/api/deliveries?state=${marker}`],
      ['GET', `/api/deliveries?${marker}=1`],
      ['GET', `/api/deliveries?grant=${marker}&session=${marker}`],
      ['GET', `/api/grants?session=${marker}`],
      ['GET', `/api/refusals?after=${marker}`],
      ['GET', `/${marker}`],
      ['POST', '/api/hooks/agent', { message: 'x', session: id }],
      ['POST', '/api/hooks/agent', { message: 'x', skill: id.replaceAll('_', '-') }],
      ['POST', '/api/hooks/agent', { message: 'x', callbackUrl: `https://${id}.localhost/` }],
      ['POST', url, { message: 7, from: marker }],
      ['POST', url, { message: 'x', from: 7, idempotency_key: marker.repeat(20) }],
    ]
    for (const [method, path, body] of asked) {
      const isHook = path.startsWith('/api/hooks')
      const response = await fetch(server.url + path, {
        method,
        headers: {
          ...(!path.startsWith('/hook') && { authorization: `Bearer ${isHook ? secret : admin}` }),
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      if (response.status < 400) continue
      assert.match(response.headers.get('content-type') ?? '', /problem\+json/, path)
      assert.ok(!text.toLowerCase().includes(id), `${method} ${path}: ${text}`)
      assert.ok(!text.includes('abcdef12'), text)
    }
  })

  it('is there when the server is down, and a right signature leaves nothing', async () => {
    const body = '{"a":"b"}'
    const mac = createHmac('sha256', signing).update(body).digest('hex')
    const headers = { 'x-hub-signature-256': `sha256=${mac}` }
    assert.equal((await post(`${server.url}/api/hooks/github`, body, headers)).status, 202)
    await server.stop()
    const { stdout } = await cli(['refusals', 'ls', '--hook', 'github'], { home })
    assert.equal(stdout.match(/signature/g)?.length, 2)
    server = await serve(home)
    const { stdout: tail } = await cli(['refusals', 'tail', '--json', '--lines', '2'], {
      home,
      timeoutMs: 6000,
    })
    assert.equal(tail.trim().split('\n').length, 2)
  })
})
