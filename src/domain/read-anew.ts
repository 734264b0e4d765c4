import type { DoorStore } from './ports.ts'
import { isClosed, type Session, type SessionId } from './session.ts'

/**
 * What is known here, or as it stands where that would be refused: another door may have changed it just now. What is not known is
 * looked for each time anyway.
 */
export async function goodOrAnew<T>(
  find: (how?: 'anew') => Promise<T | undefined>,
  isGood: (found: T) => boolean,
): Promise<T | undefined> {
  const known = await find()
  return known === undefined || isGood(known) ? known : find('anew')
}

/** The same of a session, which is good while it is open. */
export const sessionOrAnew = (
  store: Pick<DoorStore, 'findSession'>,
  id: SessionId,
  isGood: (session: Session) => boolean = (session) => !isClosed(session),
): Promise<Session | undefined> => goodOrAnew((how) => store.findSession(id, how), isGood)
