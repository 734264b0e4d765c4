import type { Hook } from '../../src/domain/hook.ts'
import type { Draft } from '../../src/domain/ports.ts'
import type { RefusedDeps } from '../../src/http/dashboard/refused.ts'
import { draftOf, noon } from './drafts.ts'
import { openMemoryStore } from './memory-store.ts'

export const hookOf = (about: Partial<Hook> = {}): Hook => ({
  ...{ name: 'news', path: '/api/hooks/news', active: true, action: 'agent', fence: false },
  ...{ maxBodyBytes: 1000, verify: { scheme: 'bearer', secrets: ['a-secret-nobody-may-see'] } },
  ...about,
})

/** What the pages of hooks read, over a store in memory. */
export function placeWith(...hooks: readonly Hook[]) {
  const store = openMemoryStore(() => noon)
  const deps: RefusedDeps = {
    ...{ store, now: () => noon, activities: async () => new Map(), decisions: async () => [] },
    hooks: () => ({ enabled: true, hooks, sessions: { wake: 'default', agent: 'webhook-agent' } }),
    refusals: store.listRefusals,
  }
  const knock = async (hook: string, text: string, about: Partial<Draft> = {}) =>
    (
      await store.recordDelivery(
        draftOf({
          ...{ source: { kind: 'hook', hook }, payload: new TextEncoder().encode(text) },
          ...{ contentType: 'application/json', message: text },
          ...about,
        }),
      )
    ).delivery
  return { store, deps, knock }
}
