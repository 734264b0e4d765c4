import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { adminToken } from '../support/hooks.ts'

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

describe('an address that somebody opens in a browser', () => {
  let home: string
  let server: Served
  let token: string

  before(async () => {
    home = await scratchHome()
    server = await serve(home)
    const url = (await cli(['expose', '--session', 'default', '--quiet'], { home })).stdout.trim()
    token = url.slice(url.lastIndexOf('/') + 1)
  })
  after(() => server.stop())

  const open = async (path: string, { accept = browser, ...headers }: Record<string, string> = {}) => {
    const response = await fetch(server.url + path, { headers: { accept, ...headers }, redirect: 'manual' })
    const { status } = response
    return { status, headers: response.headers, text: await response.text() }
  }
  const typeOf = (headers: Headers) => headers.get('content-type')?.split(';')[0]

  /** Near the routes there are, and nowhere near. */
  const unknown = () => [
    ...['/nothing', '/favicon.ico', '/hooks', '/api', '/api/grantz', '/docz', '/decide', '/index.html'],
    ...[`/${token}`, `/hooks/${token}`, '/%3Cscript%3Ealert(1)%3C/script%3E', '/nothing?next=<b>'],
  ]

  it('is told that there is nothing, by one page for all unknown addresses', async () => {
    const texts = new Set<string>()
    for (const path of unknown()) {
      const { status, headers, text } = await open(path)
      assert.deepEqual([status, typeOf(headers)], [404, 'text/html'], path)
      const policy = headers.get('content-security-policy') ?? ''
      assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; frame-ancestors 'none'$/)
      assert.deepEqual(
        [headers.get('cache-control'), headers.get('x-content-type-options')],
        ['no-store', 'nosniff'],
      )
      texts.add(text)
    }
    const [text = '', ...others] = texts
    assert.deepEqual(others, [])
    assert.match(text, /There is nothing at this address/)
    assert.doesNotMatch(text, /<a |<script|\sstyle=|dashboard|\/hook|alert/)
  })

  it('keeps the problem document for everybody else', async () => {
    for (const path of unknown())
      for (const accept of ['*/*', 'application/json', 'text/html;q=0, */*']) {
        const { status, headers, text } = await open(path, { accept })
        assert.deepEqual([status, typeOf(headers)], [404, 'application/problem+json'], `${path} ${accept}`)
        assert.equal(JSON.parse(text).code, 'not_found')
      }
    const posted = await fetch(`${server.url}/nothing`, { method: 'POST', headers: { accept: browser } })
    assert.equal(typeOf(posted.headers), 'application/problem+json')
  })

  it('tells nobody which tokens there are', async () => {
    const shown = async (path: string) => {
      const { status, headers, text } = await open(path)
      return { status, text, allow: headers.get('allow') }
    }
    const known = await shown(`/hook/${token}`)
    assert.equal(known.status, 405)
    for (const other of [`${token.slice(0, -4)}AAAA`, 'x', `${token}/more`])
      assert.deepEqual(await shown(`/hook/${other}`), known)
  })

  it('is sent from the root to the dashboard', async () => {
    for (const path of ['/', '/dashboard/']) {
      const { status, headers } = await open(path)
      assert.deepEqual([status, headers.get('location')], [303, '/dashboard'], path)
    }
  })

  it('shows a page of the dashboard below the dashboard, to who is logged in', async () => {
    const login = await fetch(`${server.url}/dashboard/login`, {
      method: 'POST',
      body: new URLSearchParams({ token: await adminToken(home) }),
      headers: { origin: server.url },
      redirect: 'manual',
    })
    const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    for (const path of [
      '/dashboard/nothing',
      '/dashboard/a/b/c',
      '/dashboard/refused/x',
      '/dashboard/logout',
    ]) {
      assert.equal((await open(path)).status, 303, path)
      const { status, text } = await open(path, { cookie })
      assert.equal(status, 404, path)
      assert.match(text, /There is no such page\.[\s\S]*To the deliveries/, path)
    }
  })

  it('is told how to let a name in that the server does not know', async () => {
    const asked = (path: string, accept: string) =>
      new Promise<{ status: number; type: string; text: string }>((resolve, reject) => {
        const sent = request(
          server.url + path,
          { headers: { host: 'my-vm.example', accept } },
          (response) => {
            let text = ''
            response.setEncoding('utf8').on('data', (chunk: string) => {
              text += chunk
            })
            response.on('end', () =>
              resolve({
                status: response.statusCode ?? 0,
                type: response.headers['content-type'] ?? '',
                text,
              }),
            )
          },
        )
        sent.once('error', reject).end()
      })
    for (const path of ['/', '/dashboard', '/docs', '/nothing']) {
      const { status, type, text } = await asked(path, browser)
      assert.deepEqual([status, type], [421, 'text/html; charset=utf-8'], path)
      assert.match(text, /server\.allowedHosts/, path)
      assert.ok(!text.includes('my-vm'), path)
    }
    for (const path of ['/docs', '/nothing'])
      assert.equal((await asked(path, '*/*')).type, 'application/problem+json', path)
  })
})
