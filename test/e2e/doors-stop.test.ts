import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type Door, openDoor } from '../support/fleet.ts'
import { hooks, post, until } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'

// What the door that keeps house does for all goes on while it is stopped and started again, as for an upgrade.

const skip = withoutPostgres()
const everyMs = 200
/** Others look each second who is there; the rest is for a slow machine. Callbacks stood still for `drainSeconds`, notices for 15 s. */
const longestMs = 6000

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Who is called back, and told of the end of each turn. */
async function openListener() {
  const calls = new Map<string, { readonly path: string; readonly at: number }[]>()
  const server = createServer((request, response) => {
    const id = String(request.headers['webhook-id'])
    calls.set(id, [...(calls.get(id) ?? []), { path: request.url ?? '', at: performance.now() }])
    request.resume()
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const of = (path: string) => [...calls.values()].flat().filter((call) => call.path === path)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ids: (path: string) => [...calls.values()].filter(([first]) => first?.path === path).length,
    count: (path: string) => of(path).length,
    longestGapMs: (path: string) => {
      const times = of(path)
        .map(({ at }) => at)
        .toSorted((a, b) => a - b)
      return Math.max(...times.slice(1).map((at, i) => at - (times[i] ?? at)))
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

describe('the door that keeps house, stopped and started again', { timeout: 200_000, skip }, () => {
  let database: TestPostgres
  before(async () => {
    if (!skip) database = await startPostgres()
  })
  after(() => database?.stop())

  it('leaves callbacks and notices to the next one at once, also while its own turns end', async () => {
    const listener = await openListener()
    const config = {
      ...hooks(),
      limits: { knocksPerMinute: 0 },
      server: { callbacks: { allow: ['127.0.0.1'] }, drainSeconds: 9 },
      sessions: { allow: ['*'] },
      notify: [{ on: ['turn_ended'], session: 'work', url: `${listener.url}/notice`, name: 'ends' }],
    }
    const options = { config, args: ['--store', database.newSchema()] }
    const a = await openDoor({ ...options, name: 'door-a' })
    const b = await openDoor({ ...options, name: 'door-b', beside: a.home })
    const order = async (door: Door, session: string, message: string) => {
      const { status, text } = await post(`${door.url}/api/hooks/agent`, {
        ...{ message, session, callbackUrl: `${listener.url}/call` },
      })
      assert.ok(status === 200 || status === 202, text)
    }
    await b.agent('work')
    await a.agent('long', 60)
    const sent: Promise<void>[] = []
    const sending = setInterval(() => sent.push(order(b, 'work', `message ${sent.length}`)), everyMs)
    await until('both are told', () => listener.count('/call') > 5 && listener.count('/notice') > 5)
    const waiting = order(a, 'long', 'this takes longer than it is waited for').catch(() => {})
    await pause(1000)
    const stoppedAt = performance.now()
    assert.equal(await a.server.stop(), 0)
    assert.ok(performance.now() - stoppedAt > 8000, 'its turn was waited for')
    const again = await a.again()
    await pause(8000)
    clearInterval(sending)
    await Promise.all([...sent, waiting])
    await until('all are told', () => ['/call', '/notice'].every((path) => listener.ids(path) >= sent.length))
    const gaps = ['/call', '/notice'].map((path) => Math.round(listener.longestGapMs(path)))
    console.log(`longest gap between callbacks ${gaps[0]} ms, between notices ${gaps[1]} ms`)
    for (const gap of gaps) assert.ok(gap < longestMs, `${gap} ms`)
    // What was under way when it began to stop may be told once more, under its id.
    for (const path of ['/call', '/notice']) {
      assert.equal(listener.ids(path), sent.length)
      assert.ok(listener.count(path) <= sent.length + 1)
    }
    assert.equal(await again.stop(), 0)
    assert.equal(await b.server.stop(), 0)
    listener.close()
  })
})
