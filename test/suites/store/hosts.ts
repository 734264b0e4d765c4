import assert from 'node:assert/strict'
import type { Claim } from '../../../src/domain/claim.ts'
import type { DeliveryId } from '../../../src/domain/delivery.ts'
import {
  awayText,
  doorMark,
  doorsThere,
  type HostName,
  parseHostName,
  revokedText,
} from '../../../src/domain/host.ts'
import type { Store } from '../../../src/domain/ports.ts'
import type { SessionId } from '../../../src/domain/session.ts'
import { settle } from '../../../src/domain/settle.ts'
import { build, draftOf, noon, sessionCalled } from '../../support/drafts.ts'
import { type Check, refuses } from './harness.ts'

const laptop = parseHostName('laptop')
const tower = parseHostName('tower')
/** A session of the laptop, beside `build` of the door's own machine. */
const far = 'far' as SessionId
const lease = { leaseMs: 1000 }
const callbackUrl = 'https://example.org/'

const claim = (store: Store, now: number, more: Partial<Claim> = {}) =>
  store.claimDue({ now, leaseMs: 1000, limit: 10, except: [], ...more })
const idsOf = (deliveries: readonly { readonly id: DeliveryId }[]) => deliveries.map(({ id }) => id)
const farOn = (host: HostName | undefined, generation: string) =>
  sessionCalled(far, { generation, ...(host && { host }) })

async function stored(store: Store, session: SessionId = far, about = {}): Promise<DeliveryId> {
  return (await store.recordDelivery(draftOf({ session, ...about }))).delivery.id
}

async function take(store: Store, id: DeliveryId, now: number, attempt?: number): Promise<void> {
  const delivery = await store.findDelivery(id)
  assert.ok(delivery)
  const taken = settle(delivery, { kind: 'taken', evidence: 'ack' }, now, 0)
  await store.settleDelivery(id, attempt ?? delivery.attempts, taken, now)
}

/** State, attempts and how each of them ended. */
async function lookOf(store: Store, id: DeliveryId) {
  const record = await store.inspectDelivery(id)
  return [record?.state, record?.leasedUntil, record?.attemptList.map(({ outcome }) => outcome ?? 'open')]
}

/** A turn whose outcome is owed to its caller. */
async function owedCallback(store: Store, session: SessionId, host?: HostName): Promise<DeliveryId> {
  const id = await stored(store, session, { action: 'turn', callbackUrl })
  const [claimed] = await claim(store, noon, host && { host })
  assert.equal(claimed?.id, id)
  const done = settle(claimed, { kind: 'completed', answer: 'yes' }, noon, 0)
  await store.settleDelivery(id, claimed.attempts, done, noon)
  return id
}

export function testHosts(plain: Check): void {
  testRegister(plain)
  const check: Check = (title, act) =>
    plain(title, async (bench) => {
      const { store } = bench
      for (const name of [laptop, tower]) {
        await store.addHost(name, 'cafe', noon)
        await store.attachHost(name, noon, noon + 10)
      }
      await store.openSession(sessionCalled(build), { replace: false })
      await store.openSession(farOn(laptop, 'g1'), { replace: false })
      await act(bench)
    })
  testQueues(check)
  testMoves(check)
  testPresence(check)
}

