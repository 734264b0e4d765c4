import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { adminOf } from '../support/admin-api.ts'
import { scratchHome, serve } from '../support/binary.ts'
import { type Door, knock, openDoor, sessionAt } from '../support/fleet.ts'
import { type Shown, until } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'
import { startProxy } from '../support/tcp-proxy.ts'

// What becomes of two servers that share a store in PostgreSQL when one of them has a bad day.

const skip = withoutPostgres()
const config = { limits: { knocksPerMinute: 0 }, retry: { baseSeconds: 0.2, capSeconds: 0.5 } }

interface Pair {
  readonly a: Door
  readonly b: Door
}

describe('two doors of one store', { timeout: 200_000 }, () => {
  let database: TestPostgres

  before(async () => {
    if (!skip) database = await startPostgres()
  })

  after(() => database?.stop())

  /** The first one by way of `via`. */
  async function withPair(act: (pair: Pair) => Promise<void>, store = database.newSchema(), via = store) {
    const a = await openDoor({ config, args: ['--store', via], name: 'door-a' })
    const b = await openDoor({ config, args: ['--store', store], name: 'door-b', beside: a.home })
    try {
      await act({ a, b })
    } finally {
      await a.server.stop()
      await b.server.stop()
    }
  }

  const pathOf = (url: string) => new URL(url).pathname
  const attempt = (url: string, message: string) =>
    knock(url, message).catch(() => ({ status: 0, deliveryId: undefined }))

  type Behind = Pair & { readonly path: string; readonly proxy: Awaited<ReturnType<typeof startProxy>> }

  /** The first one reaches the database by way of a proxy; `path` takes messages for an inbox, and has taken one. */
  async function behindProxy(act: (pair: Behind) => Promise<void>) {
    const store = database.newSchema()
    const proxy = await startProxy(store)
    const prepared = async ({ a, b }: Pair) => {
      await a.postern('session', 'add', 'box', '--driver', 'inbox')
      const path = pathOf(await b.expose('box'))
      assert.equal((await attempt(`${a.url}${path}`, 'before')).status, 202)
      await act({ a, b, path, proxy })
    }
    await withPair(prepared, store, proxy.address)
    await proxy.close()
  }

  async function isBack({ url }: Door, path: string) {
    await until('it is back', async () => (await fetch(`${url}/readyz`)).status === 200)
    assert.equal((await attempt(`${url}${path}`, 'after')).status, 202)
  }

  it('settles nothing from one that slept while its session was opened elsewhere', { skip }, () =>
    withPair(async ({ a, b }) => {
      const from = (name: string) => ['sh', '-c', `cat > /dev/null; sleep 2; echo from ${name}`]
      const add = ['session', 'add', 'build', '--driver', 'command']
      assert.equal((await a.postern(...add, '--', ...from('a'))).code, 0)
      const admin = adminOf(b.home, () => b.server)
      const { path } = await admin.mint({ session: 'build', verb: 'run_turn' })
      const { deliveryId } = await knock(`${b.url}${path}`, 'who are you?')
      const shown = () => admin.ask<Shown>('GET', `deliveries/${deliveryId}`)
      await until('it is under way', async () => (await shown()).attempts === 1)
      process.kill(a.server.pid, 'SIGSTOP')
      try {
        await until('the one is away', async () => (await sessionAt(b, 'build')).state === 'offline', 20_000)
        const taken = await b.postern(...add, '--replace', '--', ...from('b'))
        assert.equal(taken.code, 0, taken.stderr)
        assert.match(taken.stderr, /taken from host "door-a", which is away/)
      } finally {
        process.kill(a.server.pid, 'SIGCONT')
      }
      await until('it is delivered', async () => (await shown()).state === 'DELIVERED')
      // As long as the first one would need to say how its attempt went.
      await new Promise((resolve) => setTimeout(resolve, 4000))
      const last = await shown()
      assert.deepEqual([last.state, last.attempts], ['DELIVERED', 2])
      assert.match(last.answer ?? '', /from b/)
      assert.match(JSON.stringify(last.events), /unknown/)
      assert.equal((await sessionAt(a, 'build')).host, 'door-b')
      assert.match(a.server.stderr(), /session\.taken.*"build".*on the host \\"door-b\\"/)
      assert.equal((await knock(`${a.url}${path}`, 'still there?', 20)).status, 200)
    }),
  )

  it('takes up what the database leased to it as it ended, without an answer', { skip }, () => {
    const store = database.newSchema()
    return withPair(async ({ a, b }) => {
      assert.equal((await a.postern('session', 'add', 'build', '--driver', 'command', '--', 'cat')).code, 0)
      const path = pathOf(await b.expose('build'))
      process.kill(a.server.pid, 'SIGSTOP')
      try {
        assert.equal((await attempt(`${b.url}${path}`, 'leased to nobody')).status, 202)
        database.query(
          store,
          `UPDATE deliveries SET attempts = 1, leased_until = stored_at + 3600000;
           INSERT INTO attempts (delivery, number, started_at) SELECT seq, 1, stored_at - 10000 FROM deliveries`,
        )
      } finally {
        process.kill(a.server.pid, 'SIGCONT')
      }
      const state = () => database.query(store, 'SELECT state FROM deliveries').trim()
      await until('it is delivered', async () => state() === 'DELIVERED', 20_000)
      assert.equal((await knock(`${a.url}${path}`, 'after', 20)).status, 200)
    }, store)
  })

  it('answers 503 soon while the network to the database swallows everything', { skip }, () =>
    behindProxy(async ({ a, b, path, proxy }) => {
      proxy.silence(true)
      // Those that come while the first one waits in vain: for one answer of 0.95 s, not for another connection as well.
      const refusedWithin = async (mostMs: number, afterMs: number) => {
        await new Promise((resolve) => setTimeout(resolve, afterMs))
        const began = performance.now()
        assert.equal((await attempt(`${a.url}${path}`, `swallowed after ${afterMs}`)).status, 503)
        const tookMs = performance.now() - began
        assert.ok(tookMs < mostMs, `503 after ${Math.round(tookMs)} ms`)
      }
      await Promise.all(Array.from({ length: 15 }, (_, n) => refusedWithin(1700, 60 * n)))
      for (let n = 0; n < 5; n++) {
        await refusedWithin(2500, 0)
        assert.equal((await attempt(`${b.url}${path}`, `whole ${n}`)).status, 202)
      }
      proxy.silence(false)
      await isBack(a, path)
    }),
  )

  it('takes nothing where the database is cut off, and everything at the other one', { skip }, () =>
    behindProxy(async ({ a, b, path, proxy }) => {
      proxy.cut(true)
      const began = performance.now()
      assert.equal((await attempt(`${a.url}${path}`, 'cut off')).status, 503)
      const tookMs = performance.now() - began
      console.log(`503 after ${Math.round(tookMs)} ms`)
      assert.ok(tookMs < 1000)
      assert.equal((await fetch(`${a.url}/readyz`)).status, 503)
      for (let n = 0; n < 20; n++) {
        assert.equal((await attempt(`${a.url}${path}`, `cut off ${n}`)).status, 503)
        assert.equal((await attempt(`${b.url}${path}`, `whole ${n}`)).status, 202)
      }
      proxy.cut(false)
      await isBack(a, path)
      const messages = (await b.states()).map(({ message }) => message)
      assert.equal(messages.length, 22)
      assert.ok(messages.every((message) => !message.includes('cut off')))
    }),
  )

  it('stores once what lost the answer to its COMMIT; a copy of its home gets another name meanwhile', {
    skip,
  }, async () => {
    const store = database.newSchema()
    const proxy = await startProxy(store)
    const act = async ({ a, b }: Pair) => {
      await a.postern('session', 'add', 'box', '--driver', 'inbox')
      const path = pathOf(await b.expose('box'))
      const copy = await scratchHome()
      assert.equal(spawnSync('cp', ['-a', a.home, copy]).status, 0)
      const copied = serve(copy, { args: ['--store', store] })
      const taken: string[] = []
      const send = async (door: Door, message: string) => {
        for (;;) {
          const { status } = await attempt(`${door.url}${path}`, message)
          if (status === 202) return void taken.push(message)
          assert.ok([0, 503].includes(status), `${status}`)
        }
      }
      for (let n = 0; n < 20; n++) {
        proxy.loseAnswerTo('COMMIT\u0000', 'COMMIT\u0000')
        await Promise.all([send(a, `a ${n}`), send(b, `b ${n}`)])
      }
      const messages = (await b.states()).map(({ message }) => message)
      console.log(`${proxy.lost()} answers lost`)
      assert.ok(proxy.lost() >= 10)
      assert.deepEqual(messages.toSorted(), taken.toSorted())
      const third = await copied
      const name = readFileSync(join(copy, 'name'), 'utf8').trim()
      assert.deepEqual(await names(b), ['door-a', 'door-b', name].toSorted())
      assert.equal((await fetch(`${a.url}/readyz`)).status, 200)
      assert.equal(await third.stop(), 0)
    }
    await withPair(act, store, proxy.address)
    await proxy.close()
  })

  it(
    'loses no 2xx of one that is stopped, whose sessions are offline at once and whose name stays',
    {
      skip,
    },
    () =>
      withPair(async ({ a, b }) => {
        const agent = await a.agent('build')
        const path = pathOf(await a.expose('build'))
        const taken: string[] = []
        let isOver = false
        const sending = [a, b].map(async (door, sender) => {
          for (let n = 0; !isOver; n++) {
            const { status } = await attempt(`${door.url}${path}`, `${sender} ${n}`)
            if (status === 202 || status === 200) taken.push(`${sender} ${n}`)
            await new Promise((resolve) => setTimeout(resolve, 60))
          }
        })
        await until('there is load', () => taken.length > 20)
        assert.equal(await a.server.stop(), 0)
        assert.equal((await sessionAt(b, 'build')).state, 'offline')
        await until('the other one goes on', () => taken.filter((each) => each.startsWith('1')).length > 30)
        isOver = true
        await Promise.all(sending)
        const again = await a.again()
        await until('it has heard all', () => new Set(agent.got()).size >= taken.length)
        assert.deepEqual(agent.got().toSorted(), taken.toSorted())
        for (const sender of ['0', '1']) {
          const numbers = agent
            .got()
            .flatMap((each) => (each.startsWith(sender) ? [Number(each.slice(2))] : []))
          assert.deepEqual(
            numbers,
            numbers.toSorted((one, two) => one - two),
          )
        }
        await until('it is back', async () => (await sessionAt(b, 'build')).state === 'live')
        assert.deepEqual(await names(b), ['door-a', 'door-b'])
        assert.equal(await again.stop(), 0)
      }),
  )
})

async function names(door: Door): Promise<readonly string[]> {
  const { stdout } = await door.postern('hosts', 'ls', '--json')
  return (JSON.parse(stdout) as readonly { readonly name: string }[]).map(({ name }) => name).toSorted()
}
