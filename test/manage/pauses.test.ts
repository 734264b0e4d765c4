import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../src/domain/error.ts'
import type { GrantId } from '../../src/domain/grant.ts'
import { pauseOfHook, pauseOfSession } from '../../src/domain/pause.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { type PauseDeps, pause, resume } from '../../src/manage/pauses.ts'
import { addSession, createWorld } from '../cli/fake-io.ts'
import { grantOf } from '../support/drafts.ts'

const ids = ['00aa000000000001', '00aa000000000002', 'ffbb000000000003'] as const
const build = 'build' as SessionId

async function open(hooks: readonly string[] = ['github', 'twice']) {
  const world = createWorld()
  for (const session of ['twice', 'wake', 'abcd']) addSession(world, session)
  for (const id of ids) await world.store.addGrant(grantOf({ id: id as GrantId, session: build }))
  const deps: PauseDeps = { store: world.store, clock: { now: () => world.now }, hooks: () => hooks }
  const pausedGrants = async () =>
    (await world.store.listGrants({})).filter(({ pausedAt }) => pausedAt !== undefined).map(({ id }) => id)
  return { world, deps, pausedGrants, pauses: () => world.store.listPauses() }
}

describe('pause and resume', () => {
  const named: readonly (readonly [name: string, target: string])[] = [
    [`grant:${ids[2]}`, `grant:${ids[2]}`],
    ['grant:ffbb', `grant:${ids[2]}`],
    ['ffbb', `grant:${ids[2]}`],
    ['hook:github', 'hook:github'],
    ['github', 'hook:github'],
    ['hook:wake', 'hook:wake'],
    ['agent', 'hook:agent'],
    ['session:build', 'session:build'],
    ['build', 'session:build'],
    ['session:twice', 'session:twice'],
    // What grants begin so is not asked where a session has that very name.
    ['abcd', 'session:abcd'],
  ]
  for (const [name, target] of named)
    it(`${name} is ${target}, twice is once, and resuming ends it`, async () => {
      const { world, deps, pausedGrants, pauses } = await open()
      const since = new Date(world.now).toISOString()
      assert.deepEqual(await pause(deps, name), { target, paused: true, since })
      world.now += 5000
      assert.deepEqual(await pause(deps, name), { target, paused: true, since })
      const held = [
        ...(await pausedGrants()).map((id) => `grant:${id}`),
        ...(await pauses()).map((each) => each.target),
      ]
      assert.deepEqual(held, [target])
      for (const _ of ['once', 'and again'])
        assert.deepEqual(await resume(deps, name), { target, paused: false, since: null })
      assert.deepEqual([await pausedGrants(), await pauses()], [[], []])
    })

  const refused: readonly (readonly [name: string, code: string, says: RegExp])[] = [
    ['twice', 'ambiguous', /^"twice" fits hook:twice and session:twice\. Say which\.$/],
    ['wake', 'ambiguous', /hook:wake and session:wake/],
    ['nobody', 'not_found', /There is no grant, hook or session "nobody"/],
    ['', 'not_found', /There is no/],
    ['hook:githup', 'not_found', /no such hook.*Did you mean github\?/],
    ['hook:', 'not_found', /no such hook/],
    ['session:nobody', 'session_missing', /nobody/],
    ['session:Build', 'session_missing', /Build/],
    ['grant:00aa', 'ambiguous', /./],
    ['grant:0123456789abcdef', 'not_found', /./],
    ['hok:github', 'usage', /grant:<id>, hook:<name> or session:<id>.*Did you mean hook\?/],
    ['toString:x', 'usage', /What can be paused/],
    [':', 'usage', /What can be paused/],
    // Several grants begin so, and nothing else is called so.
    ['00aa', 'ambiguous', /./],
  ]
  for (const [name, code, says] of refused)
    it(`"${name}" is refused as ${code}, and nothing is paused`, async () => {
      const { deps, pausedGrants, pauses } = await open()
      for (const act of [pause, resume])
        await assert.rejects(act(deps, name), (thrown) => {
          assert.ok(thrown instanceof Failure)
          assert.equal(thrown.code, code, thrown.message)
          assert.match(thrown.message, says)
          return true
        })
      assert.deepEqual([await pausedGrants(), await pauses()], [[], []])
    })

  it('where the hooks are another door’s only grants and sessions are meant, and that door is named', async () => {
    const { deps, pauses } = await open()
    const there = new Failure('unsupported', 'do that there')
    const joined: PauseDeps = {
      ...deps,
      hooks: () => {
        throw there
      },
    }
    for (const name of ['hook:github', 'hook:wake', 'github', 'agent'])
      await assert.rejects(pause(joined, name), there)
    await assert.rejects(pause(joined, 'biuld'), /There is no .*"biuld"\. Did you mean build\?/)
    assert.deepEqual(await pauses(), [])
    assert.equal((await pause(joined, 'twice')).target, 'session:twice')
    assert.equal((await pause(joined, 'wake')).target, 'session:wake')
    assert.equal((await pause(joined, 'ffbb')).target, `grant:${ids[2]}`)
  })

  const over = {
    revoked: { revokedAt: 1 },
    expired: { expiresAt: 1 },
    'used up': { maxUses: 1, uses: 1 },
  } as const
  for (const [word, facts] of Object.entries(over))
    it(`a grant that is ${word} is neither paused nor resumed: its URL would open nothing afterwards either`, async () => {
      const { world, deps, pausedGrants } = await open()
      const id = 'eeee000000000004' as GrantId
      await world.store.addGrant(grantOf({ id, session: build, ...facts }))
      for (const act of [pause, resume])
        for (const name of ['eeee', `grant:${id}`])
          await assert.rejects(act(deps, name), {
            code: 'grant_over',
            message: `The grant ${id} is ${word}. Mint another one.`,
          })
      assert.deepEqual(await pausedGrants(), [])
    })

  it('a refusal for others names nothing of what was asked', async () => {
    const { deps } = await open()
    for (const name of ['twice', 'nobody'])
      await assert.rejects(pause(deps, name), (thrown) => {
        assert.ok(thrown instanceof Failure && typeof thrown.extra.plain === 'string')
        assert.doesNotMatch(thrown.extra.plain, /"/)
        return true
      })
  })

  it('a paused hook that has left the configuration can be resumed, and only while it is paused', async () => {
    const { world, deps } = await open()
    await pause(deps, 'hook:github')
    const gone: PauseDeps = { ...deps, hooks: () => [] }
    assert.equal((await pause(gone, 'github')).since, new Date(world.now).toISOString())
    assert.equal((await resume(gone, 'github')).paused, false)
    await assert.rejects(pause(gone, 'hook:github'), { code: 'not_found' })
  })

  it('of one hook or session leaves the others', async () => {
    const { deps, pauses } = await open()
    for (const name of ['hook:github', 'hook:twice', 'session:build', 'session:twice'])
      await pause(deps, name)
    await resume(deps, 'hook:twice')
    await resume(deps, 'session:build')
    assert.deepEqual(
      new Set((await pauses()).map(({ target }) => target)),
      new Set([pauseOfHook('github'), pauseOfSession('twice' as SessionId)]),
    )
  })

  it('a store that cannot be read is no missing name', async () => {
    const { deps } = await open()
    const broken = async () => {
      throw new Failure('store_unavailable', 'The disk is full.')
    }
    for (const store of [
      { ...deps.store, listGrants: broken },
      { ...deps.store, findSession: broken },
      { ...deps.store, listPauses: broken },
    ])
      await assert.rejects(pause({ ...deps, store }, 'abad'), { code: 'store_unavailable' })
  })
})
