import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DecisionId } from '../../src/domain/decision.ts'
import type { DeliveryId } from '../../src/domain/delivery.ts'
import type { Claims, GrantId } from '../../src/domain/grant.ts'
import type { HostName } from '../../src/domain/host.ts'
import type { Tokens } from '../../src/domain/ports.ts'
import type { SessionId } from '../../src/domain/session.ts'
import type { WaitId } from '../../src/domain/wait.ts'
import { hostMethods, hostStore } from '../../src/link/host-store.ts'
import { draftOf, grantOf, noon, sessionCalled } from '../support/drafts.ts'
import { openMemoryStore } from '../support/memory-store.ts'

const [mine, other] = ['mine', 'other'] as HostName[] as [HostName, HostName]
const [own, theirs, local] = ['own', 'theirs', 'local'] as SessionId[] as [SessionId, SessionId, SessionId]
const request = { id: 'r', kind: 'permission', title: 'ls', detail: 'ls' } as const
const decisionOf = (id: string, session: SessionId) => ({
  ...{ id: `dec_${id}` as DecisionId, session, generation: 'g1', request },
  ...{ openedAt: noon, expiresAt: noon + 60_000 },
})
const tokens: Tokens = {
  mint: async (claims) => JSON.stringify(claims),
  read: async (token) => JSON.parse(token) as Claims,
}

/** A door with a session of its own, and one of each of two hosts; a message, a grant and a decision of each. */
async function setUp() {
  const store = openMemoryStore(() => noon)
  for (const name of [mine, other]) {
    await store.addHost(name, `hash of ${name}`, noon)
    await store.attachHost(name, noon, noon + 10_000)
  }
  const ids: Record<string, { readonly delivery: string; readonly grant: GrantId }> = {}
  for (const [id, host] of [
    [own, mine],
    [theirs, other],
    [local, undefined],
  ] as const) {
    await store.openSession(sessionCalled(id, { decisions: true, ...(host && { host }) }), { replace: false })
    const { delivery } = await store.recordDelivery(draftOf({ session: id, message: `for ${id}` }))
    const grant = grantOf({ id: `grant-${id}` as GrantId, session: id })
    await store.addGrant(grant)
    await store.openDecision(decisionOf(id, id))
    ids[id] = { delivery: delivery.id, grant: grant.id }
  }
  return { store, ids, host: hostStore({ store, tokens, now: () => noon }, mine) }
}

