import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { atExit, cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { freePort } from '../support/free-port.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'
import { noPrograms } from '../support/stand-ins.ts'

// What doors beside each other share: two homes, one store in PostgreSQL, and Caddy, which sends each request to the next of them.

const skip = withoutPostgres() || noPrograms
const secret = 'kq7Zt1vXw93LmRb2'
const documentOf = (limits: object) => ({
  limits,
  webhooks: {
    enabled: true,
    secret: { file: 'wake.secret' },
    hooks: {
      github: {
        ...{ name: 'github', path: '/api/hooks/github', messageTemplate: '{{a}}', active: true },
        verify: { scheme: 'github', secret: { env: 'GITHUB_SECRET' } },
      },
    },
  },
})

let database: TestPostgres
before(async () => {
  if (!skip) database = await startPostgres()
})
after(() => database?.stop())

interface Fleet {
  readonly store: string
  readonly homes: readonly [string, string]
  readonly doors: [Served, Served]
  /** Of the balancer. */
  readonly url: string
  start(which: 0 | 1, githubSecret?: string): Promise<Served>
  close(): Promise<void>
}

const keysOf = (home: string) => join(home, 'keys')

function copyKeys(from: string, to: string): void {
  mkdirSync(keysOf(to), { recursive: true, mode: 0o700 })
  for (const name of readdirSync(keysOf(from)))
    if (/\.(key|retired)$|^admin\.token$/.test(name)) cpSync(join(keysOf(from), name), join(keysOf(to), name))
}

function configure(home: string, limits: object = {}): void {
  const folder = join(home, 'preferences')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, 'wake.secret'), 'Jd8pWz5rTq61NcVh\n', { mode: 0o600 })
  writeFileSync(join(folder, 'webhooks.json'), JSON.stringify(documentOf(limits)))
}

async function startFleet(limits: object = {}): Promise<Fleet> {
  const store = database.newSchema()
  const homes = [await scratchHome(), await scratchHome()] as const
  const ports = [await freePort(), await freePort(), await freePort()] as const
  const url = `http://127.0.0.1:${ports[2]}`
  for (const home of homes) configure(home, limits)
  const start = (which: 0 | 1, githubSecret = secret) =>
    serve(homes[which], {
      args: ['--store', store, '--public-url', url],
      port: String(ports[which]),
      env: { GITHUB_SECRET: githubSecret },
    })
  const first = await start(0)
  await assert.rejects(start(1), (thrown: Error) => {
    assert.match(thrown.message, /sign with the same keys: \S+\/keys lacks 0000000000000001\.key/)
    assert.match(thrown.message, new RegExp(`from \\S+:${homes[0]}/keys \\(door "`))
    return true
  })
  assert.equal(existsSync(join(keysOf(homes[1]), '0000000000000001.key')), false)
  copyKeys(homes[0], homes[1])
  const doors: [Served, Served] = [first, await start(1)]
  const balancer = await startCaddy(ports[2], ports.slice(0, 2))
  return {
    ...{ store, homes, doors, url, start },
    close: async () => {
      balancer.kill('SIGTERM')
      for (const door of doors) await door.stop()
    },
  }
}

