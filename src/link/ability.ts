import type { Connection } from '../domain/driver.ts'
import type { Session, SessionId } from '../domain/session.ts'

/** One opening of a session, as the machine of its agent knows it. */
export interface Ability {
  readonly session: SessionId
  readonly generation: string
  readonly screen: boolean
  readonly cancel: boolean
}

/** What doors must know beforehand of openings at this machine. */
export const abilitiesOf = (
  sessions: readonly Session[],
  connect: (session: Session) => Pick<Connection, 'watchScreen' | 'cancelTurn'> | undefined,
): readonly Ability[] =>
  sessions
    .filter(({ state }) => state !== 'ended')
    .map((session) => {
      const connection = connect(session)
      return {
        ...{ session: session.id, generation: session.generation },
        screen: connection?.watchScreen !== undefined,
        cancel: connection?.cancelTurn !== undefined,
      }
    })
