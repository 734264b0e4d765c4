import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { adminOf, knockAt } from '../support/admin-api.ts'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { configure, until } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'

/** Stands before a server and passes requests on; each answer is lost, once `onAnswer` is through. */
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
  let server = await serve(home)
  const { ask, mint } = adminOf(home, () => server)
  return {
    server: () => server,
    restart: async () => {
      server = await serve(home)
    },
    mint: (uses: number) => mint({ session: 'build', uses }),
    knock: (url: string, key: string) => knockAt(url, key, { 'idempotency-key': key }),
    idsOf: async (grant: string): Promise<readonly string[]> => {
      const all = await ask<readonly { id: string }[]>('GET', `deliveries?grant=${grant}`)
      return all.map(({ id }) => id)
    },
    usesOf: async (): Promise<ReadonlyMap<string, number>> => {
      const all = await ask<readonly { id: string; uses: number }[]>('GET', 'grants')
      return new Map(all.map(({ id, uses }) => [id, uses]))
    },
  }
}

describe('kill -9 between commit and answer', () => {
  it('the repeat with the key is a replay, and spends nothing', { timeout: 1_200_000 }, async () => {
    const { server, restart, mint, knock, idsOf, usesOf } = await world()
    const proxy = await openProxy(server, () => server().kill9())
    for (let round = 0; round < rounds(2, 60); round++) {
      const { path, grantId } = await mint(1)
      await assert.rejects(knock(proxy.url + path, 'attempt'))
      await restart()
      const again = await knock(server().url + path, 'attempt')
      assert.deepEqual([again.status, again.replayed], [202, true])
      assert.equal((await knock(server().url + path, 'another')).status, 403)
      assert.deepEqual(await idsOf(grantId), [again.deliveryId])
      assert.equal((await usesOf()).get(grantId), 1)
    }
    proxy.close()
    await server().stop()
  })

  it('at any instant: each key is stored once, and each use is counted once', {
    timeout: 1_200_000,
  }, async () => {
    const { server, restart, mint, knock, idsOf, usesOf } = await world()
    for (let round = 0; round < rounds(2, 60); round++) {
      const grants = await Promise.all(Array.from({ length: 16 }, () => mint(5)))
      const answered = new Map<string, string>()
      const { url } = server()
      const senders = grants.flatMap(({ path }) =>
        [0, 1, 2, 3].map(async (n) => {
          const { deliveryId } = await knock(url + path, `k${n}`)
          answered.set(`${path} k${n}`, deliveryId)
        }),
      )
      const all = Promise.allSettled(senders)
      // Another instant each time, from the first answers on.
      await until('answers come', () => (answered.size > (round * 7) % 48 ? true : undefined))
      await server().kill9()
      await all
      await restart()
      for (const { path, grantId } of grants) {
        const keys = ['k0', 'k1', 'k2', 'k3', 'k4']
        const repeats = await Promise.all(keys.map((key) => knock(server().url + path, key)))
        for (const [n, { status, deliveryId, replayed }] of repeats.entries()) {
          assert.equal(status, 202)
          const before = answered.get(`${path} k${n}`)
          if (before !== undefined) assert.deepEqual([deliveryId, replayed], [before, true])
        }
        assert.equal((await knock(server().url + path, 'k5')).status, 403)
        assert.deepEqual(new Set(await idsOf(grantId)), new Set(repeats.map(({ deliveryId }) => deliveryId)))
        assert.equal((await usesOf()).get(grantId), 5)
      }
    }
    await server().stop()
  })
})
