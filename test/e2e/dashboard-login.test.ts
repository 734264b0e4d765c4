import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'

describe('logging in to the dashboard', () => {
  let home: string
  let server: Served
  let token: string

  before(async () => {
    home = await scratchHome()
    server = await serve(home, { env: { POSTERN_LOG_LEVEL: 'debug' } })
    token = readFileSync(join(home, 'keys/admin.token'), 'utf8').trim()
  })
  after(() => server.stop())

  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(server.url + path, { headers, redirect: 'manual' })

  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(server.url + path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: server.url, ...headers },
      redirect: 'manual',
    })

  const cookieIn = (response: Response): string =>
    (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const logIn = async () => cookieIn(await post('/dashboard/login', { token }))
  const csrfFor = async (cookie: string) =>
    /name="csrf" value="([^"]+)"/.exec(await (await get('/dashboard', { cookie })).text())?.[1] ?? ''
  const grants = async (): Promise<{ id: string; label: string; revoked: boolean }[]> =>
    JSON.parse((await cli(['ls', '--json'], { home })).stdout)

  const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

  for (const path of [
    '/dashboard',
    '/dashboard/channels',
    '/dashboard/sessions',
    '/dashboard/hooks',
    '/dashboard/settings',
    '/dashboard/deliveries/x',
    '/dashboard/deliveries/x/curl',
  ])
    it(`sends who is not logged in from ${path} to the login`, async () => {
      const response = await get(path)
      assert.equal(response.status, 303)
      assert.equal(
        response.headers.get('location'),
        `/dashboard/login?${new URLSearchParams({ next: path })}`,
      )
    })

  it('refuses streams and forms of who is not logged in', async () => {
    assert.equal((await get('/dashboard/events?of=/dashboard')).status, 401)
    assert.equal((await post('/dashboard/channels', { session: 'default', csrf: 'x' })).status, 401)
    assert.deepEqual(await grants(), [])
  })

  it('logs in with the admin token, and back to where one was', async () => {
    const response = await post('/dashboard/login', { token, next: '/dashboard/hooks' })
    assert.equal(response.status, 303)
    assert.equal(response.headers.get('location'), '/dashboard/hooks')
    assert.match(response.headers.get('set-cookie') ?? '', /HttpOnly; SameSite=Strict/)
    const page = await get('/dashboard', { cookie: cookieIn(response) })
    assert.equal(page.status, 200)
    assert.equal(page.headers.get('content-security-policy'), policy)
    assert.equal(page.headers.get('cache-control'), 'no-store')
    assert.doesNotMatch(await page.text(), /<script>|<style|\sstyle="|\son[a-z]+="/)
  })

  it('shows a new URL once, with a code for a phone, and gives deliveries as commands that nothing runs', async () => {
    const cookie = await logIn()
    const minted = await post(
      '/dashboard/channels',
      { session: 'default', csrf: await csrfFor(cookie) },
      { cookie },
    )
    const shown = async () => (await get(minted.headers.get('location') ?? '', { cookie })).text()
    const first = await shown()
    assert.match(
      first,
      /<svg viewBox="0 0 (\d+) \1" role="img" aria-label="QR code of the URL"[^>]*><path d="M4 4h7v1h-7z/,
    )
    assert.doesNotMatch(await shown(), /QR code/)
    const url = /id="url" readonly value="([^"]+)"/.exec(first)?.[1] ?? assert.fail()
    const knocked = await fetch(url, {
      method: 'POST',
      headers: { prefer: 'wait=0', 'content-type': 'text/plain' },
      body: "it's here",
    })
    const { deliveryId } = (await knocked.json()) as { deliveryId: string }
    const line = await get(`/dashboard/deliveries/${deliveryId}/curl`, { cookie })
    assert.equal(line.headers.get('content-type'), 'text/plain; charset=utf-8')
    assert.equal(line.headers.get('content-security-policy'), "default-src 'none'; sandbox")
    assert.match(await line.text(), /^curl -X POST "\$POSTERN_URL"/)
    await cli(['revoke', (await grants())[0]?.id ?? ''], { home })
  })

  for (const next of [
    'https://evil.example',
    '//evil.example',
    '/dashboard\\evil',
    '/api/grants',
    '/dashboardx',
  ])
    it(`goes nowhere else after a login: ${next}`, async () =>
      assert.equal((await post('/dashboard/login', { token, next })).headers.get('location'), '/dashboard'))

  it('refuses a bad token with a page, and says nothing of it', async () => {
    const response = await post('/dashboard/login', { token: 'let-me-in' })
    assert.equal(response.status, 401)
    assert.equal(response.headers.get('set-cookie'), null)
    const text = await response.text()
    assert.match(text, /role="alert"/)
    assert.doesNotMatch(text, /let-me-in/)
    assert.doesNotMatch(server.stderr(), /let-me-in/)
  })

  it('logs in once with a link of the operator', async () => {
    const { stdout, code } = await cli(['dashboard'], { home })
    assert.equal(code, 0)
    const link = stdout.trim()
    assert.ok(link.startsWith(`${server.url}/dashboard/enter/`), link)
    const first = await fetch(link, { redirect: 'manual' })
    assert.equal(first.status, 200)
    assert.equal((await get('/dashboard', { cookie: cookieIn(first) })).status, 200)
    const second = await fetch(link, { redirect: 'manual' })
    assert.equal(second.status, 401)
    assert.equal(second.headers.get('set-cookie'), null)
    assert.equal((await fetch(`${server.url}/api/dashboard/links`, { method: 'POST' })).status, 401)
  })

  it('takes its cookie and the admin token at no other route', async () => {
    const cookie = await logIn()
    const authorization = `Bearer ${token}`
    for (const path of ['/api/grants', '/api/sessions', '/api/deliveries']) {
      assert.equal((await get(path, { cookie })).status, 401, path)
      assert.equal((await get(path, { authorization })).status, 200, path)
    }
    assert.equal((await get('/dashboard', { authorization })).status, 303)
    const secret = cookie.slice(cookie.indexOf('=') + 1)
    assert.equal((await get('/api/grants', { authorization: `Bearer ${secret}` })).status, 401)
    const hook = (await cli(['expose', '--session', 'default', '--quiet'], { home })).stdout.trim()
    const grant = hook.slice(hook.lastIndexOf('/') + 1)
    assert.equal((await post('/dashboard/login', { token: grant })).status, 401)
  })

  it('does nothing for a form without its secret, or from another page', async () => {
    const cookie = await logIn()
    const csrf = await csrfFor(cookie)
    const other = await csrfFor(await logIn())
    const before = (await grants()).length
    const attempts: readonly (readonly [Record<string, string>, Record<string, string>])[] = [
      [{}, {}],
      [{ csrf: other }, {}],
      [{ csrf }, { origin: 'https://evil.example' }],
      [{ csrf }, { origin: 'http://127.0.0.1:1' }],
      [{ csrf }, { origin: 'null' }],
      [{ csrf }, { 'sec-fetch-site': 'cross-site' }],
    ]
    for (const [fields, headers] of attempts)
      assert.equal(
        (await post('/dashboard/channels', { session: 'default', ...fields }, { cookie, ...headers })).status,
        403,
      )
    assert.equal((await grants()).length, before)
  })

  it('mints and revokes by forms alone', async () => {
    const cookie = await logIn()
    const csrf = await csrfFor(cookie)
    const minted = await post(
      '/dashboard/channels',
      { session: 'default', label: 'by form', ttl: '3600', csrf },
      { cookie },
    )
    assert.deepEqual([minted.status, minted.headers.get('location')], [303, '/dashboard/channels'])
    const shown = await (await get('/dashboard/channels', { cookie })).text()
    const url = /readonly value="([^"]+)"/.exec(shown)?.[1] ?? ''
    assert.ok(url.startsWith(`${server.url}/hook/`), url)
    const knock = () =>
      fetch(url, {
        method: 'POST',
        body: '{"message":"hi"}',
        headers: { 'content-type': 'application/json', prefer: 'wait=0' },
      })
    assert.equal((await knock()).status, 202)
    const grant = (await grants()).find(({ label }) => label === 'by form')
    assert.equal((await post(`/dashboard/channels/${grant?.id}/revoke`, { csrf }, { cookie })).status, 303)
    assert.equal((await knock()).status, 403)
    assert.doesNotMatch(await (await get('/dashboard/channels', { cookie })).text(), /\/hook\//)
  })

  it('shows refusals as pages', async () => {
    const cookie = await logIn()
    const csrf = await csrfFor(cookie)
    const missing = await get('/dashboard/deliveries/whd_000000000000000000000000', { cookie })
    assert.equal(missing.status, 404)
    assert.match(missing.headers.get('content-type') ?? '', /^text\/html/)
    assert.equal((await post('/dashboard/channels', { session: '<b>', csrf }, { cookie })).status, 422)
    assert.match(await (await get('/dashboard?state=nonsense', { cookie })).text(), /must be one of PENDING/)
    assert.equal((await get('/dashboard/hooks/%zz', { cookie })).status, 404)
    assert.equal((await get('/dashboard', { cookie, origin: 'https://evil.example' })).status, 403)
  })

  it('lists logins in the settings, ends one and all others, and shows no secret', async () => {
    const settings = async (cookie: string) => (await get('/dashboard/settings', { cookie })).text()
    const [first, second, third] = [await logIn(), await logIn(), await logIn()]
    const csrf = await csrfFor(first)
    await get('/dashboard', { cookie: second, 'user-agent': 'Firefox/145.0 (X11; Linux)' })
    const page = await settings(first)
    assert.match(page, /Firefox on Linux/)
    assert.match(page, /from <code>127\.0\.0\.1<\/code>/)
    assert.equal(page.match(/this one/g)?.length, 1)
    for (const hidden of [
      token,
      ...[first, second, third].map((cookie) => cookie.slice(cookie.indexOf('=') + 1)),
    ])
      assert.ok(!page.includes(hidden))
    const [, end = ''] = /Firefox on Linux[\s\S]*?action="([^"]+\/end)"/.exec(page) ?? []
    assert.equal((await post(end, { csrf: 'x' }, { cookie: first })).status, 403)
    assert.equal((await get('/dashboard', { cookie: second })).status, 200)
    assert.equal((await post(end, { csrf }, { cookie: first })).status, 303)
    assert.equal((await get('/dashboard', { cookie: second })).status, 303)
    assert.equal((await get('/dashboard', { cookie: third })).status, 200)
    await post('/dashboard/settings/logins/end-others', { csrf }, { cookie: first })
    assert.equal((await get('/dashboard', { cookie: third })).status, 303)
    assert.match(await settings(first), /this one/)
    const over = await (await get('/dashboard/login', { cookie: third })).text()
    assert.match(over, /Your login is over/)
  })

  it('accepts forms nowhere else', async () => {
    for (const path of ['/api/grants', '/api/deliveries'])
      assert.equal(
        (await post(path, { session: 'default' }, { authorization: `Bearer ${token}` })).status,
        415,
        path,
      )
  })

  it('ends with the logout, streams too', async () => {
    const cookie = await logIn()
    const csrf = await csrfFor(cookie)
    const stream = await get('/dashboard/events?of=/dashboard', { cookie })
    assert.match(stream.headers.get('content-type') ?? '', /^text\/event-stream/)
    assert.equal((await post('/dashboard/logout', { csrf }, { cookie })).status, 303)
    assert.match(await stream.text(), /^retry: 1000\n\n/)
    assert.equal((await get('/dashboard', { cookie })).status, 303)
  })
})