function testRegister(check: Check): void {
  check('addHost keeps a host, which the other process lists by name', async ({ store, other }) => {
    assert.deepEqual(await other.listHosts(), [])
    const made = await store.addHost(tower, 'beef', noon)
    assert.deepEqual(made, { name: tower, epoch: 0, tokenHash: 'beef', createdAt: noon })
    const first = await store.addHost(laptop, 'cafe', noon + 1)
    assert.deepEqual(await other.listHosts(), [first, made])
  })

  check('addHost refuses a name that is taken, and keeps what was there', async ({ store, other }) => {
    const made = await store.addHost(laptop, 'cafe', noon)
    await refuses('host_exists', other.addHost(laptop, 'beef', noon + 1))
    assert.deepEqual(await store.listHosts(), [made])
  })

  check('addHost in the place of a revoked host lets its epoch go on', async ({ store }) => {
    await store.addHost(laptop, 'cafe', noon)
    await store.attachHost(laptop, noon, noon + 10)
    await store.revokeHost(laptop, noon + 1)
    assert.deepEqual(await store.addHost(laptop, 'beef', noon + 2), {
      ...{ name: laptop, epoch: 1, tokenHash: 'beef', createdAt: noon + 2 },
    })
    assert.equal((await store.attachHost(laptop, noon + 3, noon + 13))?.epoch, 2)
  })

  check('rotateHost replaces the token of a host that is not revoked', async ({ store, other }) => {
    assert.equal(await store.rotateHost(laptop, 'beef'), undefined)
    await store.addHost(laptop, 'cafe', noon)
    assert.equal((await other.rotateHost(laptop, 'beef'))?.tokenHash, 'beef')
    assert.equal((await store.listHosts())[0]?.tokenHash, 'beef')
    await store.revokeHost(laptop, noon)
    assert.equal(await other.rotateHost(laptop, 'f00d'), undefined)
    assert.equal((await store.listHosts())[0]?.tokenHash, 'beef')
  })

  check('revokeHost keeps the first time, and knows no host that is not there', async ({ store, other }) => {
    assert.equal(await store.revokeHost(laptop, noon), undefined)
    await store.addHost(laptop, 'cafe', noon)
    assert.equal((await store.revokeHost(laptop, noon + 1))?.revokedAt, noon + 1)
    assert.equal((await other.revokeHost(laptop, noon + 2))?.revokedAt, noon + 1)
    assert.equal((await other.listHosts())[0]?.revokedAt, noon + 1)
  })

  check('listHosts shows what each process has changed of a host', async ({ store, other }) => {
    await other.addHost(laptop, 'cafe', noon)
    for (const [i, each] of [store, other, store].entries()) {
      await each.attachHost(laptop, noon + i, noon + i + 10)
      for (const { listHosts } of [store, other]) {
        const [host] = await listHosts()
        assert.deepEqual([host?.epoch, host?.aliveUntil], [i + 1, noon + i + 10])
      }
    }
  })
}

