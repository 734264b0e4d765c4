import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { configure, get, until } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'

/** Stands before a server and passes requests on; `answers` decides what becomes of each answer. */
async function openProxy(server: () => Served, onAnswer: () => Promise<void>) {
  const sockets = new Set<Socket>()
  const proxy = createServer((caller) => {
    const { hostname, port } = new URL(server().url)
    const upstream = connect(Number(port), hostname)
    sockets.add(caller).add(upstream)
    caller.on('data', (chunk: Uint8Array) => upstream.write(chunk))
    upstream.once('data', () => void onAnswer().finally(() => caller.destroy()))
    for (const socket of [caller, upstream]) {
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of sockets) socket.destroy()
      proxy.close()
    },
  }
}

async function world() {
  const home = await scratchHome()
  configure(home, { limits: { knocksPerMinute: 0, queuePerSession: 0 } })
  await cli(['session', 'add', 'build', '--driver', 'inbox'], { home })
  const first = await serve(home)
  const admin = (await readFile(join(home, 'keys/admin.token'), 'utf8')).trim()
  return {
    home,
    first,
    mint: async ({ url }: Served, uses: number) => {
      const response = await fetch(`${url}/api/grants`, {
        method: 'POST',
        headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
        body: JSON.stringify({ session: 'build', uses }),
      })
      const { webhook, grantId } = (await response.json()) as { webhook: string; grantId: string }
      return { path: new URL(webhook).pathname, grantId }
    },
    knock: async (url: string, key: string, more: RequestInit = {}) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'wait=0', 'idempotency-key': key },
        body: JSON.stringify({ message: key }),
        ...more,
      })
      const { deliveryId } = (await response.json()) as { deliveryId: string }
      return {
        status: response.status,
        deliveryId,
        replayed: response.headers.get('idempotency-replayed') === 'true',
      }
    },
    idsOf: async ({ url }: Served, grant: string): Promise<readonly string[]> => {
      const { text } = await get(`${url}/api/deliveries?grant=${grant}`, admin)
      return (JSON.parse(text) as readonly { id: string }[]).map(({ id }) => id)
    },
    usesOf: async ({ url }: Served): Promise<ReadonlyMap<string, number>> => {
      const { text } = await get(`${url}/api/grants`, admin)
      return new Map((JSON.parse(text) as { id: string; uses: number }[]).map(({ id, uses }) => [id, uses]))
    },
  }
}

describe('kill -9 between commit and answer', () => {
  it('the repeat with the key is a replay, and spends nothing', { timeout: 1_200_000 }, async () => {
    const { first, home, mint, knock, idsOf, usesOf } = await world()
    let server = first
    const killed = () => server.kill9()
    const proxy = await openProxy(() => server, killed)
    for (let round = 0; round < rounds(2, 60); round++) {
      const { path, grantId } = await mint(server, 1)
      await assert.rejects(knock(proxy.url + path, 'attempt'))
      server = await serve(home)
      const again = await knock(server.url + path, 'attempt')
      assert.deepEqual([again.status, again.replayed], [202, true])
      assert.equal((await knock(server.url + path, 'another')).status, 403)
      assert.deepEqual(await idsOf(server, grantId), [again.deliveryId])
      assert.equal((await usesOf(server)).get(grantId), 1)
    }
    proxy.close()
    await server.stop()
  })

  it('at any instant: each key is stored once, and each use is counted once', {
    timeout: 1_200_000,
  }, async () => {
    const { first, home, mint, knock, idsOf, usesOf } = await world()
    let server = first
    for (let round = 0; round < rounds(2, 60); round++) {
      const grants = await Promise.all(Array.from({ length: 16 }, () => mint(server, 5)))
      const answered = new Map<string, string>()
      const running = server
      const senders = grants.flatMap(({ path }) =>
        [0, 1, 2, 3].map(async (n) => {
          const { deliveryId } = await knock(running.url + path, `k${n}`)
          answered.set(`${path} k${n}`, deliveryId)
        }),
      )
      const all = Promise.allSettled(senders)
      // Another instant each time, from the first answers on.
      await until('answers come', () => (answered.size > (round * 7) % 48 ? true : undefined))
      await server.kill9()
      await all
      server = await serve(home)
      for (const { path, grantId } of grants) {
        const keys = ['k0', 'k1', 'k2', 'k3', 'k4']
        const repeats = await Promise.all(keys.map((key) => knock(server.url + path, key)))
        for (const [n, { status, deliveryId, replayed }] of repeats.entries()) {
          assert.equal(status, 202)
          const before = answered.get(`${path} k${n}`)
          if (before !== undefined) assert.deepEqual([deliveryId, replayed], [before, true])
        }
        assert.equal((await knock(server.url + path, 'k5')).status, 403)
        assert.deepEqual(
          new Set(await idsOf(server, grantId)),
          new Set(repeats.map(({ deliveryId }) => deliveryId)),
        )
        assert.equal((await usesOf(server)).get(grantId), 5)
      }
    }
    await server.stop()
  })
})
