import assert from 'node:assert/strict'
import type { Grant, GrantId } from '../../../src/domain/grant.ts'
import type { Store } from '../../../src/domain/ports.ts'
import type { SessionId } from '../../../src/domain/session.ts'
import { build, ci, draftOf, grantOf, inbox, keyed, noon, sessionCalled } from '../../support/drafts.ts'
import { type Check, refuses } from './harness.ts'

const byCi = draftOf({ source: { kind: 'grant', grant: ci } })

/** Whether others may use it, too, is another matter. */
async function keysOf(store: Store) {
  const { isShared: _, ...facts } = await store.keyFacts()
  return facts
}

export function testGrants(check: Check): void {
  check(
    'rememberKeys replaces what is known, keyFacts tells it and whether any grant is open',
    async (bench) => {
      const { store, other } = bench
      assert.deepEqual(await keysOf(store), { known: [], hasOpenGrants: false })
      await store.addGrant(grantOf())
      const keys = [
        { kid: '1', fingerprint: 'f1', retireAt: noon },
        { kid: '2', fingerprint: 'f2' },
      ]
      await store.rememberKeys(keys)
      for (const each of [store, other])
        assert.deepEqual(await keysOf(each), { known: keys, hasOpenGrants: true })
      assert.equal(await store.rememberKeys([], keys.slice(1)), false)
      assert.deepEqual((await other.keyFacts()).known, keys)
      assert.equal(await other.rememberKeys(keys.slice(1), keys), true)
      await other.revokeGrant(ci, noon)
      assert.deepEqual(await keysOf(store), { known: keys.slice(1), hasOpenGrants: false })
    },
  )

  check('addGrant keeps every member', async ({ store, other }) => {
    const full = grantOf({ label: 'ci bot', expiresAt: noon + 5 })
    await store.addGrant(full)
    assert.deepEqual(await store.findGrant(ci), full)
    assert.deepEqual(await other.findGrant(ci), full)
    assert.deepEqual(await store.listGrants({}), [full])
    assert.equal(await store.findGrant('nobody' as GrantId), undefined)
  })

  check('what is at hand is what would be found', async ({ store }) => {
    const grant = grantOf()
    await store.addGrant(grant)
    await store.addGrant({
      id: 'hooked' as GrantId,
      hook: 'github',
      verb: 'post_hook',
      createdAt: noon,
      uses: 0,
    })
    assert.equal(store.atHand('nobody' as GrantId), undefined)
    assert.equal(store.atHand('hooked' as GrantId), undefined)
    const found = { grant: await store.findGrant(ci), session: await store.findSession(inbox) }
    assert.deepEqual(store.atHand(ci), found)
    await store.revokeGrant(ci, noon + 1)
    const then = store.atHand(ci)?.grant
    assert.ok(then === undefined || then.revokedAt === noon + 1)
  })

  check('a grant of a hook needs no session, and opens no other hook', async ({ store, other }) => {
    const grant: Grant = { id: ci, hook: 'github', verb: 'post_hook', createdAt: noon, uses: 0 }
    await store.addGrant(grant)
    assert.deepEqual(await other.findGrant(ci), grant)
    assert.deepEqual(await store.listGrants({ session: inbox }), [])
    const draft = draftOf({ source: { kind: 'hook', hook: 'github', grant: ci } })
    const { delivery } = await store.recordDelivery(draft)
    assert.deepEqual((await other.findDelivery(delivery.id))?.source, draft.source)
    assert.equal((await store.findGrant(ci))?.uses, 1)
    const elsewhere = { kind: 'hook', hook: 'gitlab', grant: ci } as const
    await refuses('forbidden', store.recordDelivery(draftOf({ source: elsewhere })))
    await refuses('forbidden', store.recordDelivery(byCi))
    await store.recordDelivery(draftOf({ source: { kind: 'hook', hook: 'github' } }))
    for (const [filter, count] of [
      [{ grant: ci }, 1],
      [{ hook: 'github' }, 2],
    ] as const)
      assert.equal((await store.listDeliveries({ ...filter, limit: 9 })).length, count)
    await store.revokeGrant(ci, noon)
    await refuses('forbidden', store.recordDelivery(draft))
  })

  check('addGrant refuses a session that cannot be spoken to', async ({ store }) => {
    await refuses('session_missing', store.addGrant(grantOf({ session: build })))
    await store.openSession(sessionCalled(build), { replace: false })
    await store.endSession(build, 'g1', { at: noon })
    await refuses('session_ended', store.addGrant(grantOf({ session: build })))
    assert.deepEqual(await store.listGrants({}), [])
  })

  check('listGrants is newest first, by session and by prefix', async ({ store }) => {
    const ids = ['aa11', 'aa22', 'bb33'] as GrantId[]
    for (const [i, id] of ids.entries())
      await store.addGrant(
        grantOf({ id, createdAt: noon + i, session: i === 1 ? ('webhook-agent' as SessionId) : inbox }),
      )
    const listed = async (filter: Parameters<typeof store.listGrants>[0]) =>
      (await store.listGrants(filter)).map(({ id }) => id)
    assert.deepEqual(await listed({}), ['bb33', 'aa22', 'aa11'])
    assert.deepEqual(await listed({ session: inbox }), ['bb33', 'aa11'])
    assert.deepEqual(await listed({ idPrefix: 'aa' }), ['aa22', 'aa11'])
    assert.deepEqual(await listed({ idPrefix: 'aa11' }), ['aa11'])
    assert.deepEqual(await listed({ idPrefix: 'aa%' }), [])
    assert.deepEqual(await listed({ session: inbox, idPrefix: 'a' }), ['aa11'])
  })

  check('listGrants forgets none of very many, nor shows one twice', async ({ store }) => {
    const grants = Array.from({ length: 1200 }, (_, i) =>
      grantOf({
        id: i.toString(16).padStart(16, '0') as GrantId,
        createdAt: noon + Math.floor(i / 700),
        session: i % 2 ? inbox : ('webhook-agent' as SessionId),
      }),
    )
    await Promise.all(grants.toReversed().map((grant) => store.addGrant(grant)))
    assert.deepEqual(await store.listGrants({}), grants.toReversed())
    const ofInbox = grants.filter(({ session }) => session === inbox)
    assert.deepEqual(await store.listGrants({ session: inbox }), ofInbox.toReversed())
  })

  check('revokeGrant holds in the other process, for good', async ({ store, other }) => {
    await store.addGrant(grantOf())
    await store.recordDelivery(draftOf({ source: { kind: 'grant', grant: ci } }))
    assert.equal((await other.revokeGrant(ci, noon + 7))?.revokedAt, noon + 7)
    assert.equal((await other.revokeGrant(ci, noon + 9))?.revokedAt, noon + 7)
    assert.equal(await other.revokeGrant('nobody' as GrantId, noon), undefined)
    await refuses('forbidden', store.recordDelivery(byCi))
    assert.equal((await store.findGrant(ci))?.revokedAt, noon + 7)
    assert.equal((await store.counts()).deliveries.PENDING, 1)
  })

  check('recordDelivery refuses a grant that is unknown, expired, or of another session', async (bench) => {
    const { store } = bench
    await refuses('forbidden', store.recordDelivery(byCi))
    await store.addGrant(grantOf({ expiresAt: noon + 10 }))
    await refuses('forbidden', store.recordDelivery({ ...byCi, session: 'webhook-agent' as SessionId }))
    bench.now = noon + 9
    await store.recordDelivery(byCi)
    bench.now = noon + 10
    await refuses('forbidden', store.recordDelivery(draftOf({ source: byCi.source })))
    assert.equal((await store.counts()).deliveries.PENDING, 1)
  })

  check('recordDelivery counts the uses of its grant', async (bench) => {
    const { store, other } = bench
    await store.addGrant(grantOf())
    bench.now = noon + 3
    await Promise.all([1, 2, 3].map(() => store.recordDelivery(draftOf({ source: byCi.source }))))
    bench.now = noon + 4
    await store.recordDelivery(draftOf({ source: byCi.source }))
    for (const each of [store, other]) {
      const grant = await each.findGrant(ci)
      assert.deepEqual([grant?.uses, grant?.lastUsedAt], [4, noon + 4])
      assert.deepEqual(await each.listGrants({}), [grant])
    }
  })

  check('addGrant keeps how often, and for which opening', async ({ store, other }) => {
    const full = grantOf({ maxUses: 2, generation: 'standing' })
    await store.addGrant(full)
    for (const each of [store, other]) assert.deepEqual(await each.findGrant(ci), full)
    await store.recordDelivery(byCi)
    await store.openSession(sessionCalled(inbox), { replace: false })
    await refuses('forbidden', store.recordDelivery(byCi))
    assert.equal((await other.findGrant(ci))?.uses, 1)
  })

  check('of many knocks at once a grant of one use takes exactly one', async ({ store, other }) => {
    await store.addGrant(grantOf({ maxUses: 1 }))
    const results = await Promise.allSettled(
      Array.from({ length: 64 }, (_, i) => (i % 2 ? other : store).recordDelivery(byCi)),
    )
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal((await store.counts()).deliveries.PENDING, 1)
    for (const each of [store, other]) assert.equal((await each.findGrant(ci))?.uses, 1)
  })

  check('a used-up grant gets its own message again by its key, and nothing else', async (bench) => {
    const { store, other } = bench
    await store.addGrant(grantOf({ maxUses: 2 }))
    const first = await store.recordDelivery(keyed('a', byCi))
    assert.equal((await store.recordDelivery(keyed('a', byCi))).replayed, true)
    await refuses('idempotency_conflict', store.recordDelivery(keyed('a', { ...byCi, message: 'other' })))
    assert.equal((await store.findGrant(ci))?.uses, 1)
    await store.recordDelivery(keyed('b', byCi))
    for (const each of [store, other]) {
      await refuses('forbidden', each.recordDelivery(byCi))
      await refuses('forbidden', each.recordDelivery(keyed('c', byCi)))
      assert.deepEqual(await each.recordDelivery(keyed('a', byCi)), { ...first, replayed: true })
    }
    await refuses('idempotency_conflict', store.recordDelivery(keyed('a', { ...byCi, message: 'other' })))
    await store.endSession(inbox, 'standing', { at: noon })
    assert.equal((await store.recordDelivery(keyed('a', byCi))).delivery.id, first.delivery.id)
    await store.failQueued(inbox, 'over')
    const failed = await store.recordDelivery(keyed('a', byCi))
    assert.deepEqual([failed.replayed, failed.delivery.state], [true, 'FAILED'])
    await store.revokeGrant(ci, noon)
    await refuses('forbidden', store.recordDelivery(keyed('a', byCi)))
    assert.equal((await store.findGrant(ci))?.uses, 2)
  })

  check('a used-up URL of a hook gets none of what others sent to it', async ({ store }) => {
    const hook = { kind: 'hook', hook: 'github' } as const
    await store.addGrant({ id: ci, hook: 'github', verb: 'post_hook', createdAt: noon, uses: 1, maxUses: 1 })
    const theirs = await store.recordDelivery(keyed('a', { source: hook }))
    assert.equal((await store.recordDelivery(keyed('a', { source: hook }))).delivery.id, theirs.delivery.id)
    await refuses('forbidden', store.recordDelivery(keyed('a', { source: { ...hook, grant: ci } })))
  })

  check('what is refused, and what never became a message, spends no use', async ({ store, other }) => {
    await store.addGrant(grantOf({ maxUses: 1 }))
    await store.recordDelivery(draftOf())
    await refuses('queue_full', store.recordDelivery({ ...byCi, queueLimit: 1 }))
    await store.recordDelivery({ ...byCi, failed: { step: 'skill', detail: 'unknown' } })
    assert.equal((await other.findGrant(ci))?.uses, 0)
    await store.recordDelivery(byCi)
    assert.equal((await other.findGrant(ci))?.uses, 1)
  })

  check('pauseGrant closes it in both processes, until it opens it again', async ({ store, other }) => {
    await store.addGrant(grantOf())
    assert.equal((await store.pauseGrant(ci, noon + 1))?.pausedAt, noon + 1)
    assert.equal((await other.pauseGrant(ci, noon + 2))?.pausedAt, noon + 1)
    for (const each of [store, other]) await refuses('forbidden', each.recordDelivery(byCi))
    for (const each of [other, store]) assert.deepEqual(await each.pauseGrant(ci, undefined), grantOf())
    await store.recordDelivery(byCi)
    assert.equal(await store.pauseGrant('nobody' as GrantId, noon), undefined)
  })

  check('rotateGrant lets the two newest tokens in, the older one for its time', async (bench) => {
    const { store, other } = bench
    const opens = async (serial: number | undefined) => {
      for (const each of [store, other]) {
        const recording = each.recordDelivery(draftOf({ source: byCi.source, serial }))
        if (
          await recording.then(
            () => false,
            () => true,
          )
        )
          return false
      }
      return true
    }
    const which = async () => Promise.all([undefined, 1, 2, 3].map(opens))
    await store.addGrant(grantOf({ label: 'ci bot', expiresAt: noon + 9000 }))
    assert.deepEqual(await which(), [true, false, false, false])
    const rotated = await store.rotateGrant(ci, noon + 100)
    assert.deepEqual(
      [rotated?.serial, rotated?.previousUntil, rotated?.label, rotated?.uses, rotated?.expiresAt],
      [1, noon + 100, 'ci bot', 2, noon + 9000],
    )
    assert.deepEqual(await which(), [true, true, false, false])
    await other.rotateGrant(ci, noon + 200)
    assert.deepEqual(await which(), [false, true, true, false])
    bench.now = noon + 200
    assert.deepEqual(await which(), [false, false, true, false])
    await store.rotateGrant(ci, 0)
    assert.deepEqual(await which(), [false, false, false, true])
    assert.equal(await store.rotateGrant('nobody' as GrantId, 0), undefined)
  })
}