function testQueues(check: Check): void {
  check(
    'openSession keeps the host of a session, and drops it with the next opening',
    async ({ store, other }) => {
      assert.deepEqual(await other.findSession(far), farOn(laptop, 'g1'))
      await store.openSession(farOn(undefined, 'g2'), { replace: true })
      assert.deepEqual(await other.findSession(far), farOn(undefined, 'g2'))
    },
  )

  check(
    'openSession says from whom it took an open session, and whether that is there',
    async ({ store, now }) => {
      const taken = async (host: HostName | undefined, generation: string) =>
        (await store.openSession(farOn(host, generation), { replace: true })).takenFrom
      for (const host of [laptop, tower]) await store.attachHost(host, now, now + 10_000)
      assert.equal(await taken(laptop, 'g2'), undefined)
      assert.deepEqual(await taken(tower, 'g3'), { host: laptop, isThere: true, isRevoked: false })
      await store.markAway(now + 3_600_000)
      assert.deepEqual(await taken(undefined, 'g4'), { host: tower, isThere: false, isRevoked: false })
      assert.equal(await taken(tower, 'g5'), undefined)
      await store.endSession(far, 'g5', { at: noon })
      assert.equal(await taken(laptop, 'g6'), undefined)
      const revoked = { host: laptop, isThere: false, isRevoked: true }
      await store.revokeHost(laptop, noon)
      assert.deepEqual(await taken(tower, 'g7'), revoked)
      await store.addHost(laptop, 'cafe', noon)
      await store.attachHost(laptop, now, now + 10_000)
      assert.equal((await taken(laptop, 'g8'))?.isRevoked, false)
      await store.revokeHost(laptop, noon)
      await store.addHost(laptop, 'beef', noon)
      assert.deepEqual(await taken(tower, 'g9'), revoked)
    },
  )

  check('openSession opens nothing on a host that was revoked', async ({ store, other }) => {
    await other.revokeHost(tower, noon)
    const opening = store.openSession(farOn(tower, 'g2'), { replace: true })
    await refuses('forbidden', opening)
    assert.equal((await store.findSession(far))?.generation, 'g1')
  })

  check('recordDelivery leases nothing of a session with a host', async ({ store }) => {
    const there = await store.recordDelivery(draftOf({ session: far, lease }))
    assert.deepEqual([there.leased, there.delivery.attempts], [false, 0])
    const here = await store.recordDelivery(draftOf({ session: build, lease }))
    assert.equal(here.leased, true)
    assert.deepEqual(idsOf(await claim(store, noon, { host: laptop })), [there.delivery.id])
  })

  check(
    'claimDue gives the door and each host only what is due of their own sessions',
    async ({ store, other }) => {
      const there = await stored(store)
      const here = await stored(store, build)
      assert.deepEqual(await claim(store, noon, { host: tower }), [])
      assert.deepEqual(idsOf(await claim(other, noon)), [here])
      assert.deepEqual(idsOf(await claim(store, noon, { host: laptop, except: [far] })), [])
      assert.deepEqual(idsOf(await claim(store, noon, { host: laptop })), [there])
      assert.deepEqual(await claim(other, noon, { host: laptop }), [])
    },
  )

  check('claimDue gives every callback to the door, whoever’s session it was', async ({ store }) => {
    const there = await owedCallback(store, far, laptop)
    assert.deepEqual(await claim(store, noon, { host: laptop }), [])
    const claimed = await claim(store, noon)
    assert.deepEqual([idsOf(claimed), claimed[0]?.phase], [[there], 'callback'])
  })

  check('nextDue counts what its caller may claim', async ({ store }) => {
    await stored(store)
    assert.equal(await store.nextDue([]), undefined)
    assert.equal(await store.nextDue([], tower), undefined)
    assert.equal(await store.nextDue([], laptop), noon)
    assert.equal(await store.nextDue([far], laptop), undefined)
    await stored(store, build)
    await claim(store, noon)
    assert.equal(await store.nextDue([]), noon + 1000)
  })

  check('nextDue of a host leaves callbacks out', async ({ store }) => {
    await owedCallback(store, far, laptop)
    assert.equal(await store.nextDue([], laptop), undefined)
    assert.equal(await store.nextDue([]), noon)
  })

  check('claimDue returns again what a host never heard of, as it stands', async ({ store, other }) => {
    const id = await stored(store)
    const [first] = await claim(store, noon, { host: laptop, holding: [] })
    const [again, ...more] = await claim(other, noon + 999, { host: laptop, holding: [] })
    assert.deepEqual([again, more], [first, []])
    assert.deepEqual(await lookOf(store, id), ['PENDING', noon + 1000, ['open']])
    assert.deepEqual(await claim(other, noon + 999, { host: laptop, holding: [id] }), [])
    assert.deepEqual(await claim(other, noon + 999, { host: laptop }), [])
  })

  check(
    'claimDue returns again nothing of another host, of the door, or whose lease ran out',
    async ({ store }) => {
      const there = await stored(store)
      await stored(store, build)
      await claim(store, noon, { host: laptop })
      await claim(store, noon)
      assert.deepEqual(await claim(store, noon + 1, { host: tower, holding: [] }), [])
      assert.deepEqual(await claim(store, noon + 1, { holding: [] }), [])
      const [late] = await claim(store, noon + 1000, { host: laptop, holding: [] })
      assert.deepEqual([late?.id, late?.attempts], [there, 2])
      assert.deepEqual(await lookOf(store, there), ['PENDING', noon + 2000, ['unknown', 'open']])
    },
  )

  check('claimDue returns again only what was leased as long ago as is asked for', async ({ store }) => {
    const id = await stored(store)
    await claim(store, noon, { host: laptop })
    const asked = { host: laptop, holding: [], lostAfterMs: 500 }
    assert.deepEqual(await claim(store, noon + 499, asked), [])
    assert.deepEqual(idsOf(await claim(store, noon + 500, asked)), [id])
    assert.deepEqual(await lookOf(store, id), ['PENDING', noon + 1000, ['open']])
  })

  check('claimDue counts what it returns again, within its limit', async ({ store }) => {
    const near = 'near' as SessionId
    await store.openSession(sessionCalled(near, { host: laptop }), { replace: false })
    const lost = await stored(store)
    await claim(store, noon, { host: laptop })
    const next = await stored(store, near)
    const [only, ...more] = await claim(store, noon, { host: laptop, holding: [], limit: 1 })
    assert.deepEqual([only?.id, more], [lost, []])
    assert.deepEqual(idsOf(await claim(store, noon, { host: laptop, holding: [] })), [lost, next])
  })

  check('releaseLeases of the door leaves what hosts have under way', async ({ store, other }) => {
    const owed = await owedCallback(store, far, laptop)
    const [there, here] = [await stored(store), await stored(store, build)]
    await claim(store, noon)
    await claim(store, noon, { host: laptop })
    assert.equal(await other.releaseLeases(noon + 5), 2)
    assert.deepEqual((await lookOf(store, there)).slice(1), [noon + 1000, ['open']])
    assert.deepEqual((await lookOf(store, here)).slice(1), [undefined, ['unknown']])
    assert.deepEqual((await lookOf(store, owed)).slice(1), [undefined, ['completed', 'unknown']])
    await take(store, there, noon + 6)
    assert.deepEqual(await lookOf(store, there), ['DELIVERED', undefined, ['taken']])
  })

  check('releaseLeases of a host frees its own alone', async ({ store }) => {
    const owed = await owedCallback(store, far, laptop)
    const [there, here] = [await stored(store), await stored(store, build)]
    await claim(store, noon)
    await claim(store, noon, { host: laptop })
    assert.equal(await store.releaseLeases(noon + 5, tower), 0)
    assert.equal(await store.releaseLeases(noon + 5, laptop), 1)
    assert.deepEqual((await lookOf(store, there)).slice(1), [undefined, ['unknown']])
    assert.deepEqual((await lookOf(store, here)).slice(1), [noon + 1000, ['open']])
    assert.deepEqual((await lookOf(store, owed)).slice(1), [noon + 1000, ['completed', 'open']])
  })
}

