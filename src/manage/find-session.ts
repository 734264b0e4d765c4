import type { DoorStore } from '../domain/ports.ts'
import { sessionOrAnew } from '../domain/read-anew.ts'
import {
  parseSessionId,
  requireOpen,
  type Session,
  type SessionId,
  unknownSession,
} from '../domain/session.ts'

/** A session in whatever state. Throws `session_missing` with the nearest name. */
export async function knownSession(store: Pick<DoorStore, 'listSessions'>, id: SessionId): Promise<Session> {
  const known = await store.listSessions()
  const found = known.find((session) => session.id === id)
  if (!found) throw unknownSession(id, known)
  return found
}

/** An open session by its id. Throws `session_missing` with the nearest name, and `session_ended`. */
export async function openSessionCalled(
  store: Pick<DoorStore, 'findSession' | 'listSessions'>,
  text: string,
): Promise<Session> {
  const id = parseSessionId(text)
  const found = await sessionOrAnew(store, id)
  return requireOpen(found ?? (await knownSession(store, id)), id)
}
