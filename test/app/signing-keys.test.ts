import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type Env, keySource } from '../../src/app/key-source.ts'
import { openSigningKeys } from '../../src/app/signing-keys.ts'
import { keysText } from '../../src/auth/given-keys.ts'
import { keyMarksIn, keysIn, rotateKeys } from '../../src/auth/keys.ts'
import { type Home, homeAt } from '../../src/domain/home.ts'
import { doorMark, parseHostName } from '../../src/domain/host.ts'
import type { Store } from '../../src/domain/ports.ts'
import { createMemoryState, openMemoryStore } from '../support/memory-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-doors-'))
after(() => rmSync(folder, { recursive: true }))

let homes = 0
function newHome() {
  homes += 1
  return homeAt(join(folder, `${homes}`))
}

const clock = { now: () => 1_800_000_000_000 }

const open = (home: Home, store: Store, env: Env = {}) =>
  openSigningKeys(home, keySource(env, home), store, clock)

/** A store on a server, which other homes may use. */
function sharedStore(): Store {
  const store = openMemoryStore(clock.now, createMemoryState())
  return { ...store, keyFacts: async () => ({ ...(await store.keyFacts()), isShared: true }) }
}

async function tell(store: Store, name: string, { root }: { readonly root: string }): Promise<void> {
  const door = parseHostName(name)
  await store.addHost(door, doorMark(`a.example:${root}`), clock.now())
  await store.attachHost(door, clock.now(), clock.now() + 1)
}

describe('openSigningKeys of several homes at one store', () => {
  it('refuses a home without the keys of the others, and makes none there', async () => {
    const [store, first, second] = [sharedStore(), newHome(), newHome()]
    await open(first, store)
    for (const told of [false, true]) {
      if (told) await tell(store, 'left', first)
      const from = told ? new RegExp(`from a.example:${first.root}/keys`) : /from the home that has them/
      await assert.rejects(open(second, store), from)
      assert.equal(existsSync(second.keysDir), false)
    }
    cpSync(first.keysDir, second.keysDir, { recursive: true })
    const { kid } = (await open(second, store)).active()
    assert.equal(kid, keyMarksIn(first.keysDir)[0]?.kid)
  })

  it('refuses keys of its own, until its doors are revoked', async () => {
    const [store, first, second] = [sharedStore(), newHome(), newHome()]
    await open(second, openMemoryStore(clock.now))
    await open(first, store)
    await tell(store, 'left', first)
    await assert.rejects(open(second, store), /has others than they do/)
    await store.revokeHost(parseHostName('left'), 2)
    await assert.rejects(open(second, store), /then: postern keys new|from the home that has them/)
  })

  it('refuses one that missed a rotation', async () => {
    const [store, first, second] = [sharedStore(), newHome(), newHome()]
    await open(first, store)
    await tell(store, 'left', first)
    cpSync(first.keysDir, second.keysDir, { recursive: true })
    rotateKeys(first.keysDir, 1000, clock.now())
    await store.rememberKeys(keyMarksIn(first.keysDir))
    await assert.rejects(open(second, store), /lacks 0000000000000001\.retired, \w+\.key\./)
    cpSync(first.keysDir, second.keysDir, { recursive: true })
    await open(second, store)
  })

  it('lets one of two that begin at once have its keys known, and refuses the other', async () => {
    const store = sharedStore()
    const begun = await Promise.allSettled([newHome(), newHome()].map((home) => open(home, store)))
    assert.deepEqual(begun.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  })
})

describe('openSigningKeys of a home whose keys come by a variable', () => {
  const given = (home: Home) => ({ POSTERN_SIGNING_KEYS: keysText(keysIn(home.keysDir)) })

  it('takes those of another home, and writes none', async () => {
    const [store, first, second] = [sharedStore(), newHome(), newHome()]
    const own = (await open(first, store)).active()
    await tell(store, 'left', first)
    const ring = await open(second, store, given(first))
    assert.deepEqual(ring.active(), own)
    assert.deepEqual(ring.find(own.kid), own)
    assert.equal(existsSync(second.keysDir), false)
  })

  it('refuses others than the store knows, and none', async () => {
    const [store, first, second] = [sharedStore(), newHome(), newHome()]
    await open(second, openMemoryStore(clock.now))
    await open(first, store)
    await tell(store, 'left', first)
    await assert.rejects(
      open(newHome(), store, given(second)),
      /POSTERN_SIGNING_KEYS has others than they do \(0000000000000001\)\. Give it the value/,
    )
    await assert.rejects(open(newHome(), store, { POSTERN_SIGNING_KEYS: 'x' }), /Key 1 of 1 must begin/)
    await assert.rejects(open(newHome(), store, { POSTERN_SIGNING_KEYS: '' }), /lacks 0000000000000001\.key/)
  })

  it('refuses a variable from before a rotation', async () => {
    const [store, first] = [sharedStore(), newHome()]
    await open(first, store)
    await tell(store, 'left', first)
    const before = given(first)
    rotateKeys(first.keysDir, 1000, clock.now())
    await open(first, store)
    await assert.rejects(open(newHome(), store, before), /lacks the end of 0000000000000001, \w{16}\./)
    await open(newHome(), store, given(first))
  })
})
