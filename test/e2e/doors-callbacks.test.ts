import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { adminOf } from '../support/admin-api.ts'
import { type Door, openDoor } from '../support/fleet.ts'
import { hooks, post, type Shown, until } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'

// What becomes of callbacks when the door that makes them changes. Two doors share a store in PostgreSQL; the older one makes them.

const skip = withoutPostgres()

/** Who is called back. */
interface Called {
  readonly url: string
  /** How often each path was called so far. */
  calls(path: string): number
  /** How many calls of one path were under way at a time, at the most. */
  mostAtOnce(): number
  close(): void
}

/** `answer` says what the nth call of a path is answered, and after how long; undefined hangs until the caller goes. */
async function openCalled(
  answer: (nth: number, path: string) => { readonly status: number; readonly afterMs: number } | undefined,
): Promise<Called> {
  const counts = new Map<string, number>()
  const open = new Map<string, number>()
  let most = 0
  const server: Server = createServer((request, response) => {
    const path = request.url ?? ''
    const nth = (counts.get(path) ?? 0) + 1
    counts.set(path, nth)
    open.set(path, (open.get(path) ?? 0) + 1)
    most = Math.max(most, open.get(path) ?? 0)
    response.on('close', () => open.set(path, (open.get(path) ?? 0) - 1))
    request.resume()
    const given = answer(nth, path)
    if (given) setTimeout(() => response.writeHead(given.status).end(), given.afterMs)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: (path) => counts.get(path) ?? 0,
    mostAtOnce: () => most,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const config = {
  ...hooks(),
  limits: { knocksPerMinute: 0 },
  retry: { baseSeconds: 0.2, capSeconds: 0.5 },
  server: { callbacks: { allow: ['127.0.0.1'] } },
  sessions: { allow: ['*'] },
}

describe('callbacks of two doors', { timeout: 200_000 }, () => {
  let database: TestPostgres
  before(async () => {
    if (!skip) database = await startPostgres()
  })
  after(() => database?.stop())

  /** The first one is the older: it makes the callbacks while it is there. */
  async function withPair(act: (a: Door, b: Door) => Promise<void>, more = {}) {
    const options = { config: { ...config, ...more }, args: ['--store', database.newSchema()] }
    const a = await openDoor({ ...options, name: 'door-a' })
    const b = await openDoor({ ...options, name: 'door-b', beside: a.home })
    try {
      await b.agent('work')
      await act(a, b)
    } finally {
      await a.server.stop()
      await b.server.stop()
    }
  }

  const order = async (door: Door, callbackUrl: string): Promise<string> => {
    const { status, text, body } = await post(`${door.url}/api/hooks/agent`, {
      ...{ message: `call ${callbackUrl}`, session: 'work', callbackUrl },
    })
    assert.ok(status === 200 || status === 202, text)
    return String(body.deliveryId)
  }

  const shownAt = (door: Door, id: string) =>
    adminOf(door.home, () => door.server).ask<Shown>('GET', `deliveries/${id}`)

  it(
    'are made by the other one when the one that makes them is killed, and go on being tried there',
    { skip },
    () =>
      withPair(async (a, b) => {
        // What the first one makes is cut off with it; of the other one the first call of each fails.
        let cutOff: ReadonlyMap<string, number> | undefined
        const called = await openCalled((nth, path) =>
          cutOff ? { status: nth === (cutOff.get(path) ?? 0) + 1 ? 500 : 200, afterMs: 300 } : undefined,
        )
        const paths = Array.from({ length: 12 }, (_, n) => `/call/${n}`)
        const ids = await Promise.all(paths.map((path) => order(b, called.url + path)))
        await until('the first one calls', () => paths.filter((path) => called.calls(path) === 1).length > 5)
        await a.server.kill9()
        cutOff = new Map(paths.map((path) => [path, called.calls(path)]))
        const killedAt = performance.now()
        for (const id of ids)
          await until(`${id} is settled`, async () => (await shownAt(b, id)).state === 'DELIVERED')
        console.log(`all were called back ${Math.round(performance.now() - killedAt)} ms after the kill`)
        assert.deepEqual(
          paths.map((path) => called.calls(path) - (cutOff?.get(path) ?? 0)),
          paths.map(() => 2),
        )
        assert.equal(called.mostAtOnce(), 1)
        called.close()
      }),
  )

  it('and notices that are under way are left to whoever makes them when the older one comes back', {
    skip,
  }, async () => {
    const called = await openCalled(() => ({ status: 200, afterMs: 6000 }))
    const act = async (a: Door, b: Door) => {
      assert.equal(await a.server.stop(), 0)
      const id = await order(b, `${called.url}/slow`)
      await until('the younger one calls', () => called.calls('/slow') === 1 && called.calls('/notice') === 1)
      const again = await a.again()
      await until('it is settled', async () => (await shownAt(b, id)).state === 'DELIVERED')
      const { events } = await shownAt(b, id)
      assert.deepEqual([called.calls('/slow'), called.mostAtOnce()], [1, 1], JSON.stringify(events))
      assert.equal(called.calls('/notice'), 1)
      assert.equal(await again.stop(), 0)
    }
    await withPair(act, { notify: [{ on: ['turn_ended'], url: `${called.url}/notice`, name: 'ends' }] })
    called.close()
  })
})
