import type { Connection } from '../domain/driver.ts'
import type { HostName } from '../domain/host.ts'
import type { DoorStore } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'
import { abilitiesOf } from '../link/ability.ts'
import type { HostRequests } from '../link/requests.ts'
import { createRequestServer, type RequestServer } from '../link/serve-requests.ts'

/** The agents of this door, for the other doors of its store. */
export interface DoorAgents extends RequestServer {
  /** Says what can be done with those of these sessions that are this door's own. */
  note(sessions: readonly Session[]): void
}

interface DoorAgentsDeps {
  /** The name of this door; undefined where its store is its alone. */
  readonly host: HostName | undefined
  readonly store: Pick<DoorStore, 'findSession'>
  readonly connect: (session: Session) => Connection | undefined
  readonly skills: (session: Session) => Promise<readonly string[]>
  readonly hosts: Pick<HostRequests, 'answer' | 'able'>
}

export function createDoorAgents({ host, store, connect, skills, hosts }: DoorAgentsDeps): DoorAgents {
  const answer: Parameters<typeof createRequestServer>[0]['answer'] = async (answer) =>
    host !== undefined && hosts.answer(host, answer)
  return {
    ...createRequestServer({ findSession: store.findSession, connect, skills, answer }),
    note(sessions) {
      if (host === undefined) return
      const own = sessions.filter((session) => session.host === host)
      hosts.able(host, abilitiesOf(own, connect))
    },
  }
}