describe('an admin token that is replaced while the server runs', () => {
  it('counts from the next request on, and logins under the one before end', async () => {
    const home = await scratchHome()
    const server = await serve(home)
    const file = join(home, 'keys/admin.token')
    const before = (await readFile(file, 'utf8')).trim()
    const after = randomBytes(32).toString('base64url')
    const status = async (token: string) =>
      (await fetch(`${server.url}/api/grants`, { headers: { authorization: `Bearer ${token}` } })).status
    const { headers } = await fetch(`${server.url}/dashboard/login`, {
      method: 'POST',
      body: new URLSearchParams({ token: before }),
      headers: { origin: server.url },
      redirect: 'manual',
    })
    const cookie = headers.get('set-cookie')?.split(';')[0] ?? ''
    const seen = async () =>
      (await fetch(`${server.url}/dashboard`, { headers: { cookie }, redirect: 'manual' })).status
    assert.deepEqual([await status(before), await status(after), await seen()], [200, 401, 200])
    await writeFile(file, `${after}\n`)
    assert.deepEqual([await status(before), await status(after), await seen()], [401, 200, 303])
    await rm(file)
    assert.equal(await status(after), 200)
    await server.stop()
  })
})

describe('guessing at the dashboard', () => {
  it('is slowed down by the limit of failed attempts', async () => {
    const home = await scratchHome()
    const server = await serve(home)
    const statuses: number[] = []
    let last: Response | undefined
    for (let i = 0; i < 25; i++) {
      last = await fetch(`${server.url}/dashboard/login`, {
        method: 'POST',
        body: new URLSearchParams({ token: `guess ${i}` }),
        headers: { origin: server.url },
      })
      statuses.push(last.status)
    }
    assert.match((await last?.text()) ?? '', /looked at in \d+ seconds?; the right one is let in/)
    assert.match(last?.headers.get('retry-after') ?? '', /^\d+$/)
    await server.stop()
    assert.equal(statuses[0], 401)
    assert.equal(statuses.at(-1), 429)
    assert.deepEqual([...new Set(statuses)], [401, 429])
  })
})
