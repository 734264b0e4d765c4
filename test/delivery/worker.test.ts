import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createWorker } from '../../src/delivery/worker.ts'
import type { Claim } from '../../src/domain/claim.ts'
import type { Delivery } from '../../src/domain/delivery.ts'
import { parseHostName } from '../../src/domain/host.ts'
import { build, draftOf, noon, sessionCalled } from '../support/drafts.ts'
import { openMemoryStore } from '../support/memory-store.ts'

const host = parseHostName('door')
const leaseMs = 3_600_000
const later = noon + 10_000

describe('worker of a door', () => {
  it('takes up what a claim leased whose answer was lost with the database', async () => {
    const { lease, claim, id } = await withOneLeased()
    await lease()
    const { worker, started, looked } = workerOver(claim, later)
    worker.wake()
    await looked
    assert.deepEqual(started, [`${id} 1`])
    await worker.drain(0)
  })

  it('leaves alone what was leased lately: the answer may be on its way', async () => {
    const { lease, claim } = await withOneLeased()
    await lease()
    const { worker, started, looked } = workerOver(claim, noon + 9999)
    worker.wake()
    await looked
    assert.deepEqual(started, [])
    await worker.drain(0)
  })

  it('begins once what it has in hand, and what arrives while it looks', async () => {
    for (const isBefore of [true, false]) {
      const { lease, claim, id } = await withOneLeased()
      const [leased] = await lease()
      assert.ok(leased)
      const arriving = async (asked: Claim) => {
        const found = await claim(asked)
        if (!isBefore) worker.start(leased)
        return found
      }
      const { worker, started, looked } = workerOver(arriving, later)
      if (isBefore) worker.start(leased)
      worker.wake()
      await looked
      assert.deepEqual(started, [`${id} 1`])
      await worker.drain(0)
    }
  })
})

/** One message for a session of the door, and a claim by which it is leased to that. */
async function withOneLeased() {
  const store = openMemoryStore(() => noon)
  await store.addHost(host, 'cafe', noon)
  await store.attachHost(host, noon, noon + 10)
  await store.openSession(sessionCalled(build, { host }), { replace: false })
  const { delivery } = await store.recordDelivery(draftOf({ session: build }))
  const claim = (asked: Claim) => store.claimDue({ ...asked, host })
  return { claim, id: delivery.id, lease: () => claim({ now: noon, leaseMs, limit: 10, except: [] }) }
}

/** Its attempts last until it is drained. `looked` resolves once its first claim is answered and what it found has begun. */
function workerOver(claim: (asked: Claim) => Promise<readonly Delivery[]>, now: number) {
  const started: string[] = []
  const first = Promise.withResolvers<void>()
  let claims = 0
  const worker = createWorker({
    store: {
      nextDue: async () => undefined,
      claimDue: async (asked) => {
        claims += 1
        const found = await claim(asked)
        setTimeout(first.resolve)
        return found
      },
    },
    now: () => now,
    log: () => {},
    leaseMs: () => leaseMs,
    pullSessions: async () => [],
    dispatch: (delivery, stopping) => {
      started.push(`${delivery.id} ${delivery.attempts}`)
      return new Promise((resolve) => stopping.addEventListener('abort', () => resolve()))
    },
  })
  return { worker, started, looked: first.promise.then(() => assert.ok(claims > 0)) }
}
