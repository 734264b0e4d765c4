import assert from 'node:assert/strict'
import type { Delivery } from '../../../src/domain/delivery.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { Draft, Store } from '../../../src/domain/ports.ts'
import { settle } from '../../../src/domain/settle.ts'
import { build, draftOf, grantOf, noon, sessionCalled } from '../../support/drafts.ts'
import { type Check, refuses } from './harness.ts'

async function underWay(store: Store, about: Partial<Draft> = {}): Promise<Delivery> {
  const { delivery } = await store.recordDelivery(
    draftOf({ session: build, action: 'turn', lease: { leaseMs: 1000 }, ...about }),
  )
  return delivery
}

async function end(store: Store, delivery: Delivery, outcome: Outcome): Promise<Delivery | undefined> {
  await store.settleDelivery(delivery.id, delivery.attempts, settle(delivery, outcome, noon + 9, 0), noon + 9)
  return store.findDelivery(delivery.id)
}

export function testReplies(plain: Check): void {
  const check: Check = (title, act) =>
    plain(title, async (bench) => {
      await bench.store.openSession(sessionCalled(build), { replace: false })
      await act(bench)
    })

  check('replyToDelivery answers a turn under way, which has arrived then', async ({ store, other }) => {
    const { id } = await underWay(store)
    const replied = await store.replyToDelivery(id, 'yes', noon + 3)
    assert.deepEqual(
      [replied.answer, replied.repliedAt, replied.acceptedAt, replied.state],
      ['yes', noon + 3, noon + 3, 'PENDING'],
    )
    assert.deepEqual(await other.findDelivery(id), replied)
    const record = await other.inspectDelivery(id)
    assert.deepEqual(
      record?.events.slice(-2).map(({ kind, detail }) => [kind, detail]),
      [
        ['submitted', 'evidence: ack'],
        ['answered', 'by reply'],
      ],
    )
  })

  check('replyToDelivery takes the first reply alone, of many at once', async ({ store, other }) => {
    const { id } = await underWay(store)
    const replies = [...'abcdefgh'].map((text, i) =>
      (i % 2 ? store : other).replyToDelivery(id, text, noon + 1).then(
        ({ answer }) => answer,
        ({ code }) => code,
      ),
    )
    const all = await Promise.all(replies)
    assert.equal(all.filter((each) => each === 'answered_already').length, 7)
    assert.equal(
      (await store.findDelivery(id))?.answer,
      all.find((each) => each !== 'answered_already'),
    )
  })

  check('replyToDelivery keeps its answer at the end of the turn', async ({ store }) => {
    const delivery = await underWay(store)
    await store.replyToDelivery(delivery.id, 'yes', noon + 1)
    const after = await end(store, delivery, { kind: 'completed', answer: 'I replied.' })
    assert.deepEqual([after?.state, after?.answer], ['DELIVERED', 'yes'])
    await refuses('answered_already', store.replyToDelivery(delivery.id, 'no', noon + 10))
  })

  check('replyToDelivery stands when the turn fails after it', async ({ store, other }) => {
    const delivery = await underWay(store)
    await other.replyToDelivery(delivery.id, 'yes', noon + 1)
    const after = await end(store, delivery, {
      kind: 'turn_failed',
      why: 'timeout',
      detail: 'it took too long',
    })
    assert.deepEqual(
      [after?.state, after?.failedStep, after?.detail, after?.answer],
      ['DELIVERED', undefined, 'after its reply: it took too long', 'yes'],
    )
    assert.equal((await store.counts()).deliveries.DELIVERED, 1)
  })

  check('replyToDelivery is called back when the turn is over, however that ends', async ({ store }) => {
    const callbackUrl = 'https://ci.example/answer'
    for (const outcome of [
      { kind: 'completed', answer: 'done' },
      { kind: 'ended', exitCode: 3 },
    ] as const) {
      const delivery = await underWay(store, { callbackUrl })
      await store.replyToDelivery(delivery.id, 'yes', noon + 1)
      const after = await end(store, delivery, outcome)
      assert.deepEqual(
        [after?.state, after?.phase, after?.failedStep, after?.answer],
        ['PENDING', 'callback', undefined, 'yes'],
      )
      await refuses('answered_already', store.replyToDelivery(delivery.id, 'no', noon + 10))
      const [owed] = await store.claimDue({ now: noon + 20, leaseMs: 9, limit: 9, except: [build] })
      assert.ok(owed)
      assert.equal((await end(store, owed, { kind: 'taken', evidence: 'ack' }))?.state, 'DELIVERED')
    }
  })

  check('replyToDelivery outlives the process that held the lease', async ({ store, other }) => {
    const { id } = await underWay(store)
    await store.replyToDelivery(id, 'yes', noon + 1)
    assert.equal(await other.releaseLeases(noon + 2), 1)
    const [again] = await other.claimDue({ now: noon + 2, leaseMs: 9, limit: 9, except: [] })
    assert.ok(again?.acceptedAt)
    const after = await end(other, again, { kind: 'unknown', why: 'the server stopped', accepted: true })
    assert.deepEqual([after?.state, after?.answer], ['DELIVERED', 'yes'])
  })

  check('replyToDelivery answers what waits in a queue, and that still goes out', async ({ store }) => {
    await underWay(store)
    const second = await underWay(store)
    const replied = await store.replyToDelivery(second.id, 'yes', noon + 1)
    assert.deepEqual([replied.state, replied.acceptedAt, replied.answer], ['PENDING', undefined, 'yes'])
  })

  check('replyToDelivery notes that the answer fits what was asked for', async ({ store }) => {
    const delivery = await underWay(store, { responseSchema: '{"type":"integer"}' })
    assert.equal(delivery.responseSchema, '{"type":"integer"}')
    assert.equal((await store.replyToDelivery(delivery.id, '42', noon + 1)).responseFits, true)
    assert.equal((await end(store, delivery, { kind: 'completed', answer: 'ok' }))?.responseFits, true)
  })

  check('settleDelivery notes that the answer does not fit, until it is tried again', async ({ store }) => {
    const delivery = await underWay(store, { responseSchema: '{"type":"integer"}' })
    const misfit = { kind: 'turn_failed', why: 'misfit', detail: 'it is no JSON', answer: 'four' } as const
    const after = await end(store, delivery, misfit)
    assert.deepEqual(
      [after?.state, after?.failedStep, after?.responseFits, after?.answer],
      ['FAILED', 'turn', false, 'four'],
    )
    const again = await store.requeueDelivery(delivery.id, noon + 10, noon + 999)
    assert.equal(again.responseFits, undefined)
  })

  check('replyToDelivery: who holds the URL may be answered later, others not', async ({ store }) => {
    const grant = grantOf({ session: build })
    await store.addGrant(grant)
    const sources: readonly (readonly [Partial<Draft>, boolean])[] = [
      [{ source: { kind: 'grant', grant: grant.id }, action: 'input' }, true],
      [{ source: { kind: 'grant', grant: grant.id }, action: 'turn' }, false],
      [{ source: { kind: 'hook', hook: 'wake' }, action: 'wake' }, false],
      [{ source: { kind: 'hook', hook: 'agent' }, action: 'turn' }, false],
      [{ source: { kind: 'admin' }, action: 'input' }, false],
    ]
    for (const [about, isHeard] of sources) {
      const delivery = await underWay(store, about)
      assert.equal((await end(store, delivery, { kind: 'taken', evidence: 'ack' }))?.state, 'DELIVERED')
      const reply = store.replyToDelivery(delivery.id, 'late', noon + 99)
      if (isHeard) assert.deepEqual([(await reply).state, (await reply).answer], ['DELIVERED', 'late'])
      else {
        await refuses('nobody_waits', reply)
        assert.equal((await store.findDelivery(delivery.id))?.answer, undefined)
      }
    }
  })

  check('replyToDelivery refuses what is not there', async ({ store }) => {
    const delivery = await underWay(store)
    await end(store, delivery, { kind: 'taken', evidence: 'ack' })
    assert.ok(await store.purgeDelivery(delivery.id))
    await refuses('not_found', store.replyToDelivery(delivery.id, 'yes', noon + 1))
  })
}
