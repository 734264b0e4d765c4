import type { HostLink } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'

interface TombstoneDeps {
  readonly store: Pick<HostLink, 'endSession' | 'failQueued'>
  readonly clock: { readonly now: () => number }
}

/** The agent of that opening has ended: so has the session, and what waits for it. */
export async function tombstone(
  { store, clock }: TombstoneDeps,
  { id, generation }: Session,
  { exitCode, why }: { readonly exitCode?: number; readonly why?: string },
): Promise<void> {
  const at = clock.now()
  const end = { at, ...(exitCode !== undefined && { exitCode }), ...(why !== undefined && { why }) }
  if (await store.endSession(id, generation, end)) await store.failQueued(id, why ?? 'the session ended')
}
