import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'

const run = promisify(execFile)

describe('serve with a certificate of its own', () => {
  let folder: string
  let home: string
  let server: Served
  let ca: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-tls-'))
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    await run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ])
    ca = await readFile(cert, 'utf8')
    home = await scratchHome()
    server = await serve(home, { args: ['--tls-cert', cert, '--tls-key', key] })
  })
  after(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const sending = request(
        `${server.url}${path}`,
        { method, headers, ca, agent: false, checkServerIdentity: () => undefined },
        async (response) => {
          let text = ''
          for await (const chunk of response) text += chunk
          resolve({ status: response.statusCode ?? 0, body: text })
        },
      )
      sending.on('error', reject)
      sending.end(body)
    })

  it('answers at every kind of path', async () => {
    assert.equal((await ask('GET', '/healthz')).status, 200)
    assert.equal((await ask('GET', '/metrics')).status, 200)
    assert.equal((await ask('GET', '/api/grants')).status, 401)
    assert.equal((await ask('POST', '/hook/nothing')).status, 403)
    assert.equal((await ask('GET', '/nothing')).status, 404)
  })

  it('takes a knock at the URL that expose printed', async () => {
    const url = (await cli(['expose', '--session', 'default', '--quiet'], { home })).stdout.trim()
    assert.ok(url.startsWith(`${server.url}/hook/`))
    const type = { 'content-type': 'text/plain', prefer: 'wait=0' }
    const { status, body } = await ask('POST', new URL(url).pathname, type, 'over TLS')
    assert.equal(status, 202, body)
    assert.match((await cli(['inbox', '--session', 'default'], { home })).stdout, /over TLS/)
  })

  it('refuses a Host that would shift the paths', async () => {
    const { status, body } = await ask('GET', '/x/healthz', { host: 'a' })
    assert.equal(status, 421, body)
  })

  it('does not start with files that are none, or an address that is taken, and names them', async () => {
    const other = await scratchHome()
    const [cert, none] = [join(folder, 'cert.pem'), join(folder, 'none.pem')]
    const tls = await cli(['serve', '--tls-cert', cert, '--tls-key', none], { home: other })
    assert.equal(tls.code, 1)
    assert.ok(tls.stderr.includes(cert) && tls.stderr.includes(none), tls.stderr)
    const { port } = new URL(server.url)
    const taken = await cli(['serve', '--port', port], { home: other })
    assert.equal(taken.code, 1)
    assert.match(taken.stderr, new RegExp(`127\\.0\\.0\\.1, port ${port}.*--port`))
  })

  it('is reached by the commands that need a server', async () => {
    const sent = await cli(['send', '--session', 'default', '--timeout', '0', 'from the shell'], { home })
    assert.equal(sent.code, 0, sent.stderr)
    const link = await cli(['dashboard'], { home })
    assert.ok(link.stdout.startsWith(`${server.url}/`), link.stderr)
  })
})
