import type { HostLink } from '../domain/ports.ts'
import type { SessionId } from '../domain/session.ts'

/** How a program ended. */
interface ProgramEnd {
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
}

/** Ends the session of a program that is gone, and fails what waits for it. False when that opening was over already. */
export async function recordProgramEnd(
  store: Pick<HostLink, 'endSession' | 'failQueued'>,
  session: SessionId,
  generation: string,
  { exitCode, signal }: ProgramEnd,
  at: number,
): Promise<boolean> {
  const why = signal === undefined ? `exit code ${exitCode ?? 'unknown'}` : `ended by ${signal}`
  const ended = await store.endSession(session, generation, {
    at,
    why,
    ...(exitCode !== undefined && { exitCode }),
  })
  if (ended) await store.failQueued(session, why)
  return ended
}
