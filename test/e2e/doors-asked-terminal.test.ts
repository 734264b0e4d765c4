import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { addAsking, answeredAfter, asked, isIdle } from '../support/asking.ts'
import { cli, scratchHome } from '../support/binary.ts'
import { type Door, knock, openDoor, sessionAt } from '../support/fleet.ts'
import { adminToken, get, until } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'

// Two doors of one store: what is seen and done at one of them with the agents of the other, and of a host that is connected to that.

const noTerminals = process.env.POSTERN_TEST_RUNTIME === 'deno' ? 'Deno has no terminals of its own' : false

interface Shown {
  readonly id: string
  readonly activity: string | null
  readonly host: string | null
}

describe('two doors of one store', { skip: noTerminals || withoutPostgres(), timeout: 240_000 }, () => {
  let database: TestPostgres
  let store: string
  let a: Door
  let b: Door
  /** Between door b and the database. */
  let proxy: TcpProxy
  let host: Awaited<ReturnType<Door['host']>>
  /** Of door b, which has no agents. */
  let admin: string
  /** What is written there, the agent in the terminal shows. */
  let mouth: string

  before(async () => {
    database = await startPostgres()
    store = database.newSchema()
    const args = ['--store', store]
    a = await openDoor({ args })
    const home = await scratchHome()
    for (const file of readdirSync(join(a.home, 'keys')).filter((name) => name.endsWith('.key')))
      cpSync(join(a.home, 'keys', file), join(home, 'keys', file))
    execFileSync('chmod', ['-R', 'go=', home])
    proxy = await startProxy(store)
    b = await openDoor({ args: ['--store', proxy.address], home })
    admin = await adminToken(home)
    host = await a.host('laptop')
    mouth = join(dirname(a.home), 'mouth')
    execFileSync('mkfifo', [mouth])
    const script = `exec 3<>${mouth}; stty -echo; printf 'ready\\n'; exec cat <&3`
    const ran = await a.postern('run', '--session', 'build', '--detach', '--', 'sh', '-c', script)
    assert.equal(ran.code, 0, ran.stderr)
    await addAsking(a.home, 'coder', '--decisions')
    await addAsking(host.home, 'far', '--decisions')
  })
  after(async () => {
    await a?.postern('session', 'end', '--all')
    await host?.process.stop()
    await Promise.all([a?.server.stop(), b?.server.stop()])
    await proxy?.close()
    await database?.stop()
  })

  const atB = () => ({ url: b.url, admin })
  const sessions = async () =>
    JSON.parse((await get(`${b.url}/api/sessions`, admin)).text) as readonly Shown[]
  const textAtB = async () => {
    const { status, text } = await get(`${b.url}/api/sessions/build/screen`, admin)
    return status === 200 ? (JSON.parse(text) as { readonly text: string }).text : ''
  }

  /** What the dashboard of door b streams to a browser that is logged in. */
  async function follow(path: string) {
    const login = await fetch(`${b.url}/dashboard/login`, {
      method: 'POST',
      body: new URLSearchParams({ token: admin }),
      headers: { origin: b.url },
      redirect: 'manual',
    })
    const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    const over = new AbortController()
    const response = await fetch(`${b.url}${path}`, { headers: { cookie }, signal: over.signal })
    assert.equal(response.status, 200)
    let shown = ''
    const reading = (async () => {
      for await (const chunk of response.body ?? []) shown += Buffer.from(chunk).toString()
    })().catch(() => {})
    const leave = async () => {
      over.abort()
      await reading
    }
    return { shown: () => shown, leave }
  }

  it('show what the agents of each do, and of the hosts of each', async () => {
    for (const id of ['coder', 'far'])
      await until(`${id} is known`, async () =>
        (await sessions()).find((one) => one.id === id && one.activity === 'idle'),
      )
    const { host: name } = await sessionAt(b, 'build')
    assert.ok(name !== null && name !== 'laptop', `${name}`)
  })

  it('show the screen of a terminal at the other one, at once', async () => {
    await until('it has a screen', async () => (await textAtB()).includes('ready') || undefined)
    const { shown, leave } = await follow('/dashboard/sessions/build/screen')
    await until('the stream begins', () => /event: screen/.test(shown()) || undefined)
    const delays: number[] = []
    for (let i = 0; i < 10; i++) {
      const began = performance.now()
      appendFileSync(mouth, `line number ${i} of them\n`)
      while (!shown().includes(`line number ${i} of them`)) {
        assert.ok(performance.now() - began < 5000, `line ${i} is not seen`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      delays.push(performance.now() - began)
    }
    console.log(`seen at the other door after ${delays.map(Math.round).toSorted((x, y) => x - y)} ms`)
    await leave()
    const rows = () => database.query(store, 'SELECT last_value FROM relayed_seq_seq')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    // The last that crosses of it is that nobody looks.
    const before = Number(rows())
    for (let i = 0; i < 5; i++) {
      appendFileSync(mouth, `seen by nobody ${i}\n`)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    assert.ok(Number(rows()) - before < 4, 'it crosses although nobody looks')
  })

  for (const [id, at] of [
    ['coder', () => a.home],
    ['far', () => host.home],
  ] as const)
    it(`decide on what "${id}" asks, and cancel its turn, from the other one`, async () => {
      const [one] = await asked(atB(), id, 'TOOL to be decided')
      assert.ok(one)
      const began = performance.now()
      const decided = await fetch(`${b.url}/api/decisions/${one.id}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
        body: '{"verdict":"allow"}',
      })
      assert.ok(decided.ok, await decided.text())
      const [answer] = await answeredAfter(at(), 0, 1)
      console.log(`${id}: the agent knew after ${Math.round(performance.now() - began)} ms`)
      assert.equal(answer?.option, 'once')
      await isIdle(atB(), id)
      const [other] = await asked(atB(), id, 'TOOL to be cancelled')
      assert.ok(other)
      const cancelled = await fetch(`${b.url}/api/sessions/${id}/cancel`, {
        method: 'POST',
        headers: { authorization: `Bearer ${admin}` },
      })
      assert.deepEqual([cancelled.status, await cancelled.json()], [200, { session: id, cancelled: true }])
      await until('it is withdrawn', async () => {
        const { text } = await get(`${b.url}/api/decisions/${other.id}`, admin)
        return (JSON.parse(text) as { readonly state: string }).state === 'withdrawn' || undefined
      })
      await isIdle(atB(), id)
    })

  it('do so, too, where the database tells one of them nothing unasked', async () => {
    proxy.eatNotifications(true)
    await until(
      'it is found out',
      async () =>
        /^postern_store_listening 0$/m.test(await (await fetch(`${b.url}/metrics`)).text()) || undefined,
    )
    appendFileSync(mouth, 'seen by looking\n')
    const began = performance.now()
    await until('it is seen', async () => (await textAtB()).includes('seen by looking') || undefined)
    console.log(`seen after ${Math.round(performance.now() - began)} ms by looking`)
    const [one] = await asked(atB(), 'far', 'TOOL to be cancelled')
    assert.ok(one)
    const cancel = { method: 'POST', headers: { authorization: `Bearer ${admin}` } }
    assert.equal((await fetch(`${b.url}/api/sessions/far/cancel`, cancel)).status, 200)
    await isIdle(atB(), 'far')
    proxy.eatNotifications(false)
    await until(
      'it listens',
      async () =>
        /^postern_store_listening 1$/m.test(await (await fetch(`${b.url}/metrics`)).text()) || undefined,
    )
  })

  it('show at once what knocks at the other one', async () => {
    const { shown, leave } = await follow(`/dashboard/events?of=${encodeURIComponent('/dashboard')}`)
    const events = () => shown().split('event:').length
    await until('the stream begins', () => events() > 1 || undefined)
    // The page comes to rest.
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const before = events()
    const url = (await a.postern('expose', '--session', 'default', '--quiet')).stdout.trim()
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const began = performance.now()
    assert.equal((await knock(url, 'look at this')).status, 202)
    await until('it is shown', () => events() > before || undefined)
    console.log(`an open page shows it after ${Math.round(performance.now() - began)} ms`)
    await leave()
  })

  it('bring what knocks at one to the agent of the other, and say how that went', async () => {
    for (const id of ['coder', 'far']) {
      const minted = await cli(['expose', '--session', id, '--quiet'], { home: b.home })
      assert.equal(minted.code, 0, minted.stderr)
      const began = performance.now()
      const { status } = await knock(minted.stdout.trim(), 'hello', 10)
      console.log(`${id}: delivered and told after ${Math.round(performance.now() - began)} ms`)
      assert.equal(status, 200)
    }
  })

  it('show a terminal where it runs while the database is away', async () => {
    const script = 'echo here; sleep 8; exit 6'
    const ran = await b.postern('run', '--session', 'own', '--detach', '--', 'sh', '-c', script)
    assert.equal(ran.code, 0, ran.stderr)
    proxy.cut(true)
    const attached = await b.postern('attach', 'own')
    proxy.cut(false)
    assert.equal(attached.code, 6, attached.stderr)
    assert.match(attached.stdout, /here/)
    assert.match(attached.stderr, /Cannot use the store .*\n.*The terminal of "own" runs here all the same/)
  })
})