function testMoves(check: Check): void {
  check(
    'a session that is opened on another host ends what was under way there',
    async ({ store, other, now }) => {
      const [first, second] = [await stored(store), await stored(store)]
      const [claimed] = await claim(store, now, { host: laptop })
      await other.openSession(farOn(tower, 'g2'), { replace: true })
      assert.deepEqual(await lookOf(store, first), ['PENDING', undefined, ['unknown']])
      const record = await store.inspectDelivery(first)
      assert.deepEqual([record?.dueAt, record?.events.at(-1)?.kind], [noon, 'unknown'])
      assert.deepEqual(await claim(store, now, { host: laptop, holding: [] }), [])
      assert.deepEqual(idsOf(await claim(store, now, { host: tower })), [first])
      assert.ok(claimed)
      await store.settleDelivery(
        first,
        claimed.attempts,
        settle(claimed, { kind: 'taken', evidence: 'ack' }, now, 0),
        now,
      )
      assert.deepEqual(await lookOf(store, first), ['PENDING', noon + 1000, ['unknown', 'open']])
      await take(store, first, now)
      assert.deepEqual(idsOf(await claim(store, now, { host: tower })), [second])
    },
  )

  check(
    'a late result of the old host finds nothing to settle before the new one claims',
    async ({ store, now }) => {
      const id = await stored(store)
      const [claimed] = await claim(store, now, { host: laptop })
      await store.openSession(farOn(undefined, 'g2'), { replace: true })
      assert.ok(claimed)
      await store.settleDelivery(
        id,
        claimed.attempts,
        settle(claimed, { kind: 'taken', evidence: 'ack' }, now, 0),
        now,
      )
      assert.deepEqual(await lookOf(store, id), ['PENDING', undefined, ['unknown']])
      assert.deepEqual(idsOf(await claim(store, now)), [id])
    },
  )

  check(
    'a session that moves from the door to a host takes what is under way along',
    async ({ store, now }) => {
      const { delivery } = await store.recordDelivery(draftOf({ session: build, lease }))
      await store.openSession(sessionCalled(build, { generation: 'g2', host: tower }), { replace: true })
      assert.deepEqual(await claim(store, now), [])
      const [claimed] = await claim(store, now, { host: tower })
      assert.deepEqual([claimed?.id, claimed?.attempts], [delivery.id, 2])
    },
  )

  check('a session that is opened anew on the same host leaves what is under way', async ({ store, now }) => {
    const id = await stored(store)
    await claim(store, now, { host: laptop })
    await store.openSession(farOn(laptop, 'g2'), { replace: true })
    assert.deepEqual(await lookOf(store, id), ['PENDING', noon + 1000, ['open']])
  })

  check('a callback under way stays the door’s when its session moves', async ({ store, now }) => {
    const id = await owedCallback(store, far, laptop)
    await claim(store, now)
    await store.openSession(farOn(tower, 'g2'), { replace: true })
    assert.deepEqual((await lookOf(store, id)).slice(1), [noon + 1000, ['completed', 'open']])
  })
}

