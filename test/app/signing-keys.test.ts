import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openSigningKeys } from '../../src/app/signing-keys.ts'
import { keyMarksIn, rotateKeys } from '../../src/auth/keys.ts'
import { homeAt } from '../../src/domain/home.ts'
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
    await openSigningKeys(first, store, clock)
    for (const told of [false, true]) {
      if (told) await tell(store, 'left', first)
      const from = told ? new RegExp(`from a.example:${first.root}/keys`) : /from the home that has them/
      await assert.rejects(openSigningKeys(second, store, clock), from)
      assert.equal(existsSync(second.keysDir), false)
    }
    cpSync(first.keysDir, second.keysDir, { recursive: true })
    const { kid } = (await openSigningKeys(second, store, clock)).active()
    assert.equal(kid, keyMarksIn(first.keysDir)[0]?.kid)
  })

  it('refuses keys of its own, until its doors are revoked', async () => {
    const [store, first, second] = [sharedStore(), newHome(), newHome()]
    await openSigningKeys(second, openMemoryStore(clock.now), clock)
    await openSigningKeys(first, store, clock)
    await tell(store, 'left', first)
    await assert.rejects(openSigningKeys(second, store, clock), /has others than they do/)
    await store.revokeHost(parseHostName('left'), 2)
    await assert.rejects(
      openSigningKeys(second, store, clock),
      /then: postern keys new|from the home that has them/,
    )
  })

  it('refuses one that missed a rotation', async () => {
    const [store, first, second] = [sharedStore(), newHome(), newHome()]
    await openSigningKeys(first, store, clock)
    await tell(store, 'left', first)
    cpSync(first.keysDir, second.keysDir, { recursive: true })
    rotateKeys(first.keysDir, 1000, clock.now())
    await store.rememberKeys(keyMarksIn(first.keysDir))
    await assert.rejects(openSigningKeys(second, store, clock), /lacks 0000000000000001\.retired, \w+\.key\./)
    cpSync(first.keysDir, second.keysDir, { recursive: true })
    await openSigningKeys(second, store, clock)
  })

  it('lets one of two that begin at once have its keys known, and refuses the other', async () => {
    const store = sharedStore()
    const begun = await Promise.allSettled(
      [newHome(), newHome()].map((home) => openSigningKeys(home, store, clock)),
    )
    assert.deepEqual(begun.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  })
})
