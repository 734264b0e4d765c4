import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewRefusal } from '../../../src/domain/refusal.ts'
import { refusedPage } from '../../../src/http/dashboard/refused.ts'
import { build, ci, grantOf, inbox, noon } from '../../support/drafts.ts'
import { openMemoryStore } from '../../support/memory-store.ts'

const refusal = (about: Partial<NewRefusal>): NewRefusal => ({
  ...{ at: noon, door: '/api/hooks/github', hook: 'github', status: 401, code: 'unauthorized' },
  ...{ cause: 'signature does not match', peer: '192.0.2.1', requestId: 'r1' },
  ...about,
})

test('refusedPage groups by cause and sender, with how often, when last, and what mends it', async () => {
  const store = openMemoryStore(() => noon)
  await store.addGrant(grantOf({ id: ci, label: '<b>ci</b>' }))
  await store.recordRefusals(
    [
      ...[1, 2, 3].map((n) => refusal({ at: noon + n, peer: `192.0.2.${n}` })),
      ...[4, 5].map((n) => refusal({ cause: `timestamp is ${n}00 s old` })),
      refusal({ door: '/hook', code: 'forbidden', status: 403, cause: 'the grant is revoked', grant: ci }),
      refusal({ code: 'ignored', status: 202, cause: 'the filter does not match: x' }),
    ].map(({ hook, ...rest }) => (rest.grant ? rest : { hook, ...rest }) as NewRefusal),
    [],
  )
  const { view } = await refusedPage({
    ...{ store, now: () => noon, activities: async () => new Map(), decisions: async () => [] },
    hooks: () => ({ enabled: true, hooks: [], sessions: { wake: inbox, agent: build } }),
    refusals: store.listRefusals,
  })
  const [refused, ignored] = view.parts as { groups: Record<string, string>[] }[]
  const lines = [...(refused?.groups ?? []), ...(ignored?.groups ?? [])].map(
    ({ cause, sender, count, at }) => [cause, sender, count, at],
  )
  assert.deepEqual(lines, [
    ['the grant is revoked', '<b>ci</b>', 'once', '2026-11-22T12:00:00.000Z'],
    ['timestamp is 500 s old', 'github', '2 times', '2026-11-22T12:00:00.000Z'],
    ['signature does not match', 'github', '3 times', '2026-11-22T12:00:00.003Z'],
    ['the filter does not match: x', 'github', 'once', '2026-11-22T12:00:00.000Z'],
  ])
  assert.match(String(refused?.groups[2]?.mends), /The secret here and at the sender differ/)
})
