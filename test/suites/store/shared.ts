import assert from 'node:assert/strict'
import type { DoorFacts } from '../../../src/domain/door.ts'
import { parseHostName } from '../../../src/domain/host.ts'
import { noon } from '../../support/drafts.ts'
import type { Check } from './harness.ts'

const [left, right] = [parseHostName('left'), parseHostName('right')]
const factsOf = (version: string): DoorFacts => ({
  version,
  ...{ keys: [{ kid: '01', fingerprint: 'ab', retireAt: noon }], kid: '01' },
  ...{ secrets: { 'hook "github"': 'cd' }, settings: {} },
})
const login = { digest: 'one', csrf: 'c', since: noon, expiresAt: noon + 100 }

/** What doors at one store share, beside all that `testStore` asks of any store. */
export function testShared(check: Check): void {
  check('tells each door what the others told of themselves last', async ({ store, other }) => {
    await store.rememberDoor(right, factsOf('b'))
    await store.rememberDoor(left, factsOf('a'))
    await store.rememberDoor(right, factsOf('c'))
    const doors = await other.listDoors()
    assert.deepEqual(
      doors.map(({ name, facts }) => [name, facts]),
      [
        [left, factsOf('a')],
        [right, factsOf('c')],
      ],
    )
  })

  check('has the logins of one admin token for each door, until they end', async ({ store, other }) => {
    const seen = { at: noon, from: '192.0.2.1', browser: 'b' }
    await store.addLogin('token', login, noon)
    await store.noteLogin('one', seen)
    await store.addLogin('another', { ...login, digest: 'two' }, noon)
    await store.addLogin('token', { ...login, digest: 'three', expiresAt: noon + 1 }, noon)
    assert.deepEqual(await other.listLogins('token', noon + 1), [{ ...login, seen }])
    await other.endLogins(['one', 'nobody'])
    await store.noteLogin('one', seen)
    assert.deepEqual(await store.listLogins('token', noon + 1), [])
    assert.deepEqual(await store.listLogins('another', noon + 100), [])
  })

  check('takes a link once, at whichever door', async ({ store, other }) => {
    for (const digest of ['a', 'b', 'c']) await store.addLink('token', digest, noon + 10)
    assert.equal(await store.takeLink('another', 'a', noon), false)
    const taken = await Promise.all(
      [store, other, store, other].map((each) => each.takeLink('token', 'a', noon)),
    )
    assert.deepEqual(taken.filter(Boolean), [true])
    assert.equal(await other.takeLink('token', 'b', noon + 10), false)
    assert.equal(await other.takeLink('token', 'nobody', noon), false)
  })

  check('keeps notes of a login for the other door, and none without it', async ({ store, other }) => {
    await store.leaveNote('one', 'fresh', 'x')
    await store.addLogin('token', login, noon)
    assert.equal(await other.findNote('one', 'fresh'), undefined)
    await store.leaveNote('one', 'fresh', 'x')
    await store.leaveNote('one', 'fresh', 'y')
    assert.equal(await other.findNote('one', 'fresh'), 'y')
    assert.equal(await other.takeNote('one', 'fresh'), 'y')
    assert.equal(await store.takeNote('one', 'fresh'), undefined)
    await store.leaveNote('one', 'fresh', 'z')
    await other.endLogins(['one'])
    await store.addLogin('token', login, noon)
    assert.equal(await store.findNote('one', 'fresh'), undefined)
  })
}