describe('what a host may do with the store of its door', () => {
  it('sees its own sessions and what belongs to them, and nothing else', async () => {
    const { host } = await setUp()
    assert.deepEqual(
      (await host.listSessions()).map(({ id }) => id),
      [own],
    )
    assert.deepEqual(
      (await host.listDeliveries({ limit: 1 })).map(({ message }) => message),
      ['for own'],
    )
    assert.deepEqual(
      (await host.listGrants({})).map(({ session }) => session),
      [own],
    )
    assert.deepEqual(
      (await host.listDecisions({ limit: 1 })).map(({ session }) => session),
      [own],
    )
    assert.deepEqual([...(await host.counts()).queues], [[own, 1]])
    assert.deepEqual(await host.listPauses(), [])
  })

  for (const foreign of [theirs, local, 'default' as SessionId])
    it(`finds nothing of the session "${foreign}", and changes nothing of it`, async () => {
      const { store, ids, host } = await setUp()
      const before = JSON.stringify([
        await store.listSessions(),
        await store.listDeliveries({ limit: 10 }),
        await store.listGrants({}),
        await store.listDecisions({ limit: 10 }),
      ])
      const delivery = (ids[foreign]?.delivery ?? 'whd_') as never
      const grant = (ids[foreign]?.grant ?? 'grant') as GrantId
      const decision = `dec_${foreign}` as DecisionId
      const refusals = ['not_found', 'session_missing', 'session_not_allowed', 'session_exists']
      const refused = (act: Promise<unknown>) =>
        assert.rejects(act, ({ code }: { code: string }) => refusals.includes(code))
      const nothing = async (act: Promise<unknown>) => assert.ok(!(await act) || (await act) === 0)
      await nothing(host.findSession(foreign))
      await nothing(host.endSession(foreign, 'g1', { at: noon }))
      await host.markSession(foreign, 'g1', 'offline', 'x')
      await host.updateSettings(foreign, 'g1', { command: ['evil'] })
      await nothing(host.failQueued(foreign, 'x'))
      await nothing(host.countEnded(foreign))
      await nothing(host.findDelivery(delivery))
      await nothing(host.inspectDelivery(delivery))
      assert.deepEqual(await host.listDeliveries({ session: foreign, limit: 10 }), [])
      await host.acceptDelivery(delivery, 1, noon, 'ack')
      await host.appendEvents(delivery, 1, [{ at: noon, kind: 'progress', detail: 'x' } as never])
      await refused(host.requeueDelivery(delivery, noon, noon + 1))
      await refused(host.cancelDelivery(delivery, noon))
      await refused(host.acknowledgeDelivery(delivery, noon))
      await nothing(host.purgeDelivery(delivery))
      await refused(host.openSession(sessionCalled(foreign), { replace: true }))
      await refused(host.addGrant(grantOf({ id: 'new' as GrantId, session: foreign })))
      const asked = grantOf({ id: 'wait' as GrantId, session: foreign, generation: 'g1', maxUses: 1 })
      const terms = { what: 'x', accept: 'any' } as const
      await refused(host.openWait({ id: 'w_000000000000' as WaitId, grant: asked, terms, ttlMs: 60_000 }, 8))
      await nothing(host.findGrant(grant))
      await nothing(host.revokeGrant(grant, noon))
      await nothing(host.pauseGrant(grant, noon))
      await nothing(host.rotateGrant(grant, noon))
      await refused(host.pause(`session:${foreign}`, noon))
      await refused(host.openDecision(decisionOf('new', foreign)))
      await refused(host.decide(decision, 'allow', 'cli', noon))
      await nothing(host.closeDecision(decision, { how: 'withdrawn' }, noon))
      await nothing(host.findDecision(decision))
      await refused(host.mintToken({ grant, session: foreign, verb: 'send_input' } as Claims))
      await nothing(host.readToken(JSON.stringify({ grant, session: foreign, verb: 'send_input' })))
      const after = JSON.stringify([
        await store.listSessions(),
        await store.listDeliveries({ limit: 10 }),
        await store.listGrants({}),
        await store.listDecisions({ limit: 10 }),
      ])
      assert.equal(after, before)
    })

  it('mints nothing but what speaks to its own sessions: no hooks, no decisions of others', async () => {
    const { host } = await setUp()
    for (const grant of [
      grantOf({ id: 'a' as GrantId, session: own, verb: 'decide' }),
      { ...grantOf({ id: 'b' as GrantId, verb: 'post_hook' }), session: undefined, hook: 'github' } as never,
    ])
      await assert.rejects(host.addGrant(grant), { code: 'session_not_allowed' })
    const link = (id: string, session: SessionId) =>
      ({ grant: id as GrantId, session, verb: 'decide' }) as const
    await assert.rejects(host.mintToken(link(local, own)), { code: 'session_not_allowed' })
    await assert.rejects(host.mintToken(link(own, local)), { code: 'session_missing' })
    await host.mintToken(link(own, own))
    await assert.rejects(host.pause('hook:github', noon), { code: 'session_not_allowed' })
    await host.addGrant(grantOf({ id: 'c' as GrantId, session: own, verb: 'run_turn' }))
  })

  it('opens what is free under its own name, whatever it says, and takes from a host that is away', async () => {
    const { store, host } = await setUp()
    const fresh = 'fresh' as SessionId
    await host.openSession(sessionCalled(fresh, { host: other }), { replace: false })
    assert.equal((await store.findSession(fresh))?.host, mine)
    const later = hostStore({ store, tokens, now: () => noon + 10_001 }, mine)
    await assert.rejects(later.openSession(sessionCalled(theirs, { generation: 'g2' }), { replace: false }), {
      code: 'session_exists',
    })
    await later.openSession(sessionCalled(theirs, { generation: 'g2' }), { replace: true })
    assert.equal((await store.findSession(theirs))?.host, mine)
  })

  it('opens nothing under a name that is none, of an opening or kind that is none', async () => {
    const { store, host } = await setUp()
    const fresh = 'fresh' as SessionId
    for (const [about, code] of [
      [{ id: '../keys' as SessionId }, 'usage'],
      [{ id: undefined as never }, 'malformed'],
      [{ generation: '../../keys/admin' }, 'malformed'],
      [{ generation: 'standing' }, 'malformed'],
      [{ driver: 'a\u001b[2Jb' }, 'malformed'],
      [{ settings: null as never }, 'malformed'],
    ] as const)
      await assert.rejects(host.openSession(sessionCalled(fresh, about), { replace: false }), { code })
    await host.openSession(sessionCalled(fresh, { state: 'ended', why: 'x' }), { replace: false })
    assert.deepEqual(await store.findSession(fresh), sessionCalled(fresh, { host: mine }))
    await assert.rejects(host.updateSettings(fresh, 'g1', null as never), { code: 'malformed' })
  })

  it('stores no state that there is not', async () => {
    const { store, ids, host } = await setUp()
    const id = ids[own]?.delivery as DeliveryId
    const settlement = { state: 'DONE', phase: 'deliver', events: [], dueAt: noon, failures: 0 }
    for (const wrong of [
      settlement,
      { ...settlement, state: 'FAILED', phase: 'x' },
      { state: 'FAILED' },
      null,
    ])
      await assert.rejects(host.settleDelivery(id, 1, wrong as never, noon), { code: 'malformed' })
    await assert.rejects(host.markSession(own, 'g1', 'weird' as never), { code: 'malformed' })
    assert.equal((await store.findDelivery(id))?.state, 'PENDING')
    assert.equal((await store.findSession(own))?.state, 'live')
  })

  it('has a method for each name that can be called, and no other', async () => {
    const { host } = await setUp()
    assert.deepEqual(Object.keys(host).sort(), [...hostMethods, 'mintToken', 'readToken'].sort())
  })
})
