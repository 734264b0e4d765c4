import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StoredLogin } from '../../src/domain/login.ts'
import { createLoginGuard } from '../../src/http/dashboard/login-guard.ts'
import { createLogins, type LoginFile } from '../../src/http/dashboard/logins.ts'

const hour = 3_600_000

function setUp(publicUrl?: string) {
  let now = 1_000_000
  let drawn = 0
  const logins = createLogins({
    now: () => now,
    bytes: (length) => new Uint8Array(length).fill(++drawn % 256),
  })
  const guard = createLoginGuard({ logins, publicUrl: () => publicUrl, peer: () => '192.0.2.7' })
  return { logins, guard, pass: (ms: number) => (now += ms) }
}

const here = 'http://127.0.0.1:7717/dashboard/channels'

interface Asked {
  readonly url?: string
  readonly cookie?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Not `Request`: that one refuses to hold a Host or an Origin. */
function request({ url = here, cookie = '', headers = {}, body = '' }: Asked): Request {
  const all = { host: new URL(url).host, cookie, ...headers }
  const plain = new Request(url, { method: 'POST', body })
  return Object.defineProperty(plain, 'headers', { value: new Headers(all) })
}

const form = {
  'content-type': 'application/x-www-form-urlencoded',
  origin: 'http://127.0.0.1:7717',
}

/** `name=value` of a `Set-Cookie`. */
const sent = (cookie: string): string => cookie.split(';')[0] ?? ''

describe('createLogins', () => {
  it('knows a login by its secret alone, for twelve hours', () => {
    const { logins, pass } = setUp()
    const { secret } = logins.open()
    assert.ok(logins.find(secret))
    assert.equal(logins.find(`${secret}x`), undefined)
    assert.equal(logins.find(''), undefined)
    pass(12 * hour - 1)
    assert.ok(logins.find(secret))
    pass(1)
    assert.equal(logins.find(secret), undefined)
  })

  it('lets one login in for each code, within five minutes', async () => {
    const { logins, pass } = setUp()
    const [first, second] = [logins.invite(), logins.invite()]
    assert.equal(await logins.redeem(first.code), true)
    assert.equal(await logins.redeem(first.code), false)
    assert.equal(await logins.redeem('guess'), false)
    pass(5 * 60_000)
    assert.equal(await logins.redeem(second.code), false)
  })

  it('keeps a thousand and lets the oldest go', () => {
    let n = 0
    const logins = createLogins({ now: () => 0, bytes: () => Buffer.from(String(n++).padStart(32, '0')) })
    const secrets = Array.from({ length: 1001 }, () => logins.open().secret)
    assert.equal(logins.find(secrets[0] ?? ''), undefined)
    assert.ok(logins.find(secrets[1] ?? ''))
  })
})

describe('createLogins, seen by who is logged in', () => {
  const phone = { from: '192.0.2.9', browser: 'Phone' }

  it('lists them, the last used first, with since when and from where', () => {
    const { logins, pass } = setUp()
    const [first, second] = [logins.open(), logins.open()]
    pass(1000)
    logins.find(first.secret, phone)
    const listed = logins.list()
    assert.deepEqual(
      listed.map(({ id }) => id),
      [first.login.id, second.login.id],
    )
    assert.deepEqual(listed[0]?.seen, { at: 1_001_000, ...phone })
    assert.deepEqual([listed[1]?.since, listed[1]?.seen], [1_000_000, undefined])
    assert.ok(!JSON.stringify(listed).includes(first.secret))
    pass(12 * hour)
    assert.deepEqual(logins.list(), [])
  })

  it('ends one by its id, or all but one, and nothing else', () => {
    const { logins } = setUp()
    const [first, second, third] = [logins.open(), logins.open(), logins.open()]
    assert.equal(logins.end('nothing'), false)
    assert.equal(logins.end(second.login.id), true)
    assert.deepEqual([logins.find(second.secret), logins.list().length], [undefined, 2])
    assert.equal(logins.endOthers(third.login.id), 1)
    assert.equal(logins.find(first.secret), undefined)
    assert.ok(logins.find(third.secret))
  })

  it('keeps that over a restart, and writes no more than now and then', () => {
    const saved: (readonly StoredLogin[])[] = []
    const file: LoginFile = {
      under: () => 'one',
      load: () => saved.at(-1) ?? [],
      save: (all) => saved.push(all),
    }
    let now = 1_000_000
    const bytes = (length: number) => new Uint8Array(length).fill(7)
    const open = () => createLogins({ now: () => now, bytes, file })
    const logins = open()
    const { secret, login } = logins.open()
    logins.find(secret, phone)
    const writes = saved.length
    for (let n = 0; n < 50; n++) logins.find(secret, phone)
    assert.equal(saved.length, writes)
    now += 700_000
    logins.find(secret, phone)
    assert.equal(saved.length, writes + 1)
    const [again] = open().list()
    assert.deepEqual([again?.id, again?.since, again?.seen], [login.id, 1_000_000, { at: now, ...phone }])
  })

  it('does not write at every request of a login that is used from two places in turn', () => {
    const saved: (readonly StoredLogin[])[] = []
    const file: LoginFile = { under: () => 'one', load: () => [], save: (all) => saved.push(all) }
    let now = 1_000_000
    const logins = createLogins({ now: () => now, bytes: (length) => new Uint8Array(length), file })
    const { secret } = logins.open()
    logins.find(secret, phone)
    const writes = saved.length
    const laptop = { from: '192.0.2.8', browser: 'Laptop' }
    for (let n = 0; n < 50; n++) for (const place of [phone, laptop]) logins.find(secret, place)
    assert.equal(saved.length, writes)
    assert.equal(logins.list()[0]?.seen?.from, laptop.from)
    now += 10_001
    logins.find(secret, laptop)
    assert.equal(saved.length, writes + 1)
    assert.deepEqual(saved.at(-1)?.[0]?.seen, { at: now, ...laptop })
  })
})

describe('createGuard', () => {
  it('logs in and out by a cookie that no script and no other site can use', () => {
    const { guard } = setUp()
    const cookie = guard.enter(request({}))
    assert.match(cookie, /; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/)
    const asked = request({ cookie: `other=1; ${sent(cookie)}; more=2` })
    assert.ok(guard.login(asked))
    assert.match(guard.leave(asked), /^postern_dashboard=; .*Max-Age=0/)
    assert.equal(guard.login(asked), undefined)
    assert.throws(() => guard.require(asked), { code: 'unauthorized' })
  })

  it('says Secure over TLS and under a public https name', () => {
    const { guard } = setUp('https://door.example')
    assert.match(guard.enter(request({ url: 'https://127.0.0.1:7717/' })), /; Secure$/)
    assert.match(guard.enter(request({ headers: { host: 'door.example' } })), /; Secure$/)
    assert.doesNotMatch(guard.enter(request({})), /Secure/)
  })

  it('is sent only below the path of the public URL, where that was asked for', () => {
    const { guard } = setUp('https://door.example/postern')
    const asked = request({ headers: { host: 'door.example' } })
    assert.match(guard.enter(asked), /; Path=\/postern; .*; Secure$/)
    assert.match(guard.leave(asked), /; Path=\/postern; Max-Age=0/)
    assert.match(guard.enter(request({})), /; Path=\/; /)
  })

  it('takes a form with the secret of its login, and no other', async () => {
    const { guard, logins } = setUp()
    const cookie = sent(guard.enter(request({})))
    const { csrf } = guard.require(request({ cookie }))
    const other = logins.open().login.csrf
    const post = (fields: string) => guard.adminForm(request({ cookie, headers: form, body: fields }))
    assert.equal((await post(`csrf=${csrf}&a=%3Cb%3E`)).get('a'), '<b>')
    for (const bad of ['', 'csrf=', `csrf=${other}`, `csrf=${csrf}x`])
      await assert.rejects(post(bad), { code: 'origin_not_allowed' }, bad)
    await assert.rejects(guard.adminForm(request({ headers: form, body: `csrf=${csrf}` })), {
      code: 'unauthorized',
    })
  })

  const origins: readonly (readonly [name: string, headers: Record<string, string>, fine: boolean])[] = [
    ['its own page', {}, true],
    ['its own page under the public name', { origin: 'https://door.example' }, true],
    ['another port of this machine', { origin: 'http://127.0.0.1:7718' }, false],
    ['another site', { origin: 'https://evil.example' }, false],
    ['a page without a name', { origin: 'null' }, false],
    ['nobody', { origin: '' }, false],
    ['a browser that says so', { 'sec-fetch-site': 'cross-site' }, false],
    ['a neighbour, says the browser', { 'sec-fetch-site': 'same-site' }, false],
  ]
  for (const [name, headers, fine] of origins)
    it(`${fine ? 'takes' : 'refuses'} a form from ${name}`, async () => {
      const { guard } = setUp('https://door.example')
      const reading = guard.form(request({ headers: { ...form, ...headers }, body: 'a=1' }))
      if (fine) assert.equal((await reading).get('a'), '1')
      else await assert.rejects(reading, { code: 'origin_not_allowed' })
    })

  it('takes nothing but a form', async () => {
    const { guard } = setUp()
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', ''])
      await assert.rejects(guard.form(request({ headers: { ...form, 'content-type': type } })), {
        code: 'unsupported_media_type',
      })
  })
})
