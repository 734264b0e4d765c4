import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { joinDoors, withOwnSessions } from '../../src/app/among-doors.ts'
import { knownName, ownName } from '../../src/app/door-name.ts'
import type { HostName } from '../../src/domain/host.ts'
import { isDoor } from '../../src/domain/host.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { draftOf, noon, sessionCalled } from '../support/drafts.ts'
import { openMemoryStore } from '../support/memory-store.ts'

const secondMs = 1000

function setUp() {
  let at = noon
  const store = openMemoryStore(() => at)
  const steady = { now: () => at }
  const home = () => {
    const root = mkdtempSync(join(tmpdir(), 'postern-door-'))
    return { root, nameFile: join(root, 'name') }
  }
  return {
    store,
    home,
    pass: (ms: number) => {
      at += ms
    },
    join: (at: ReturnType<typeof home>) =>
      joinDoors({ store, steady, home: at, now: steady.now, publishFacts: () => async () => {} }),
  }
}

describe('the name of a door', () => {
  it('is chosen once, and is no other door’s', async () => {
    const { store, home } = setUp()
    const [one, two] = [home(), home()]
    const names = [await ownName(one, store, noon), await ownName(two, store, noon)]
    assert.equal(new Set(names).size, 2)
    assert.equal(await ownName(one, store, noon), names[0])
    assert.equal(knownName(two), names[1])
    assert.equal(readFileSync(two.nameFile, 'utf8'), `${names[1]}\n`)
    assert.ok((await store.listHosts()).every(isDoor))
  })

  it('is taken again in a store that does not know it', async () => {
    const { home } = setUp()
    const own = home()
    const name = await ownName(own, setUp().store, noon)
    const { store } = setUp()
    assert.equal(await ownName(own, store, noon), name)
    assert.equal((await store.listHosts())[0]?.name, name)
  })

  it('goes to no machine that has joined under it', async () => {
    const { store, home } = setUp()
    const own = home()
    const name = await ownName(own, setUp().store, noon)
    await store.addHost(name, 'a'.repeat(64), noon)
    assert.equal(await ownName(own, store, noon), `${name}-2`)
  })
})

