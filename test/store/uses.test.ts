import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { GrantId } from '../../src/domain/grant.ts'
import { draftOf, grantOf, noon } from '../support/drafts.ts'
import { inScratch, openScratchStore } from '../support/scratch-store.ts'

const rounds = 200
const atOnce = 64

test('two processes that use a grant of one use at once get exactly one in, 200 times over', async () => {
  await inScratch(async (dir) => {
    const path = join(dir, 'postern.db')
    const now = () => noon
    const stores = [
      await openScratchStore(path, { now }),
      await openScratchStore(path, { now, role: 'client' }),
    ] as const
    for (let round = 0; round < rounds; round++) {
      const id = round.toString(16).padStart(16, '0') as GrantId
      await stores[0].addGrant(grantOf({ id, maxUses: 1 }))
      const draft = draftOf({ source: { kind: 'grant', grant: id } })
      const results = await Promise.allSettled(
        Array.from({ length: atOnce }, (_, i) => stores[i % 2 === 0 ? 0 : 1].recordDelivery(draft)),
      )
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1, `round ${round}`)
      for (const store of stores) assert.equal((await store.findGrant(id))?.uses, 1)
    }
    assert.equal((await stores[0].counts()).deliveries.PENDING, rounds)
    for (const store of stores) await store.close()
  })
})
