import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../../../src/domain/ports.ts'
import { createHistories } from '../../../src/http/dashboard/chart/chart.ts'
import { deliveriesPage } from '../../../src/http/dashboard/deliveries.ts'
import { build, draftOf, inbox, newId, noon } from '../../support/drafts.ts'
import { openMemoryStore } from '../../support/memory-store.ts'

function pageOf(store: Store) {
  const deps = {
    ...{ store, now: () => noon, activities: async () => new Map(), decisions: async () => [] },
    hooks: () => ({ enabled: true, hooks: [], sessions: { wake: inbox, agent: build } }),
  }
  const histories = createHistories(deps)
  return (query: string) => deliveriesPage(deps, histories, new URL(`http://localhost/dashboard${query}`))
}

test('deliveriesPage shows the chosen delivery beside the list, and follows both', async () => {
  const store = openMemoryStore(() => noon)
  const ids: string[] = []
  for (const message of ['one', 'two'])
    ids.push((await store.recordDelivery(draftOf({ message }))).delivery.id)
  const page = pageOf(store)
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

test('deliveriesPage keeps the chart of the address in its links, and no state beside a reason', async () => {
  const store = openMemoryStore(() => noon)
  const failed = { step: 'skill', detail: 'unknown' } as const
  const { delivery } = await store.recordDelivery(draftOf({ failed }))
  await store.recordDelivery(draftOf())
  const page = pageOf(store)
  const { view, live } = await page('?chart=7d&failedStep=skill')
  assert.equal(live, '/dashboard?failedStep=skill&chart=7d')
  const rows = view.rows as { id: string; href: string }[]
  assert.deepEqual(
    rows.map(({ id, href }) => [id, href]),
    [[delivery.id, `/dashboard/deliveries/${delivery.id}?failedStep=skill&chart=7d`]],
  )
  const tabs = view.tabs as { label: string; href: string; current: boolean }[]
  assert.deepEqual(
    tabs.filter(({ current }) => current).map(({ label }) => label),
    ['Failed'],
  )
  assert.equal(tabs.find(({ label }) => label === 'Pending')?.href, '/dashboard?chart=7d&state=PENDING')
  const chart = view.chart as { close: string; spans: { href: string; current: boolean }[] }
  assert.equal(chart.close, '/dashboard?failedStep=skill')
  assert.equal(chart.spans[2]?.href, '/dashboard?failedStep=skill&chart=30d')
  assert.equal(view.spark, null)
  const small = (await page('?chart=year')).view
  assert.equal((small.spark as { href: string }).href, '/dashboard?chart=24h')
  assert.equal(small.chart, null)
  assert.match(
    String((await page('?failedStep=sloth')).view.problem),
    /"failedStep" must be one of template, /,
  )
})
