import type { DriverTools } from '../domain/driver.ts'
import { reasonOf } from '../domain/error.ts'
import type { Session } from '../domain/session.ts'

/** Logs an acceptance that cannot be stored: the agent has the message all the same, so the turn goes on. */
export const logUnstored = (
  accepted: Promise<void> | undefined,
  { session, tools }: { readonly session: Session; readonly tools: DriverTools },
): Promise<void> | undefined =>
  accepted?.catch((thrown: unknown) =>
    tools.log('warn', `${session.driver}.accept_failed`, { session: session.id, why: reasonOf(thrown) }),
  )
