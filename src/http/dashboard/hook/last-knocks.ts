import type { Delivery } from '../../../domain/delivery.ts'
import type { PageDeps } from '../page.ts'

/** So many of the newest deliveries are looked through before a hook's own newest is asked for. */
const newest = 500

/**
 * When each hook was last knocked at (Unix milliseconds, null for never), as far as deliveries are kept. A hook that is not
 * among the newest deliveries is looked up in all of them once: later knocks of it would be among the newest.
 */
export function createLastKnocks({ store }: { readonly store: Pick<PageDeps['store'], 'listDeliveries'> }) {
  const known = new Map<string, number | null>()
  let seenUpTo = 0
  return async (names: readonly string[]): Promise<ReadonlyMap<string, number | null>> => {
    const recent = await store.listDeliveries({ limit: newest })
    // More came since the last look than are looked through now: what is known may be old.
    if (recent.length === newest && (recent.at(-1)?.seq ?? 0) > seenUpTo + 1) known.clear()
    seenUpTo = Math.max(seenUpTo, recent[0]?.seq ?? 0)
    for (const delivery of recent.toReversed()) note(known, delivery)
    const missing = names.filter((name) => !known.has(name))
    for (const name of missing) {
      const [last] = await store.listDeliveries({ hook: name, limit: 1 })
      known.set(name, last?.receivedAt ?? null)
    }
    return new Map(names.map((name) => [name, known.get(name) ?? null]))
  }
}

function note(known: Map<string, number | null>, { source, receivedAt }: Delivery): void {
  if (source.kind === 'hook') known.set(source.hook, receivedAt)
}
