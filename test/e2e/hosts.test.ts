import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { HostName } from '../../src/domain/host.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { type AdminProgram, adminOf } from '../support/admin-api.ts'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { draftOf, sessionCalled } from '../support/drafts.ts'
import { openScratchStore } from '../support/scratch-store.ts'

interface Shown {
  readonly name: string
  readonly state: string
  readonly seenAt: string | null
  readonly sessions: number
  readonly token?: string
}

const token = /^pst_host_[A-Za-z0-9_-]{43}$/
const laptop = 'laptop' as HostName
const coder = 'coder' as SessionId

describe('machines that may join', () => {
  let home: string
  let server: Served
  let admin: AdminProgram

  before(async () => {
    home = await scratchHome()
    server = await serve(home)
    admin = adminOf(home, () => server)
  })
  after(() => server.stop())

  const hosts = (...args: readonly string[]) => cli(['hosts', ...args], { home })
  const add = async (name: string) => (await hosts('add', name)).stdout.trim()
  const states = async () =>
    (await admin.ask<readonly Shown[]>('GET', 'hosts')).map(({ name, state }) => `${name} ${state}`)

  it('are added, rotated and revoked by commands, and the running server knows at once', async () => {
    const first = await add('vm')
    assert.match(first, token)
    assert.deepEqual(await states(), ['vm waiting'])
    const second = (await hosts('rotate', 'vm')).stdout.trim()
    assert.match(second, token)
    assert.notEqual(second, first)
    assert.equal((await hosts('add', 'vm')).code, 4)
    assert.equal((await hosts('revoke', 'vm')).code, 0)
    assert.deepEqual(await states(), ['vm revoked'])
    const { code, stderr } = await hosts('rotate', 'vm')
    assert.deepEqual([code, /is revoked\. Add it anew/.test(stderr)], [3, true])
  })

  it('are added, rotated and revoked over HTTP, and commands know at once', async () => {
    const added = await admin.call('POST', 'hosts', { name: 'build-1' })
    assert.equal(added.status, 201)
    const host = (await added.json()) as Shown
    assert.match(host.token ?? '', token)
    assert.deepEqual([host.name, host.state, host.seenAt, host.sessions], ['build-1', 'waiting', null, 0])
    assert.equal((await admin.call('POST', 'hosts', { name: 'build-1' })).status, 409)
    const other = await admin.ask<Shown>('POST', 'hosts/build-1/rotate')
    assert.match(other.token ?? '', token)
    assert.notEqual(other.token, host.token)
    assert.equal((await admin.ask<Shown>('DELETE', 'hosts/build-1')).state, 'revoked')
    const listed: readonly Shown[] = JSON.parse((await hosts('ls', '--json')).stdout)
    assert.equal(listed.find(({ name }) => name === 'build-1')?.state, 'revoked')
    for (const [method, path, status] of [
      ['POST', 'hosts/build-1/rotate', 404],
      ['POST', 'hosts/nobody/rotate', 404],
      ['DELETE', 'hosts/nobody', 404],
    ] as const)
      assert.equal((await admin.call(method, path)).status, status, path)
  })

  it('are for the admin alone: the token of a host opens none of it', async () => {
    const key = await add('spy')
    const before = await states()
    for (const authorization of ['', `Bearer ${key}`])
      for (const [method, path] of [
        ['GET', 'hosts'],
        ['POST', 'hosts'],
        ['DELETE', 'hosts/spy'],
        ['POST', 'hosts/spy/rotate'],
      ] as const) {
        const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) }
        const body = method === 'POST' && path === 'hosts' ? '{"name":"more"}' : undefined
        const { status } = await fetch(`${server.url}/api/${path}`, {
          method,
          headers,
          ...(body && { body }),
        })
        assert.equal(status, 401, `${method} ${path}`)
      }
    assert.deepEqual(await states(), before)
  })

  it('have tokens that lie nowhere in the home, and in no log', async () => {
    const tokens = [await add('quiet'), (await hosts('rotate', 'quiet')).stdout.trim()]
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' })
      .map((name) => join(home, name))
      .filter((path) => statSync(path).isFile())
    assert.ok(files.length > 2)
    for (const text of [...files.map((path) => readFileSync(path, 'latin1')), server.stderr()])
      for (const hidden of tokens) assert.ok(!text.includes(hidden.slice('pst_host_'.length)))
  })

  it('are seen in metrics, in the dashboard, and by doctor when messages wait for one that is away', async () => {
    await add(laptop)
    const store = await openScratchStore(join(home, 'postern.db'), { role: 'client', now: Date.now })
    const [now, minutes] = [Date.now(), 60_000]
    await store.attachHost(laptop, now - 10 * minutes, now - 9 * minutes)
    await store.openSession(sessionCalled(coder, { host: laptop }), { replace: false })
    await store.close()
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    assert.match(metrics, /^postern_hosts\{state="away"\} 1$/m)
    assert.match(metrics, /^postern_hosts\{state="there"\} 0$/m)

    const cookie = await logIn()
    const page = async (path: string) => (await fetch(`${server.url}${path}`, { headers: { cookie } })).text()
    assert.match(await page('/dashboard/sessions'), />coder<\/a><span class="note">on laptop</)
    assert.match(await page('/dashboard/sessions/coder'), /<th scope="row">Host<\/th><td>laptop/)
    assert.doesNotMatch(await page('/dashboard/sessions/default'), /<th scope="row">Host/)
    assert.match(await page('/dashboard/settings'), /<th scope="row">laptop<\/th>[\s\S]*away[\s\S]*1 session/)

    const found = async () => {
      const { stdout } = await cli(['doctor', '--json'], { home })
      return (JSON.parse(stdout) as { name: string; verdict: string; detail: string }[]).filter(
        ({ name, detail }) => name === 'hosts' || detail.includes('coder'),
      )
    }
    assert.deepEqual(
      (await found()).map(({ verdict }) => verdict),
      ['ok'],
    )
    await admin.ask('POST', 'deliveries', { session: coder, message: draftOf().message })
    const [one, ...others] = await found()
    assert.deepEqual([one?.name, one?.verdict, others], ['hosts', 'note', []])
    assert.match(one?.detail ?? '', /^"laptop" has been away since .*, and 1 message waits for its sessions$/)
  })

  /** By a link of the operator's. */
  async function logIn(): Promise<string> {
    const { url } = await admin.ask<{ url: string }>('POST', 'dashboard/links')
    const [cookie = ''] = ((await fetch(url)).headers.get('set-cookie') ?? '').split(';')
    return cookie
  }
})

it('one machine alone sees none of it', async () => {
  const home = await scratchHome()
  const server = await serve(home)
  try {
    assert.doesNotMatch(await (await fetch(`${server.url}/metrics`)).text(), /^postern_hosts\{/m)
    const { stdout } = await cli(['doctor', '--json'], { home })
    assert.ok(!(JSON.parse(stdout) as { name: string }[]).some(({ name }) => name === 'hosts'))
  } finally {
    await server.stop()
  }
})
