import assert from 'node:assert/strict'
import { seqOf, timeOfId } from '../../../src/domain/delivery.ts'
import type { SessionId } from '../../../src/domain/session.ts'
import {
  build,
  ci,
  draftOf,
  grantOf,
  inbox,
  keyed,
  newId,
  noon,
  sessionCalled,
} from '../../support/drafts.ts'
import { type Check, refuses } from './harness.ts'

export function testRecord(check: Check): void {
  check('recordDelivery keeps every member', async ({ store, other }) => {
    const draft = draftOf({
      source: { kind: 'hook', hook: 'github' },
      action: 'turn',
      message: 'line 1\nzwölf \u{1f600}',
      from: 'ci',
      skill: 'review',
      callbackUrl: 'https://example.org/back',
      timeoutMs: 5000,
      replayOf: newId(),
      payload: Uint8Array.of(0, 255, 10, 0),
      contentType: 'application/json',
      headers: { 'user-agent': 'curl', 'x-empty': '' },
      receivedAt: noon - 3,
    })
    const { delivery, replayed, leased } = await store.recordDelivery(draft)
    assert.deepEqual([replayed, leased], [false, false])
    assert.deepEqual([timeOfId(delivery.id), seqOf(delivery.id)], [noon - 3, 1])
    assert.deepEqual(delivery, {
      id: delivery.id,
      seq: 1,
      session: inbox,
      source: { kind: 'hook', hook: 'github' },
      action: 'turn',
      state: 'PENDING',
      phase: 'deliver',
      message: draft.message,
      from: 'ci',
      skill: 'review',
      callbackUrl: 'https://example.org/back',
      timeoutMs: 5000,
      replayOf: draft.replayOf,
      receivedAt: noon - 3,
      storedAt: noon,
      dueAt: noon,
      expiresAt: draft.expiresAt,
      failures: 0,
      attempts: 0,
    })
    for (const each of [store, other]) {
      assert.deepEqual(await each.findDelivery(delivery.id), delivery)
      assert.deepEqual(await each.inspectDelivery(delivery.id), {
        ...delivery,
        heldBecause: 'inbox',
        events: [
          { at: noon - 3, kind: 'received' },
          { at: noon, kind: 'stored' },
        ],
        attemptList: [],
        payload: Uint8Array.of(0, 255, 10, 0),
        contentType: 'application/json',
        headers: { 'user-agent': 'curl', 'x-empty': '' },
      })
    }
    assert.equal(await store.findDelivery(newId()), undefined)
    assert.equal(await store.inspectDelivery(newId()), undefined)
  })

  check('recordDelivery refuses a session that is missing or ended', async ({ store }) => {
    await refuses('session_missing', store.recordDelivery(draftOf({ session: build })))
    await store.openSession(sessionCalled(build), { replace: false })
    await store.endSession(build, 'g1', { at: noon })
    await refuses('session_ended', store.recordDelivery(draftOf({ session: build })))
    assert.deepEqual(await store.listDeliveries({ limit: 9 }), [])
  })

  check('one refused draft does not spoil those stored with it', async ({ store }) => {
    await store.addGrant(grantOf())
    const sent = await Promise.allSettled([
      store.recordDelivery(draftOf({ message: 'a' })),
      store.recordDelivery(draftOf({ session: 'gone' as SessionId })),
      store.recordDelivery(keyed('k', { message: 'b' })),
      store.recordDelivery(keyed('k', { message: 'another text' })),
      store.recordDelivery(draftOf({ source: { kind: 'grant', grant: ci }, message: 'c' })),
      store.recordDelivery(draftOf({ queueLimit: 3 })),
    ])
    assert.deepEqual(
      sent.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled', 'rejected'],
    )
    const listed = await store.listDeliveries({ limit: 9, oldestFirst: true })
    assert.deepEqual(
      listed.map(({ message }) => message),
      ['a', 'b', 'c'],
    )
    assert.deepEqual(
      listed.map(({ seq }) => seq),
      listed.map(({ seq }) => seq).toSorted((a, b) => a - b),
    )
  })

  check(
    'queueLimit counts what is unfinished in that session, also from the other process',
    async (bench) => {
      const { store, other } = bench
      const { delivery } = await store.recordDelivery(draftOf({ queueLimit: 2 }))
      await other.recordDelivery(draftOf({ queueLimit: 2 }))
      await refuses('queue_full', store.recordDelivery(draftOf({ queueLimit: 2 })))
      await store.recordDelivery(draftOf({ queueLimit: 2, session: 'webhook-agent' as SessionId }))
      await other.acknowledgeDelivery(delivery.id, noon)
      await store.recordDelivery(draftOf({ queueLimit: 2 }))
      await refuses('queue_full', other.recordDelivery(draftOf({ queueLimit: 2 })))
      await store.recordDelivery(draftOf())
      assert.equal((await store.counts()).queues.get(inbox), 3)
    },
  )

  check('a hundred repeats of one key at once make one delivery', async ({ store, other }) => {
    const sent = await Promise.all(
      Array.from({ length: 100 }, (_, i) => (i % 2 ? store : other).recordDelivery(keyed('once'))),
    )
    assert.equal(new Set(sent.map(({ delivery }) => delivery.id)).size, 1)
    assert.equal(sent.filter(({ replayed }) => !replayed).length, 1)
    assert.equal((await store.listDeliveries({ limit: 200 })).length, 1)
  })

  check('a repeat shows the first delivery as it is now, inside its window only', async (bench) => {
    const { store } = bench
    const first = await store.recordDelivery(keyed('k'))
    await store.acknowledgeDelivery(first.delivery.id, noon + 1)
    bench.now = noon + 999
    const repeat = await store.recordDelivery(keyed('k'))
    assert.deepEqual([repeat.replayed, repeat.delivery.id], [true, first.delivery.id])
    assert.equal(repeat.delivery.state, 'DELIVERED')
    bench.now = noon + 1000
    assert.equal((await store.recordDelivery(keyed('k'))).replayed, false)
  })

  check('a key is its source’s own', async ({ store }) => {
    await store.addGrant(grantOf())
    for (const source of [
      { kind: 'admin' as const },
      { kind: 'grant' as const, grant: ci },
      { kind: 'hook' as const, hook: ci },
    ]) {
      assert.equal((await store.recordDelivery(keyed('k', { source }))).replayed, false)
      assert.equal((await store.recordDelivery(keyed('k', { source }))).replayed, true)
    }
  })

  check('a key with other content conflicts and stores nothing', async ({ store }) => {
    await store.recordDelivery(keyed('k'))
    await refuses('idempotency_conflict', store.recordDelivery(keyed('k', { message: 'other' })))
    assert.equal((await store.listDeliveries({ limit: 9 })).length, 1)
  })

  check('a key whose first delivery FAILED counts as new', async ({ store }) => {
    const first = await store.recordDelivery(keyed('k', { failed: { step: 'template', detail: 'blank' } }))
    const second = await store.recordDelivery(keyed('k', { message: 'mended' }))
    assert.deepEqual([second.replayed, second.delivery.state], [false, 'PENDING'])
    const third = await store.recordDelivery(keyed('k', { message: 'mended' }))
    assert.deepEqual([third.replayed, third.delivery.id], [true, second.delivery.id])
    assert.notEqual(first.delivery.id, second.delivery.id)
  })

  check('a key requeued after it FAILED is known again, whatever FAILED since', async ({ store }) => {
    const failed = { step: 'skill' as const, detail: 'no such skill' }
    const first = await store.recordDelivery(keyed('k', { failed }))
    await store.recordDelivery(keyed('k', { failed }))
    await store.requeueDelivery(first.delivery.id, noon, noon + 9)
    const repeat = await store.recordDelivery(keyed('k'))
    assert.deepEqual([repeat.replayed, repeat.delivery.id], [true, first.delivery.id])
  })

  check('what failed before it was stored is shown, and never claimed', async ({ store, now }) => {
    await store.openSession(sessionCalled(build), { replace: false })
    const failed = { step: 'template' as const, detail: 'it renders blank' }
    const draft = draftOf({ session: build, failed, lease: { leaseMs: 9 } })
    const { delivery, leased } = await store.recordDelivery(draft)
    assert.equal(leased, false)
    assert.deepEqual(
      [delivery.state, delivery.failedStep, delivery.detail, delivery.settledAt],
      ['FAILED', 'template', 'it renders blank', noon],
    )
    assert.deepEqual(await store.findDelivery(delivery.id), delivery)
    const kinds = (await store.inspectDelivery(delivery.id))?.events.map(({ kind }) => kind)
    assert.deepEqual(kinds, ['received', 'stored', 'failed'])
    assert.deepEqual(await store.claimDue({ now, leaseMs: 9, limit: 9, except: [] }), [])
    assert.equal((await store.counts()).queues.size, 0)
  })
}
