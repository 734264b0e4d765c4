import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Store } from '../../src/domain/ports.ts'
import { holdsAnything } from '../../src/store/inspect.ts'
import { build, draftOf, grantOf, inbox, noon, sessionCalled } from '../support/drafts.ts'
import { currentPlatform } from '../support/platform.ts'
import { inScratch, openScratchStore } from '../support/scratch-store.ts'

const platform = await currentPlatform()

describe('holdsAnything', () => {
  it('is false where there is no database, and makes none', () =>
    inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      assert.equal(holdsAnything({ platform, path }), false)
      assert.equal(existsSync(path), false)
      writeFileSync(path, '')
      assert.equal(holdsAnything({ platform, path }), false)
    }))

  it('is false of a database that was only looked into, also while somebody does', () =>
    inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      for (let round = 0; round < 2; round++) {
        const store = await openScratchStore(path, { role: 'client' })
        await Promise.all([store.listSessions(), store.listGrants({}), store.listDeliveries({ limit: 9 })])
        await store.probe()
        assert.equal(holdsAnything({ platform, path }), false)
        await store.close()
        assert.equal(holdsAnything({ platform, path }), false)
      }
    }))

  const deeds: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
    'a message': (store) => store.recordDelivery(draftOf()),
    'a grant': (store) => store.addGrant(grantOf()),
    'a session': (store) => store.openSession(sessionCalled(build), { replace: false }),
    'a standing session that became an agent': (store) =>
      store.openSession(sessionCalled(inbox), { replace: false }),
    'a session that is over': async (store) => {
      await store.openSession(sessionCalled(build), { replace: false })
      await store.endSession(build, 'g1', { at: noon })
    },
    'a pause': (store) => store.pause('hook:github', noon),
    'the signing key of a server': (store) => store.rememberKeys([{ kid: '01', fingerprint: 'ab' }]),
  }
  for (const [what, deed] of Object.entries(deeds))
    it(`is true where there is ${what}`, () =>
      inScratch(async (dir) => {
        const path = join(dir, 'postern.db')
        const store = await openScratchStore(path)
        await deed(store)
        assert.equal(holdsAnything({ platform, path }), true)
        await store.close()
        assert.equal(holdsAnything({ platform, path }), true)
      }))

  it('refuses what it cannot read', () =>
    inScratch(async (dir) => {
      const path = join(dir, 'postern.db')
      writeFileSync(path, 'no database at all. '.repeat(400))
      assert.throws(() => holdsAnything({ platform, path }), { code: 'home_unusable' })
    }))
})
