import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createWaiters, notifyStored } from '../../src/delivery/waiters.ts'
import { build, draftOf, noon, sessionCalled } from '../support/drafts.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import { turnsDuring } from '../support/turns.ts'

const never = new AbortController().signal

async function waiting(count: number) {
  const store = openMemoryStore(() => noon)
  const waiters = createWaiters()
  await store.openSession(sessionCalled(build), { replace: false })
  const released: Promise<unknown>[] = []
  for (let i = 0; i < count; i++) {
    const { delivery } = await store.recordDelivery(draftOf({ session: build }))
    released.push(waiters.wait(delivery, 60_000, never))
  }
  return { store, waiters, released }
}

describe('createWaiters', () => {
  it('knows who waits by session, and forgets who was released', async () => {
    const { store, waiters, released } = await waiting(3)
    const other = await store.recordDelivery(draftOf())
    const mine = waiters.wait(other.delivery, 60_000, never)
    assert.equal(waiters.awaited(build).length, 3)
    assert.deepEqual(waiters.awaited(other.delivery.session), [other.delivery.id])
    waiters.notify({ ...other.delivery, state: 'DELIVERED' })
    assert.equal((await mine).state, 'DELIVERED')
    assert.equal(waiters.awaited().length, 3)
    waiters.close()
    await Promise.all(released)
    assert.deepEqual(waiters.awaited(), [])
    assert.equal(await waiters.wait(other.delivery, 60_000, never), other.delivery)
  })

  it('lets go of a caller that is gone', async () => {
    const { store, waiters } = await waiting(0)
    const { delivery } = await store.recordDelivery(draftOf())
    const gone = new AbortController()
    const released = waiters.wait(delivery, 60_000, gone.signal)
    gone.abort()
    assert.equal(await released, delivery)
    assert.deepEqual(waiters.awaited(), [])
  })
})

describe('notifyStored', () => {
  it('releases a thousand callers, and lets others run between them', async () => {
    const { store, waiters, released } = await waiting(1000)
    await store.endSession(build, sessionCalled(build).generation, { at: noon, why: 'over' })
    await store.failQueued(build, 'over')
    const turns = await turnsDuring(() => notifyStored({ store, waiters }, waiters.awaited(build)))
    await Promise.all(released)
    assert.ok(turns >= 20, `${turns}`)
  })
})
