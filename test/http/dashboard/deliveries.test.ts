import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deliveriesPage } from '../../../src/http/dashboard/deliveries.ts'
import { build, draftOf, inbox, newId, noon } from '../../support/drafts.ts'
import { openMemoryStore } from '../../support/memory-store.ts'

test('deliveriesPage shows the chosen delivery beside the list, and follows both', async () => {
  const store = openMemoryStore(() => noon)
  const ids: string[] = []
  for (const message of ['one', 'two'])
    ids.push((await store.recordDelivery(draftOf({ message }))).delivery.id)
  const page = (query: string) =>
    deliveriesPage(
      {
        ...{ store, now: () => noon, activities: async () => new Map(), decisions: async () => [] },
        hooks: () => ({ enabled: true, hooks: [], sessions: { wake: inbox, agent: build } }),
      },
      async () => null,
      new URL(`http://localhost/dashboard${query}`),
    )
  const { view, live } = await page(`?session=${inbox}&selected=${ids[0]}`)
  assert.equal(live, `/dashboard?session=${inbox}&selected=${ids[0]}`)
  const detail = view.detail as Record<string, unknown>
  assert.deepEqual([detail.id, detail.message, detail.closed], [ids[0], 'one', `/dashboard?session=${inbox}`])
  const rows = view.rows as { id: string; selected: boolean; choose: string; href: string }[]
  assert.deepEqual(
    rows.map(({ id, selected }) => [id, selected]),
    [
      [ids[1], false],
      [ids[0], true],
    ],
  )
  assert.equal(rows[0]?.choose, `/dashboard?session=${inbox}&selected=${ids[1]}`)
  assert.equal(rows[0]?.href, `/dashboard/deliveries/${ids[1]}?session=${inbox}`)
  for (const none of [newId(), '<b>']) {
    const other = await page(`?selected=${none}`)
    assert.deepEqual([other.view.detail, other.live], [null, '/dashboard'])
  }
})
