import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostName } from '../../../src/domain/host.ts'
import type { SessionId } from '../../../src/domain/session.ts'
import { sessionsPage } from '../../../src/http/dashboard/sessions.ts'
import { build, inbox, noon, sessionCalled } from '../../support/drafts.ts'
import { openMemoryStore } from '../../support/memory-store.ts'

test('sessionsPage finds sessions by name and state, and counts the states of those with that name', async () => {
  const store = openMemoryStore(() => noon)
  for (const id of ['docs-1', 'docs-2', 'docs-3', 'build'])
    await store.openSession(sessionCalled(id as SessionId), { replace: false })
  const second = await store.findSession('docs-2' as SessionId)
  await store.endSession('docs-2' as SessionId, second?.generation ?? '', { at: noon })
  await store.pause('session:docs-3', noon)
  const deps = {
    ...{ store, now: () => noon, decisions: async () => [] },
    activities: async () => new Map([[build, { state: 'live' as const, activity: 'blocked' as const }]]),
    hooks: () => ({ enabled: true, hooks: [], sessions: { wake: inbox, agent: build } }),
  }
  const look = async (query: string) => {
    const { view, live } = await sessionsPage(deps, new URLSearchParams(query))
    const sessions = view.sessions as { id: string }[]
    const tabs = view.tabs as { label: string; n: string; href: string; current: boolean }[]
    return { ids: sessions.map(({ id }) => id), tabs, live, none: view.none }
  }
  assert.deepEqual((await look('')).ids, ['build', 'default', 'docs-1', 'docs-2', 'docs-3', 'webhook-agent'])
  const docs = await look('text=DOCS')
  assert.deepEqual([docs.ids, docs.live], [['docs-1', 'docs-2', 'docs-3'], '/dashboard/sessions?text=DOCS'])
  assert.deepEqual(
    docs.tabs.map(({ label, n, href }) => [label, n, href]),
    [
      ['All', '3', '/dashboard/sessions?text=DOCS'],
      ['Live', '1', '/dashboard/sessions?text=DOCS&state=live'],
      ['Paused', '1', '/dashboard/sessions?text=DOCS&state=paused'],
      ['Ended', '1', '/dashboard/sessions?text=DOCS&state=ended'],
    ],
  )
  assert.deepEqual((await look('text=docs&state=ended')).ids, ['docs-2'])
  assert.deepEqual((await look('state=blocked')).ids, ['build'])
  const nothing = await look('state=offline')
  assert.deepEqual([nothing.ids, nothing.none, nothing.tabs.at(-1)?.label], [[], true, 'Ended'])
  assert.equal(nothing.tabs.find(({ current }) => current)?.label, 'Offline')
})

test('sessionsPage names the host of a session on another machine, and finds by it', async () => {
  const store = openMemoryStore(() => noon)
  const host = 'laptop' as HostName
  await store.openSession(sessionCalled('coder' as SessionId, { host }), { replace: false })
  const deps = {
    ...{ store, now: () => noon, decisions: async () => [], activities: async () => new Map() },
    hooks: () => ({ enabled: true, hooks: [], sessions: { wake: inbox, agent: build } }),
  }
  const shown = async (query: string) => {
    const { view } = await sessionsPage(deps, new URLSearchParams(query))
    return (view.sessions as { id: string; host: string | null }[]).map(({ id, host }) => [id, host])
  }
  assert.deepEqual(await shown('text=lapt'), [['coder', 'laptop']])
  assert.deepEqual(await shown('text=default'), [['default', null]])
})
