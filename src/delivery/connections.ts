import type { Connection, Driver, DriverTools } from '../domain/driver.ts'
import { reasonOf } from '../domain/error.ts'
import type { HostLink, Log } from '../domain/ports.ts'
import type { Session, SessionId } from '../domain/session.ts'

/** The live wires of this process, one for each opening of a session. */
export interface Connections {
  /** Undefined when this build has no driver of that name. */
  to(session: Session): Connection | undefined
  /** Lets go of wires whose session was ended, or opened anew, by somebody else. */
  reconcile(sessions: readonly Session[]): Promise<void>
  closeAll(): Promise<void>
}

export interface ConnectionsDeps {
  readonly drivers: ReadonlyMap<string, Driver>
  readonly store: Pick<HostLink, 'updateSettings'>
  readonly runDir: string
  readonly now: () => number
  readonly log: Log
}

interface Wire {
  readonly generation: string
  readonly connection: Connection
}

export function createConnections(deps: ConnectionsDeps): Connections {
  const wires = new Map<SessionId, Wire>()
  return {
    to(session) {
      const known = wires.get(session.id)
      if (known?.generation === session.generation) return known.connection
      const connection = deps.drivers.get(session.driver)?.connect(session, toolsFor(deps, session))
      if (connection) wires.set(session.id, { generation: session.generation, connection })
      return connection
    },
    async reconcile(sessions) {
      const open = new Map(
        sessions.filter((session) => session.state !== 'ended').map((s) => [s.id, s.generation]),
      )
      const stale = [...wires].filter(([id, wire]) => open.get(id) !== wire.generation)
      for (const [id] of stale) wires.delete(id)
      await Promise.all(stale.map(([id, wire]) => quietly(deps.log, id, () => wire.connection.end())))
      await Promise.all(stale.map(([id, wire]) => quietly(deps.log, id, () => wire.connection.close())))
    },
    async closeAll() {
      const all = [...wires]
      wires.clear()
      await Promise.all(all.map(([id, wire]) => quietly(deps.log, id, () => wire.connection.close())))
    },
  }
}

const toolsFor = (deps: ConnectionsDeps, session: Session): DriverTools => ({
  runDir: deps.runDir,
  now: deps.now,
  log: deps.log,
  remember: (settings) => deps.store.updateSettings(session.id, session.generation, settings),
})

async function quietly(log: Log, session: SessionId, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (thrown) {
    log('warn', 'connection.close_failed', { session, why: reasonOf(thrown) })
  }
}
