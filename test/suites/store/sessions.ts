import assert from 'node:assert/strict'
import type { GrantId } from '../../../src/domain/grant.ts'
import { build, draftOf, grantOf, inbox, noon, sessionCalled } from '../../support/drafts.ts'
import { type Check, refuses } from './harness.ts'

export function testSessions(check: Check): void {
  check('the standing inboxes exist from the start', async ({ store }) => {
    const sessions = await store.listSessions()
    assert.deepEqual(
      sessions.map(({ id, generation, driver, state, settings }) => [
        id,
        generation,
        driver,
        state,
        settings,
      ]),
      ['default', 'webhook-agent'].map((id) => [id, 'standing', 'inbox', 'live', {}]),
    )
  })

  check('openSession keeps every member and shows it to the other process', async ({ store, other }) => {
    const session = sessionCalled(build, { state: 'offline', why: 'not yet there' })
    await store.findSession(build)
    assert.deepEqual(await other.openSession(session, { replace: false }), { liveGrants: 0 })
    assert.deepEqual(await store.findSession(build), session)
    assert.deepEqual(
      (await store.listSessions()).map(({ id }) => id),
      ['build', 'default', 'webhook-agent'],
    )
  })

  check('openSession replaces a live session only with `replace`', async ({ store }) => {
    await store.openSession(sessionCalled(build), { replace: false })
    const second = sessionCalled(build, { generation: 'g2', driver: 'tmux' })
    await refuses('session_exists', store.openSession(second, { replace: false }))
    assert.equal((await store.findSession(build))?.generation, 'g1')
    await store.openSession(second, { replace: true })
    assert.deepEqual(await store.findSession(build), second)
  })

  check('openSession takes the place of a standing inbox, whose queue stays', async ({ store, now }) => {
    await store.addGrant(grantOf())
    await store.addGrant(grantOf({ id: 'aa' as GrantId, expiresAt: noon - 1 }))
    await store.addGrant(grantOf({ id: 'bb' as GrantId }))
    await store.revokeGrant('bb' as GrantId, noon)
    const { delivery } = await store.recordDelivery(draftOf())
    const opened = await store.openSession(sessionCalled(inbox), { replace: false })
    assert.deepEqual(opened, { liveGrants: 1 })
    const claimed = await store.claimDue({ now, leaseMs: 1000, limit: 5, except: [] })
    assert.deepEqual(
      claimed.map(({ id }) => id),
      [delivery.id],
    )
  })

  check('openSession takes the place of a standing session whatever its driver, once', async ({ store }) => {
    const pulling = sessionCalled(inbox, { driver: 'mcp' })
    await store.openSession(pulling, { replace: false })
    await refuses('session_exists', store.openSession(sessionCalled(inbox), { replace: false }))
    assert.deepEqual(await store.findSession(inbox), pulling)
  })

  check('endSession ends that opening only, and leaves a tombstone', async ({ store, other }) => {
    await store.openSession(sessionCalled(build), { replace: false })
    assert.equal(await store.endSession(build, 'g0', { at: noon }), false)
    assert.equal(await store.endSession(build, 'g1', { at: noon + 1, exitCode: 3, why: 'crashed' }), true)
    assert.equal(await store.endSession(build, 'g1', { at: noon + 2 }), false)
    assert.deepEqual(
      await other.findSession(build),
      sessionCalled(build, { state: 'ended', endedAt: noon + 1, exitCode: 3, why: 'crashed' }),
    )
    const again = sessionCalled(build, { generation: 'g2' })
    await store.openSession(again, { replace: false })
    assert.deepEqual(await other.findSession(build), again)
  })

  check('markSession changes a living opening and never wakes an ended one', async ({ store, other }) => {
    await store.openSession(sessionCalled(build), { replace: false })
    await store.markSession(build, 'g0', 'offline', 'wrong opening')
    assert.equal((await other.findSession(build))?.state, 'live')
    await store.markSession(build, 'g1', 'offline', 'no route')
    assert.deepEqual(
      await other.findSession(build),
      sessionCalled(build, { state: 'offline', why: 'no route' }),
    )
    await store.markSession(build, 'g1', 'live')
    assert.deepEqual(await other.findSession(build), sessionCalled(build))
    await store.endSession(build, 'g1', { at: noon })
    await store.markSession(build, 'g1', 'live')
    assert.equal((await other.findSession(build))?.state, 'ended')
  })

  check('updateSettings replaces the settings of that opening', async ({ store, other }) => {
    await store.openSession(sessionCalled(build), { replace: false })
    await store.updateSettings(build, 'g0', { wrong: true })
    await store.updateSettings(build, 'g1', { resume: 'abc', deep: { list: [1, null] } })
    assert.deepEqual((await other.findSession(build))?.settings, { resume: 'abc', deep: { list: [1, null] } })
  })

  check(
    'commits is another number after a write of any process, and after nothing else',
    async ({ store, other }) => {
      const first = await store.commits()
      await store.counts()
      assert.equal(await store.commits(), first)
      await store.recordDelivery(draftOf())
      const second = await store.commits()
      assert.notEqual(second, first)
      await other.recordDelivery(draftOf())
      assert.notEqual(await store.commits(), second)
    },
  )

  check(
    'changedElsewhere shows the other process’s writes once, never of its own writes',
    async ({ store, other }) => {
      await store.changedElsewhere()
      await store.recordDelivery(draftOf())
      assert.equal(await store.changedElsewhere(), false)
      await other.recordDelivery(draftOf())
      // The commit path sees the change before anybody asks for it.
      await store.recordDelivery(draftOf())
      assert.equal(await store.changedElsewhere(), true)
      assert.equal(await store.changedElsewhere(), false)
      assert.equal(await other.changedElsewhere(), true)
    },
  )
}