describe('doors beside each other', () => {
  it('have the one that has been there longest keep house', async () => {
    const { home, join, pass } = setUp()
    const [one, two] = [await join(home()), await join(home())]
    assert.deepEqual([await one.look(), await two.look(), await one.look()], [false, false, false])
    assert.deepEqual([one.leads(), two.leads(), one.count(), two.count()], [true, false, 2, 2])
    pass(11 * secondMs)
    await two.renew()
    assert.equal(await two.look(), true)
    assert.deepEqual([two.leads(), two.count()], [true, 1])
    // Whatever it believed before: it was away.
    assert.equal(one.leads(), false)
    await one.renew()
    assert.equal(one.leads(), false)
    for (const door of [one, two]) assert.equal(await door.look(), false)
    assert.deepEqual([one.leads(), two.leads()], [false, true])
    await two.leave()
    assert.deepEqual([await one.look(), one.leads(), one.tells()], [true, true, true])
  })

  it('give the house to the next one when they begin to stop, and end what they have begun themselves', async () => {
    const { home, join } = setUp()
    const [one, two] = [await join(home()), await join(home())]
    for (const door of [one, two]) await door.look()
    const seen: boolean[] = []
    await one.giveHouse(async () => {
      seen.push(one.leads())
      await two.look()
      seen.push(two.leads())
    })
    assert.deepEqual(seen, [false, false])
    assert.deepEqual([await two.look(), two.leads(), two.tells()], [false, true, true])
    await two.leave()
    assert.deepEqual([await one.look(), one.leads()], [false, false])
  })

  it('keep house to the end where there is no other', async () => {
    const { home, join } = setUp()
    const one = await join(home())
    await one.look()
    await one.giveHouse(() => assert.fail())
    await one.look()
    assert.ok(one.leads())
  })

  it('go on where nobody else has kept house while the store was away from all', async () => {
    const { home, join, pass } = setUp()
    const [one, two] = [await join(home()), await join(home())]
    for (const door of [one, two]) await door.look()
    pass(11 * secondMs)
    assert.deepEqual([await one.look(), one.leads()], [false, false])
    for (const door of [one, two]) await door.renew()
    // What it has under way is its own: nothing to free.
    assert.deepEqual([await one.look(), one.leads(), one.tells()], [false, true, true])
    assert.deepEqual([await two.look(), two.leads()], [false, false])
  })

  it('are the same one with a home that is made anew where it was, once the one before is gone', async () => {
    const { store, home, join } = setUp()
    const own = home()
    const first = await join(own)
    await first.leave()
    rmSync(own.nameFile)
    const again = await join(own)
    assert.deepEqual([again.host, knownName(own)], [first.host, first.host])
    assert.equal((await store.listHosts()).length, 1)
    await again.leave()
    await store.revokeHost(first.host ?? assert.fail(), noon)
    rmSync(own.nameFile)
    assert.equal((await join(own)).host, first.host)
  })

  it('leave the house to who keeps it when one comes back that kept it before', async () => {
    const { home, join, pass } = setUp()
    const own = home()
    const [one, two] = [await join(own), await join(home())]
    assert.deepEqual([await one.look(), await two.look()], [false, false])
    await one.leave()
    assert.deepEqual([await two.look(), two.leads()], [true, true])
    const again = await join(own)
    assert.deepEqual([await again.look(), again.leads(), again.tells()], [false, false, false])
    assert.deepEqual([await two.look(), two.leads(), two.tells()], [false, true, true])
    pass(11 * secondMs)
    await again.renew()
    assert.deepEqual([await again.look(), again.leads(), again.tells()], [true, true, true])
  })

  it('wait for what is under way where one was killed and is back before the others noticed', async () => {
    const { home, join, pass } = setUp()
    const own = home()
    for (const door of [await join(own), await join(home())]) await door.look()
    pass(2 * secondMs)
    const again = await join(own)
    assert.deepEqual([await again.look(), again.leads(), again.tells()], [false, true, false])
    for (let n = 0; n < 5; n++) {
      pass(3 * secondMs)
      await again.renew()
    }
    assert.ok(again.tells())
  })

  it('bring the messages of their own sessions, and callbacks where they keep house', async () => {
    const { store, home, join } = setUp()
    const [one, two] = [await join(home()), await join(home())]
    for (const door of [one, two]) await door.look()
    const [here, there, any] = ['here', 'there', 'any'] as SessionId[]
    await one.store.openSession(sessionCalled(here as SessionId, { driver: 'pty' }), { replace: false })
    await two.store.openSession(sessionCalled(there as SessionId, { driver: 'pty' }), { replace: false })
    await two.store.openSession(sessionCalled(any as SessionId, { driver: 'inbox' }), { replace: false })
    assert.deepEqual(
      (await store.listSessions()).flatMap(({ id, host }) => (host ? [[id, host]] : [])),
      [
        [here, one.host],
        [there, two.host],
      ],
    )
    for (const session of [here, there] as SessionId[]) await store.recordDelivery(draftOf({ session }))
    const claim = { now: noon, leaseMs: 1000, limit: 9, except: [any as SessionId] }
    const got = async (door: typeof one) => (await door.store.claimDue(claim)).map(({ session }) => session)
    assert.equal(await one.store.nextDue([]), noon)
    assert.deepEqual([await got(two), await got(one), await got(two)], [[there], [here], []])
  })

  it('keep their names where their homes were moved', async () => {
    const { home, join } = setUp()
    const [before, after] = [home(), home()]
    const one = await join(before)
    await one.leave()
    copyFileSync(before.nameFile, after.nameFile)
    assert.equal((await join(after)).host, one.host)
  })

  it('write their name again where its file was removed or exchanged while they run', async () => {
    const { home, join, store } = setUp()
    const own = home()
    const { host, renew } = await join(own)
    rmSync(own.nameFile)
    await renew()
    assert.equal(knownName(own), host)
    writeFileSync(own.nameFile, 'other\n')
    await renew()
    assert.equal(await ownName(own, store, noon), host)
  })

  it('are none any more when another process has taken their name, or they were revoked', async () => {
    const { store, home, join } = setUp()
    const own = home()
    const before = await join(own)
    const after = await join(own)
    await assert.rejects(before.renew(), { code: 'unauthorized' })
    await after.renew()
    await store.revokeHost(after.host as HostName, noon)
    await assert.rejects(after.renew(), { code: 'unauthorized' })
    assert.equal((await join(own)).host, after.host)
  })
})

it('a command opens sessions as this door’s, but for those that have one already', async () => {
  const { store } = setUp()
  const far = 'far' as HostName
  await store.addHost(far, 'b'.repeat(64), noon)
  const own = withOwnSessions(store, async () => 'here' as HostName)
  const open = (id: string, about: object) =>
    own.openSession(sessionCalled(id as SessionId, { driver: 'pty', ...about }), { replace: false })
  await open('one', {})
  await open('two', { host: far })
  const hosts = (await store.listSessions()).map(({ id, host }) => [id, host])
  assert.deepEqual(
    hosts.filter(([, host]) => host),
    [
      ['one', 'here'],
      ['two', far],
    ],
  )
})
