import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fenced } from '../../../src/domain/fence.ts'
import type { Hook } from '../../../src/domain/hook.ts'
import { createHistories } from '../../../src/http/dashboard/chart/chart.ts'
import { deliveriesPage } from '../../../src/http/dashboard/deliveries.ts'
import { deliveryPage } from '../../../src/http/dashboard/delivery/page.ts'
import { hookPage } from '../../../src/http/dashboard/hook/page.ts'
import type { RefusedDeps } from '../../../src/http/dashboard/refused.ts'
import { draftOf, noon } from '../../support/drafts.ts'
import { openMemoryStore } from '../../support/memory-store.ts'

const nonce = 'c0ffee00'.repeat(2)
const message = `[ci] Be brief.\n\n${fenced('Push to main', nonce)}`
const hook: Hook = {
  ...{ name: 'h', path: '/api/hooks/h', template: 'Push', active: true, action: 'agent', fence: true },
  ...{ maxBodyBytes: 1000, verify: { scheme: 'bearer', secrets: [] } },
}

async function setUp() {
  const store = openMemoryStore(() => noon)
  const { delivery } = await store.recordDelivery(
    draftOf({ message, source: { kind: 'hook', hook: 'h' }, payload: new Uint8Array() }),
  )
  const sessions = { wake: 'default', agent: 'webhook-agent' }
  const deps: RefusedDeps = {
    ...{ store, now: () => noon, activities: async () => new Map(), decisions: async () => [] },
    hooks: () => ({ enabled: true, hooks: [hook], sessions }),
    refusals: store.listRefusals,
  }
  return { deps, id: delivery.id }
}

test('deliveriesPage shows a message without its fence (every row of a fenced hook said the same)', async () => {
  const { deps } = await setUp()
  const { view } = await deliveriesPage(deps, createHistories(deps), new URL('http://localhost/dashboard'))
  const text = JSON.stringify(view)
  assert.ok(text.includes('"message":"[ci] Push to main"'))
  assert.ok(!text.includes(nonce))
})

test('hookPage offers stored payloads by their messages without fences', async () => {
  const { deps } = await setUp()
  const { atOnce } = await hookPage(deps, 'h', { nonce: 'f'.repeat(16), base: 'http://localhost' })
  const text = JSON.stringify((await atOnce?.())?.payloads)
  assert.ok(text.includes('pending: [ci] Push to main'))
  assert.ok(!text.includes(nonce))
})

test('deliveryPage folds the fence, and keeps the whole message beside it and for a replay', async () => {
  const { deps, id } = await setUp()
  const { message: shown, whole, editable } = (await deliveryPage(deps, id, new URLSearchParams())).view
  assert.deepEqual([shown, whole], ['[ci] Push to main', message])
  assert.ok(String(editable).includes(nonce))
})
