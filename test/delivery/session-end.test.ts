import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createEndSweep, failQueue } from '../../src/delivery/session-end.ts'
import { createWaiters } from '../../src/delivery/waiters.ts'
import { build, draftOf, noon, sessionCalled } from '../support/drafts.ts'
import { openMemoryStore } from '../support/memory-store.ts'

const never = new AbortController().signal

describe('failQueue', () => {
  it('releases who waits behind a long queue before it fails the queue', async () => {
    const store = openMemoryStore(() => noon)
    const waiters = createWaiters()
    await store.openSession(sessionCalled(build), { replace: false })
    for (let i = 0; i < 50; i++) await store.recordDelivery(draftOf({ session: build }))
    const last = await store.recordDelivery(draftOf({ session: build }))
    const other = await store.recordDelivery(draftOf())
    const acts: string[] = []
    const waiting = waiters.wait(last.delivery, 60_000, never).then(({ failedStep }) => {
      acts.push(`released: ${failedStep}`)
    })
    void waiters.wait(other.delivery, 60_000, never)
    const watched = {
      ...store,
      failQueued: async (...asked: Parameters<typeof store.failQueued>) => {
        const [, , only] = asked
        acts.push(only ? `fails ${only.length} that are awaited` : 'fails the queue')
        return store.failQueued(...asked)
      },
    }
    assert.equal(await failQueue({ store: watched, waiters }, build, 'over'), 51)
    await waiting
    assert.deepEqual(acts, ['fails 1 that are awaited', 'released: session_ended', 'fails the queue'])
    assert.deepEqual(waiters.awaited(), [other.delivery.id])
    waiters.close()
  })
})

describe('createEndSweep', () => {
  it('fails what an end has left once its queue rests, at each end of an id once', async () => {
    const store = openMemoryStore(() => noon)
    const failed: string[] = []
    const failQueue = async (session: string) => failed.push(session)
    const sweep = createEndSweep({ store, failQueue })
    for (const generation of ['first', 'second']) {
      const session = { ...sessionCalled(build), generation }
      await store.openSession(session, { replace: false })
      await store.recordDelivery(draftOf({ session: build }))
      await store.endSession(build, generation, { at: noon, why: 'over' })
      await sweep()
      assert.deepEqual(failed.splice(0), [])
      await sweep()
      assert.deepEqual(failed.splice(0), [build])
      await sweep()
      assert.deepEqual(failed.splice(0), [])
    }
  })
})
