import type { Readiness } from '../domain/driver.ts'
import { reasonOf } from '../domain/error.ts'
import type { HostLink, Log } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'

interface TombstoneDeps {
  readonly store: Pick<HostLink, 'endSession' | 'failQueued'>
  readonly clock: { readonly now: () => number }
}

/** The agent of that opening has ended: so has the session, and what waits for it. False when that opening was over already. */
export async function tombstone(
  { store, clock }: TombstoneDeps,
  { id, generation }: Pick<Session, 'id' | 'generation'>,
  { exitCode, why }: { readonly exitCode?: number; readonly why?: string },
): Promise<boolean> {
  const at = clock.now()
  const end = { at, ...(exitCode !== undefined && { exitCode }), ...(why !== undefined && { why }) }
  const ended = await store.endSession(id, generation, end)
  if (ended) await store.failQueued(id, why ?? 'the session ended')
  return ended
}

/** An agent that says it has ended takes its session along, as a message to it would find out. */
export async function noteEnd(
  deps: TombstoneDeps & { readonly log: Log },
  session: Session,
  readiness: Readiness,
): Promise<void> {
  if (readiness.kind !== 'ended') return
  await tombstone(deps, session, readiness).catch((thrown: unknown) =>
    deps.log('warn', 'session.note_failed', { session: session.id, why: reasonOf(thrown) }),
  )
}