async function startCaddy(port: number, doors: readonly number[]): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-caddy-'))
  atExit(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(
    join(folder, 'Caddyfile'),
    `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  reverse_proxy ${doors.map((door) => `127.0.0.1:${door}`).join(' ')} {
    lb_policy round_robin
  }
}
`,
  )
  const child = spawn('caddy', ['run', '--config', join(folder, 'Caddyfile')], {
    stdio: 'ignore',
    env: { PATH: process.env.PATH ?? '', HOME: folder },
  })
  atExit(() => child.kill('SIGKILL'))
  await until(async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).status === 200)
  return child
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(30_000)
  while (!(await holds().catch(() => false))) {
    assert.ok(!deadline.aborted, 'it did not happen within 30 s')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const cookieIn = (response: Response): string =>
  (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''

describe('a dashboard behind a balancer without stickiness', { skip, timeout: 400_000 }, () => {
  let fleet: Fleet
  before(async () => {
    fleet = await startFleet()
  })
  after(() => fleet?.close())

  const get = (at: string, path: string, headers: Record<string, string> = {}) =>
    fetch(at + path, { headers, redirect: 'manual' })
  const post = (at: string, path: string, fields: Record<string, string>, cookie = '') =>
    fetch(at + path, {
      ...{ method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' },
      headers: { origin: at, cookie },
    })
  const token = () => readFileSync(join(keysOf(fleet.homes[0]), 'admin.token'), 'utf8').trim()
  const logIn = async (at = fleet.url) => {
    const response = await post(at, '/dashboard/login', { token: token() })
    assert.equal(response.status, 303)
    return cookieIn(response)
  }
  const csrfFor = async (at: string, cookie: string) =>
    /name="csrf" value="([^"]+)"/.exec(await (await get(at, '/dashboard', { cookie })).text())?.[1] ?? ''

  it('has a person logged in at each door, and logged out at each', async () => {
    const [left, right] = fleet.doors
    const cookie = await logIn(left.url)
    const elsewhere = await logIn(right.url)
    for (const { url } of fleet.doors)
      for (const one of [cookie, elsewhere])
        assert.equal((await get(url, '/dashboard', { cookie: one })).status, 200)
    const csrf = await csrfFor(left.url, cookie)
    assert.equal(csrf, await csrfFor(right.url, cookie))
    assert.equal((await post(right.url, '/dashboard/logout', { csrf }, cookie)).status, 303)
    for (const { url } of fleet.doors) {
      assert.equal((await get(url, '/dashboard', { cookie })).status, 303)
      assert.equal((await get(url, '/dashboard', { cookie: elsewhere })).status, 200)
    }
  })

  it('lets a link in once, whichever door made it', async () => {
    const [left, right] = fleet.doors
    const { stdout } = await cli(['dashboard'], { home: fleet.homes[0] })
    const { pathname } = new URL(stdout.trim())
    const tries = await Promise.all([right, left, right].map(({ url }) => get(url, pathname)))
    assert.deepEqual(tries.map(({ status }) => status).sort(), [200, 401, 401])
    const cookie = cookieIn(tries.find(({ status }) => status === 200) ?? assert.fail())
    for (const { url } of fleet.doors) assert.equal((await get(url, '/dashboard', { cookie })).status, 200)
  })

  it('goes through the balancer from page to form to page, and shows a new URL once', async () => {
    const cookie = await logIn()
    for (let n = 0; n < 4; n++) assert.equal((await get(fleet.url, '/dashboard', { cookie })).status, 200)
    const urls = new Set<string>()
    for (let n = 0; n < 2; n++) {
      const csrf = await csrfFor(fleet.url, cookie)
      const form = { csrf, target: 'session:default', session: 'default', label: `n${n}`, verb: 'send_input' }
      assert.equal((await post(fleet.url, '/dashboard/channels', form, cookie)).status, 303)
      const shown = await (await get(fleet.url, '/dashboard/channels', { cookie })).text()
      const [minted] =
        /http:\/\/127\.0\.0\.1:\d+\/hook\/[\w.-]+/.exec(shown) ?? assert.fail('no URL is shown')
      urls.add(minted)
      for (let again = 0; again < 2; again++)
        assert.ok(!(await (await get(fleet.url, '/dashboard/channels', { cookie })).text()).includes(minted))
      // Both doors know its key and its grant.
      for (let knock = 0; knock < 2; knock++)
        assert.equal((await fetch(minted, { method: 'POST', body: 'hi', headers: asText })).status, 202)
      // The page that comes next is the other door's.
      await get(fleet.url, '/healthz')
    }
    assert.equal(urls.size, 2)
  })

  it('lets the explorer of one door ask the other, until the login ends', async () => {
    const [left, right] = fleet.doors
    const cookie = await logIn(left.url)
    const page = await (await get(left.url, '/docs', { cookie })).text()
    const [bearer] = /login_[\w-]+/.exec(page) ?? assert.fail('no token for the explorer')
    const ask = (url: string) => get(url, '/api/sessions', { authorization: `Bearer ${bearer}` })
    assert.equal((await ask(right.url)).status, 200)
    await post(left.url, '/dashboard/logout', { csrf: await csrfFor(left.url, cookie) }, cookie)
    assert.equal((await ask(right.url)).status, 401)
  })
})

const asText = { 'content-type': 'text/plain', prefer: 'wait=0' }

describe('doors at one store', { skip, timeout: 400_000 }, () => {
  let fleet: Fleet
  before(async () => {
    fleet = await startFleet({ knocksPerMinute: 6 })
  })
  after(() => fleet?.close())

  const doctor = async (which: 0 | 1 = 0) => {
    const { stdout } = await cli(['doctor', '--json'], {
      home: fleet.homes[which],
      env: { GITHUB_SECRET: secret },
    })
    const found = JSON.parse(stdout) as {
      name: string
      verdict: string
      detail: string
      fix: string | null
    }[]
    return found.filter(({ name }) => name === 'doors')
  }
  const said = async (text: RegExp) => (await doctor()).some(({ detail }) => text.test(detail))

  it('divide what a URL may take in a minute', async () => {
    const takenOf = async (door: Served) => {
      const minted = await cli(['expose', '--session', 'default', '--quiet'], { home: fleet.homes[0] })
      const { pathname } = new URL(minted.stdout.trim())
      const answers = Array.from({ length: 12 }, () =>
        fetch(door.url + pathname, { method: 'POST', body: 'hi', headers: asText }),
      )
      return (await Promise.all(answers)).filter(({ status }) => status === 202).length
    }
    // Each looks once a second who is there.
    for (const door of fleet.doors) await until(async () => (await takenOf(door)) === 3)
  })

  it('are alike for doctor, which describes their database; and so does /metrics', async () => {
    await until(() => said(/^2 of 2 there, and alike$/))
    assert.equal((await doctor(1)).length, 1)
    const { stdout } = await cli(['doctor'], { home: fleet.homes[0] })
    assert.match(stdout, /PostgreSQL \d+/)
    const metrics = await metricsOf(fleet, 0)
    assert.match(
      metrics,
      /^postern_store_info\{version="\d.*",tls="off",fsync="on",.*synchronous_commit="on"\} 1$/m,
    )
    assert.match(metrics, /^postern_store_bytes [1-9]\d+$/m)
    assert.match(metrics, /^postern_store_clock_ahead_seconds -?\d/m)
    assert.doesNotMatch(metrics, /^postern_hosts\{/m)
  })

  it('are told apart by a secret, which nobody sees', async () => {
    const other = 'Yx4gHs7uPe20KfMa'
    await fleet.doors[1].stop()
    await until(() => said(/is away since/))
    fleet.doors[1] = await fleet.start(1, other)
    await until(() => said(/has another value for the secret GITHUB_SECRET$/))
    for (const door of fleet.doors)
      await until(async () => /doors\.differ.*GITHUB_SECRET/.test(door.stderr()))
    const [found, ...more] = await doctor()
    assert.deepEqual(more, [])
    assert.equal(found?.verdict, 'bad')
    const rows = database.query(fleet.store, 'SELECT facts FROM door_facts')
    for (const hidden of [secret, other, 'Jd8pWz5rTq61NcVh'])
      assert.ok(
        ![rows, JSON.stringify(found), ...fleet.doors.map((door) => door.stderr())].join().includes(hidden),
      )
    await fleet.doors[1].stop()
    fleet.doors[1] = await fleet.start(1)
    await until(() => said(/alike$/))
  })

  it('are told apart by their configuration, which is followed', async () => {
    configure(fleet.homes[1], { knocksPerMinute: 7 })
    await until(() => said(/is configured otherwise: limits$/))
    configure(fleet.homes[1], { knocksPerMinute: 6 })
    await until(() => said(/alike$/))
  })

  it('say what to copy when the keys of one were rotated', async () => {
    const rotated = await cli(['keys', 'rotate'], { home: fleet.homes[0] })
    assert.match(rotated.stderr, new RegExp(`needs all .* in \\S+:${fleet.homes[1]}/keys now`))
    await until(async () =>
      /keys\.differ.*lacks 0000000000000001\.retired, \w+\.key/.test(fleet.doors[1].stderr()),
    )
    await until(() => said(/has other signing keys: it lacks/))
    copyKeys(fleet.homes[0], fleet.homes[1])
    await until(() => said(/alike$/))
    const minted = await cli(['expose', '--session', 'default', '--quiet'], { home: fleet.homes[0] })
    const { pathname } = new URL(minted.stdout.trim())
    for (const { url } of fleet.doors)
      assert.equal((await fetch(url + pathname, { method: 'POST', body: 'hi', headers: asText })).status, 202)
  })
})

async function metricsOf({ homes, doors }: Fleet, which: 0 | 1): Promise<string> {
  const token = readFileSync(join(keysOf(homes[which]), 'admin.token'), 'utf8').trim()
  const headers = { authorization: `Bearer ${token}` }
  return (await fetch(`${doors[which].url}/metrics`, { headers })).text()
}