function testPresence(check: Check): void {
  check(
    'attachHost counts the processes of a host, and frees what an earlier one had',
    async ({ store, other }) => {
      const there = await stored(store)
      const here = await store.recordDelivery(draftOf({ session: build, lease }))
      await claim(store, noon, { host: laptop })
      const host = await other.attachHost(laptop, noon + 3, noon + 13)
      assert.deepEqual(host, {
        ...{ name: laptop, epoch: 2, tokenHash: 'cafe', createdAt: noon },
        ...{ aliveUntil: noon + 13, seenAt: noon + 3 },
      })
      assert.deepEqual((await store.listHosts())[0], host)
      assert.deepEqual((await lookOf(store, there)).slice(1), [undefined, ['unknown']])
      assert.deepEqual((await lookOf(store, here.delivery.id)).slice(1), [noon + 1000, ['open']])
      assert.deepEqual(idsOf(await claim(store, noon + 3, { host: laptop })), [there])
    },
  )

  check('attachHost knows no host that is not there, or was revoked', async ({ store }) => {
    assert.equal(await store.attachHost(parseHostName('phone'), noon, noon + 10), undefined)
    await store.revokeHost(laptop, noon)
    assert.equal(await store.attachHost(laptop, noon, noon + 10), undefined)
    assert.equal((await store.listHosts())[0]?.epoch, 1)
  })

  const doors = async (store: Store) => {
    const [a, b] = [parseHostName('a'), parseHostName('b')]
    for (const [i, name] of [a, b].entries()) {
      await store.addHost(name, doorMark(name), noon + i)
      await store.attachHost(name, noon + i, noon + i + 10)
    }
    return { a, b }
  }
  const inLine = async (store: Store, now: number) =>
    doorsThere(await store.listHosts(), now).map(({ name }) => name)

  check(
    'attachHost puts a door last that was not there, and leaves one in its place that was',
    async ({ store, other }) => {
      const { a, b } = await doors(store)
      await other.attachHost(a, noon + 5, noon + 15)
      assert.deepEqual(await inLine(store, noon + 6), [a, b])
      await store.renewHost(b, 1, noon + 9, noon + 19)
      // By a clock that is behind, too.
      await other.attachHost(a, noon + 15, noon + 25)
      assert.deepEqual(await inLine(store, noon + 16), [b, a])
      await other.renewHost(b, 1, noon - 90, noon + 30)
      await other.renewHost(a, 3, noon - 90, noon - 95)
      await store.attachHost(a, noon - 90, noon + 30)
      assert.deepEqual(await inLine(store, noon + 16), [b, a])
    },
  )

  check(
    'renewHost puts a door last whose time was over, and no machine that has joined',
    async ({ store, other }) => {
      const { a, b } = await doors(store)
      assert.equal(await other.renewHost(b, 1, noon + 10, noon + 20), true)
      assert.equal(await store.renewHost(a, 0, noon + 10, noon + 20), false)
      assert.equal(await store.renewHost(laptop, 1, noon + 20, noon + 30), true)
      assert.equal(await store.renewHost(a, 1, noon + 10, noon + 20), true)
      assert.deepEqual(await inLine(store, noon + 11), [b, a])
      const createdAt = (await other.listHosts()).find(({ name }) => name === laptop)?.createdAt
      assert.equal(createdAt, noon)
    },
  )

  check('stepBack puts a door last for its newest process alone', async ({ store, other }) => {
    const { a, b } = await doors(store)
    await store.stepBack(a, 0, noon + 3)
    assert.deepEqual(await inLine(other, noon + 4), [a, b])
    await store.stepBack(a, 1, noon + 3)
    assert.deepEqual(await inLine(other, noon + 4), [b, a])
    await other.revokeHost(a, noon + 4)
    await store.stepBack(a, 1, noon + 5)
    await store.stepBack(parseHostName('phone'), 1, noon + 5)
    assert.deepEqual(await inLine(store, noon + 6), [b])
  })

  check('renewHost is for the newest process alone', async ({ store, other }) => {
    assert.equal(await store.renewHost(laptop, 1, noon + 3, noon + 13), true)
    const { aliveUntil, seenAt } = (await other.listHosts())[0] ?? {}
    assert.deepEqual([aliveUntil, seenAt], [noon + 13, noon + 3])
    await other.attachHost(laptop, noon + 4, noon + 14)
    assert.equal(await store.renewHost(laptop, 1, noon + 5, noon + 15), false)
    assert.equal((await store.listHosts())[0]?.aliveUntil, noon + 14)
    assert.equal(await store.renewHost(laptop, 2, noon + 5, noon + 15), true)
    await other.revokeHost(laptop, noon + 6)
    assert.equal(await store.renewHost(laptop, 2, noon + 7, noon + 17), false)
    assert.equal(await store.renewHost(parseHostName('phone'), 0, noon, noon + 10), false)
  })

  check(
    'markAway shows the sessions of a host that is away as offline, until it is back',
    async ({ store, other }) => {
      const id = await stored(store)
      await claim(store, noon, { host: laptop })
      assert.equal(await store.markAway(noon + 9), 0)
      await store.renewHost(tower, 1, noon + 9, noon + 19)
      assert.equal(await store.markAway(noon + 10), 1)
      assert.equal(await other.markAway(noon + 10), 0)
      const away = { ...farOn(laptop, 'g1'), state: 'offline', why: awayText(laptop) }
      assert.deepEqual(await other.findSession(far), away)
      assert.equal((await store.findSession(build))?.state, 'live')
      assert.equal((await store.recordDelivery(draftOf({ session: far }))).delivery.state, 'PENDING')
      assert.equal(await store.renewHost(laptop, 1, noon + 20, noon + 30), true)
      assert.deepEqual(await other.findSession(far), farOn(laptop, 'g1'))
      await take(store, id, noon + 20)
      assert.deepEqual(await lookOf(store, id), ['DELIVERED', undefined, ['taken']])
      assert.equal((await claim(store, noon + 20, { host: laptop })).length, 1)
    },
  )

  check('what waits for a host that is away says so, until that is back', async ({ store }) => {
    await stored(store)
    await store.markAway(noon + 10)
    await stored(store)
    const reasons = async () =>
      (await store.listDeliveries({ session: far, limit: 9 })).map(({ heldBecause, detail }) => [
        heldBecause,
        detail,
      ])
    const away = ['offline', awayText(laptop)]
    assert.deepEqual(await reasons(), [away, away])
    await store.attachHost(laptop, noon + 20, noon + 30)
    const none = [undefined, undefined]
    assert.deepEqual(await reasons(), [none, none])
  })

  check('a new process of a host that was away brings its sessions back, too', async ({ store }) => {
    await store.markAway(noon + 10)
    await store.attachHost(laptop, noon + 20, noon + 30)
    assert.deepEqual(await store.findSession(far), farOn(laptop, 'g1'))
  })

  check(
    'a host that is back leaves alone what is offline or over for a reason of its own',
    async ({ store }) => {
      await store.markSession(far, 'g1', 'offline', 'the pane is gone')
      assert.equal(await store.markAway(noon + 10), 0)
      await store.renewHost(laptop, 1, noon + 20, noon + 30)
      assert.equal((await store.findSession(far))?.why, 'the pane is gone')
      await store.endSession(far, 'g1', { at: noon + 21, why: awayText(laptop) })
      assert.equal(await store.markAway(noon + 40), 0)
      await store.renewHost(laptop, 1, noon + 40, noon + 50)
      assert.equal((await store.findSession(far))?.state, 'ended')
    },
  )

  check(
    'revokeHost ends what is under way there and shows its sessions as offline',
    async ({ store, other }) => {
      const id = await stored(store)
      await claim(store, noon, { host: laptop })
      await other.revokeHost(laptop, noon + 1)
      const { state, why } = (await store.findSession(far)) ?? {}
      assert.deepEqual([state, why], ['offline', revokedText(laptop)])
      assert.deepEqual(await lookOf(store, id), ['PENDING', undefined, ['unknown']])
      assert.equal((await store.cancelDelivery(id, noon + 2)).failedStep, 'cancelled')
      assert.equal((await store.findSession(build))?.state, 'live')
    },
  )

  check('markAway shows what a revoked host marked at the last moment as offline', async ({ store }) => {
    await store.revokeHost(laptop, noon + 1)
    await store.markSession(far, 'g1', 'live')
    assert.equal(await store.markAway(noon + 2), 1)
    assert.equal((await store.findSession(far))?.why, revokedText(laptop))
  })

  check('a host that was revoked and added anew has its sessions when it comes', async ({ store }) => {
    await store.revokeHost(laptop, noon + 1)
    await store.addHost(laptop, 'beef', noon + 2)
    assert.equal((await store.findSession(far))?.state, 'offline')
    await store.attachHost(laptop, noon + 3, noon + 13)
    assert.deepEqual(await store.findSession(far), farOn(laptop, 'g1'))
  })
}
