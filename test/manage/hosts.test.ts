import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import type { HostName } from '../../src/domain/host.ts'
import { addHost, type HostDeps, listHosts, revokeHost, rotateHost } from '../../src/manage/hosts.ts'
import { addSession, createWorld } from '../cli/fake-io.ts'

const laptop = 'laptop' as HostName
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function open(skew = 0) {
  const world = createWorld()
  const random = world.io.random
  const deps: HostDeps = {
    store: world.store,
    clock: { now: () => world.now, bytes: random },
    skew: () => skew,
  }
  const hashes = async () => (await world.store.listHosts()).map(({ tokenHash }) => tokenHash)
  return { world, deps, hashes }
}

describe('addHost', () => {
  it('gives a token of 32 random bytes once, and keeps nothing of it but its SHA-256', async () => {
    const { world, deps, hashes } = open()
    const { host, token } = await addHost(deps, 'laptop')
    assert.equal(token, `pst_host_${Buffer.alloc(32, 1).toString('base64url')}`)
    assert.match(token, /^pst_host_[A-Za-z0-9_-]{43}$/)
    assert.deepEqual(await hashes(), [sha256(token)])
    assert.ok(!JSON.stringify(await world.store.listHosts()).includes(token))
    const createdAt = new Date(world.now).toISOString()
    assert.deepEqual(host, {
      name: 'laptop',
      kind: 'host',
      state: 'waiting',
      seenAt: null,
      createdAt,
      sessions: 0,
    })
  })

  it('refuses a name that is taken, and leaves the token of its host alone', async () => {
    const { deps, hashes } = open()
    const { token } = await addHost(deps, 'laptop')
    await assert.rejects(addHost(deps, 'laptop'), { code: 'host_exists' })
    assert.deepEqual(await hashes(), [sha256(token)])
  })

  it('refuses a name that cannot be, and adds nothing', async () => {
    const { deps, hashes } = open()
    await assert.rejects(addHost(deps, 'My Laptop'), { code: 'usage' })
    assert.deepEqual(await hashes(), [])
  })

  it('gives the name of a revoked host anew, with another token', async () => {
    const { deps, hashes } = open()
    const first = await addHost(deps, 'laptop')
    await revokeHost(deps, 'laptop')
    const second = await addHost(deps, 'laptop')
    assert.notEqual(second.token, first.token)
    assert.equal(second.host.state, 'waiting')
    assert.deepEqual(await hashes(), [sha256(second.token)])
  })
})

describe('rotateHost', () => {
  it('puts another token in the place of the one before', async () => {
    const { deps, hashes } = open()
    const before = await addHost(deps, 'laptop')
    const { token, host } = await rotateHost(deps, 'laptop')
    assert.notEqual(token, before.token)
    assert.equal(host.name, 'laptop')
    assert.deepEqual(await hashes(), [sha256(token)])
  })

  it('refuses a revoked host, and leaves its token as it was', async () => {
    const { deps, hashes } = open()
    const { token } = await addHost(deps, 'laptop')
    await revokeHost(deps, 'laptop')
    await assert.rejects(rotateHost(deps, 'laptop'), {
      code: 'not_found',
      message: /is revoked\. Add it anew/,
    })
    assert.deepEqual(await hashes(), [sha256(token)])
  })
})

describe('revokeHost', () => {
  it('revokes once; a second time changes nothing', async () => {
    const { world, deps } = open()
    await addHost(deps, 'laptop')
    const revokedAt = world.now
    assert.equal((await revokeHost(deps, 'laptop')).state, 'revoked')
    world.now += 5000
    assert.equal((await revokeHost(deps, 'laptop')).state, 'revoked')
    assert.equal((await world.store.listHosts())[0]?.revokedAt, revokedAt)
  })
})

describe('a host that is not there', () => {
  for (const act of [rotateHost, revokeHost])
    it(`${act.name} names the nearest of those that there are, and repeats nothing to a stranger`, async () => {
      const { deps } = open()
      await assert.rejects(act(deps, 'lapton'), {
        code: 'not_found',
        message: 'There is no host "lapton".',
        extra: { plain: 'There is no such host.' },
      })
      await addHost(deps, 'laptop')
      await assert.rejects(act(deps, 'lapton'), {
        message: 'There is no host "lapton". Did you mean laptop?',
        extra: { plain: 'There is no such host. Did you mean laptop?' },
      })
    })
})

describe('listHosts', () => {
  it('shows by name how each is, when it was seen, and how many open sessions it has', async () => {
    const { world, deps } = open()
    for (const name of ['vm', 'laptop']) await addHost(deps, name)
    await world.store.attachHost(laptop, world.now, world.now + 10_000)
    addSession(world, 'one', { host: laptop })
    addSession(world, 'two', { host: laptop, state: 'offline' })
    addSession(world, 'three', { host: laptop, state: 'ended' })
    const shown = async () =>
      (await listHosts(deps)).map(({ name, state, seenAt, sessions }) => [name, state, seenAt, sessions])
    const seenAt = new Date(world.now).toISOString()
    assert.deepEqual(await shown(), [
      ['laptop', 'there', seenAt, 2],
      ['vm', 'waiting', null, 0],
    ])
    world.now += 10_000
    assert.deepEqual((await shown())[0], ['laptop', 'away', seenAt, 2])
  })

  it('goes by the time of the store where the wall clock has jumped, and shows times by the wall', async () => {
    const skew = 3_600_000
    const { world, deps } = open(skew)
    await addHost(deps, 'laptop')
    await world.store.attachHost(laptop, world.now - skew, world.now - skew + 10_000)
    const [host] = await listHosts(deps)
    assert.deepEqual([host?.state, host?.seenAt], ['there', new Date(world.now).toISOString()])
  })
})
