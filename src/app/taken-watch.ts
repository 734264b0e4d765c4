import type { HostName } from '../domain/host.ts'
import type { Log } from '../domain/ports.ts'
import type { Session, SessionId } from '../domain/session.ts'
import { placeText } from '../domain/taken.ts'

/** Tells the log which sessions of this machine are open elsewhere since the last look; `here` is undefined for the only door. */
export function createTakenWatch(
  here: HostName | undefined,
  log: Log,
): (sessions: readonly Session[]) => void {
  let own: ReadonlySet<SessionId> = new Set()
  return (sessions) => {
    const open = sessions.filter(({ state }) => state !== 'ended')
    for (const { id, host } of open)
      if (host !== here && own.has(id)) log('warn', 'session.taken', takenFields(id, host))
    own = new Set(open.filter(({ host }) => host === here).map(({ id }) => id))
  }
}

/** What the log says of a session that another machine or door has taken. */
export const takenFields = (session: SessionId, by: HostName | undefined) => ({
  session,
  why: `it was opened ${placeText({ host: by })}`,
})
