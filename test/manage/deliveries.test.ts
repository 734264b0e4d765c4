import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SessionId } from '../../src/domain/session.ts'
import { replayDelivery, waitInInbox } from '../../src/manage/deliveries.ts'
import { addDelivery, addSession, createWorld, type World } from '../cli/fake-io.ts'

const deps = (world: World) => ({
  store: world.store,
  clock: { now: () => world.now, bytes: world.io.random },
  maxHoldMs: 1000,
  queueLimit: 0,
})

describe('replayDelivery', () => {
  it('makes one of two clicks, and another when that one is over', async () => {
    const world = createWorld()
    const old = addDelivery(world, { state: 'DELIVERED' })
    const [a, b] = await Promise.all([
      replayDelivery(deps(world), old.id),
      replayDelivery(deps(world), old.id),
    ])
    assert.equal(a.id, b.id)
    await world.store.acknowledgeDelivery(a.id, world.now)
    world.now += 60_000
    assert.notEqual((await replayDelivery(deps(world), old.id)).id, a.id)
  })

  it('keeps what the original was about, and only counts its time anew', async () => {
    const world = createWorld()
    const about = {
      action: 'turn' as const,
      from: 'ci',
      skill: 'review',
      callbackUrl: 'https://example.org/',
      timeoutMs: 5,
      payload: Uint8Array.of(1),
      contentType: 'application/json',
      headers: { 'user-agent': 'curl' },
    }
    const old = addDelivery(world, { state: 'FAILED', ...about })
    const { id } = await replayDelivery(deps(world), old.id)
    const replay = await world.store.inspectDelivery(id)
    for (const [name, value] of Object.entries(about))
      assert.deepEqual(Object.entries(replay ?? {}).find(([key]) => key === name)?.[1], value, name)
    assert.deepEqual([replay?.receivedAt, replay?.expiresAt], [world.now, world.now + 1000])
  })

  it('is refused for a session that is over', async () => {
    const world = createWorld()
    const old = addDelivery(world, { state: 'FAILED', session: 'gone' as SessionId })
    await assert.rejects(replayDelivery(deps(world), old.id), { code: 'session_missing' })
    assert.equal(world.rows.length, 1)
  })
})

describe('waitInInbox', () => {
  it('looks into the inbox when the store has changed, and not before', async () => {
    const world = createWorld()
    let [looks, asked] = [0, 0]
    addSession(world, 'build')
    const delivery = () => addDelivery(world)
    let added: ReturnType<typeof delivery> | undefined
    const store = {
      ...world.store,
      listDeliveries: (filter: Parameters<typeof world.store.listDeliveries>[0]) => {
        looks += 1
        return world.store.listDeliveries(filter)
      },
      commits: async () => {
        asked += 1
        if (asked === 5) added = delivery()
        return world.store.commits()
      },
    }
    const drivers = new Map([['inbox', { delivery: 'pull' as const }]])
    const found = await waitInInbox({ store, drivers }, 'build', 10_000, new AbortController().signal)
    assert.ok(found)
    assert.deepEqual([found.id, looks], [added?.id, 2])
  })
})
