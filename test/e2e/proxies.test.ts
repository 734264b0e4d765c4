import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { freePort } from '../support/free-port.ts'
import { adminToken, configure, until } from '../support/hooks.ts'
import { blocksOf, endProxy, isThere, prepareCaddy, prepareNginx, startProxy } from '../support/proxies.ts'

const name = 'hooks.example.com'
const proxies = [
  {
    program: 'caddy',
    prepare: prepareCaddy,
    siteAt: (port: number) => blocksOf('caddyfile')[0]?.replace(`${name} {`, `http://${name}:${port} {`),
  },
  {
    program: 'nginx',
    prepare: prepareNginx,
    siteAt: (port: number) => blocksOf('nginx')[0]?.replace('listen 443 ssl;', `listen 127.0.0.1:${port};`),
  },
]

for (const { program, prepare, siteAt } of proxies)
  describe(`behind ${program}, as the page says`, { timeout: 60_000 }, () => {
    const skip = !isThere(program) && process.env.CI !== 'true' && `${program} is not installed`
    let folder: string
    let home: string
    let server: Served
    let proxy: ChildProcess
    let port: number

    before(async () => {
      if (skip) return
      folder = await mkdtemp(join(tmpdir(), 'postern-proxy-'))
      home = await scratchHome()
      const settings = JSON.parse(blocksOf('json')[0] ?? '') as { server: object }
      configure(home, { ...settings, limits: { authFailuresPerMinute: 3 } })
      server = await serve(home)
      port = await freePort()
      const site = siteAt(port)?.replace('127.0.0.1:7717', new URL(server.url).host)
      assert.ok(site)
      proxy = startProxy(program, prepare(folder, site), folder)
      await until(`${program} answers`, () => ask('GET', '/healthz').catch(() => undefined))
    })
    after(async () => {
      if (skip) return
      await endProxy(proxy)
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    })

    interface Asked {
      readonly headers?: Record<string, string>
      readonly body?: string
      /** The client's own address. */
      readonly from?: string
    }

    const open = (method: string, path: string, { headers, body, from }: Asked = {}) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const sending = request({
          ...{ host: '127.0.0.1', port, method, path, agent: false, localAddress: from ?? '127.0.0.1' },
          headers: { host: name, ...headers },
        })
        sending.on('response', resolve)
        sending.on('error', reject)
        sending.end(body)
      })
    const ask = async (method: string, path: string, asked: Asked = {}) => {
      const response = await open(method, path, asked)
      let text = ''
      for await (const chunk of response) text += chunk
      return { status: response.statusCode, headers: response.headers, text }
    }
    const token = () => adminToken(home)

    const closed = ['/metrics', '/docs', '/docs/json', '/readyz']

    it('shows strangers nothing: what is open on loopback is for the admin there', { skip }, async () => {
      for (const path of closed) {
        const answer = await ask('GET', path, { from: '127.0.0.20' })
        assert.ok([401, 429].includes(answer.status ?? 0), `${path} ${answer.status}`)
        const authorization = `Bearer ${await token()}`
        assert.equal((await ask('GET', path, { headers: { authorization } })).status, 200, path)
      }
      const { status, text } = await ask('GET', '/healthz')
      assert.deepEqual([status, text], [200, '{"status":"ok"}'])
    })

    it('prints the public URL, and takes a knock there', { skip }, async () => {
      const url = (await cli(['expose', '--session', 'default', '--quiet'], { home })).stdout.trim()
      assert.ok(url.startsWith(`https://${name}/hook/`))
      const headers = { 'content-type': 'text/plain', prefer: 'wait=0' }
      const { status, text } = await ask('POST', new URL(url).pathname, {
        headers,
        body: 'through the proxy',
      })
      assert.equal(status, 202, text)
    })

    it('hands on paths as they were sent', { skip }, async () => {
      const url = (await cli(['expose', '--session', 'default', '--quiet'], { home })).stdout.trim()
      const path = new URL(url).pathname
      const headers = { 'content-type': 'text/plain' }
      for (const spelled of [path.replace('/hook/eyJ', '/hook/%65yJ'), `${path}=`])
        assert.equal((await ask('POST', spelled, { headers, body: 'x', from: '127.0.0.9' })).status, 403)
    })

    it('tells clients apart, and believes no client about its address', { skip }, async () => {
      const guess = (from: string, n: number) =>
        ask('GET', '/api/grants', {
          from,
          headers: { authorization: 'Bearer wrong', 'x-forwarded-for': `198.51.100.${n}` },
        })
      const answers = []
      for (let n = 0; n < 5; n++) answers.push((await guess('127.0.0.2', n)).status)
      assert.deepEqual(answers, [401, 401, 401, 429, 429])
      assert.equal((await guess('127.0.0.3', 1)).status, 401)
    })

    it('brings the dashboard and its live updates', { skip }, async () => {
      const login = await ask('POST', '/dashboard/login', {
        headers: { origin: `https://${name}`, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ token: await token() }).toString(),
      })
      const [cookie = ''] = login.headers['set-cookie']?.[0]?.split(';') ?? []
      assert.match(login.headers['set-cookie']?.[0] ?? '', /; Secure/)
      const stream = await open('GET', '/dashboard/events?of=/dashboard', { headers: { cookie } })
      assert.equal(stream.statusCode, 200)
      let received = ''
      stream.on('data', (bytes) => {
        received += bytes
      })
      const changes = () => received.split('event: changed').length - 1
      await until('the stream begins', () => changes() === 1 || undefined)
      await cli(['send', '--session', 'default', '--timeout', '0', 'news'], { home })
      await until('the page hears of it', () => changes() > 1 || undefined)
      stream.destroy()
    })
  })
