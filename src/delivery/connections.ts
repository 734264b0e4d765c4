import type { Connection, Driver, DriverTools } from '../domain/driver.ts'
import { reasonOf } from '../domain/error.ts'
import type { HostLink, Log } from '../domain/ports.ts'
import type { Session, SessionId } from '../domain/session.ts'
import type { Slots } from './slots.ts'

/** The open connections of this process, one for each opening of a session. */
export interface Connections {
  /** Undefined when this build has no driver of that name. */
  to(session: Session): Connection | undefined
  /** One that nobody shares, without decisions and capability: for a look at an agent, or a trial. Whoever asked for it closes it. */
  once(session: Session): Connection | undefined
  /**
   * Closes connections whose session was ended, or opened anew, elsewhere; opens those whose agents' requests are put before people,
   * so that they are heard before any message is sent.
   */
  reconcile(sessions: readonly Session[]): Promise<void>
  closeAll(): Promise<void>
}

interface ConnectionsDeps {
  readonly drivers: ReadonlyMap<string, Driver>
  readonly store: Pick<HostLink, 'updateSettings'>
  readonly runDir: string
  readonly now: () => number
  /** The agents of ours that may be starting at once. */
  readonly starts: Pick<Slots, 'take'>
  /** The path of the file with the capability of an opening, for its agent. */
  readonly self: (session: Session) => Promise<string>
  /** For sessions whose agents run on another machine: what can be done with them from here, if anything. */
  readonly elsewhere: (session: Session) => { readonly connection: Connection | undefined } | undefined
  readonly log: Log
  /** Where what the agent of that opening asks is put before people; undefined where its configuration does not say so. */
  readonly decisionsFor: (session: Session) => DriverTools['decisions']
}

interface Opened {
  readonly generation: string
  readonly connection: Connection
}

export function createConnections(deps: ConnectionsDeps): Connections {
  const opened = new Map<SessionId, Opened>()
  const to = (session: Session): Connection | undefined => {
    const elsewhere = deps.elsewhere(session)
    if (elsewhere) return elsewhere.connection
    const known = opened.get(session.id)
    if (known?.generation === session.generation) return known.connection
    const connection = deps.drivers.get(session.driver)?.connect(session, toolsFor(deps, session))
    if (connection) opened.set(session.id, { generation: session.generation, connection })
    return connection
  }
  return {
    to,
    once: (session) => {
      const elsewhere = deps.elsewhere(session)
      if (elsewhere) return elsewhere.connection
      const { runDir, now, log, starts, remember } = toolsFor(deps, session)
      return deps.drivers
        .get(session.driver)
        ?.connect(session, { runDir, now, log, remember, ...(starts && { starts }) })
    },
    async reconcile(sessions) {
      const live = sessions.filter((session) => session.state !== 'ended')
      const open = new Map(live.map((session) => [session.id, session.generation]))
      const stale = [...opened].filter(([id, { generation }]) => open.get(id) !== generation)
      for (const [id] of stale) opened.delete(id)
      await Promise.all(stale.map(([id, { connection }]) => quietly(deps.log, id, () => connection.end())))
      await Promise.all(stale.map(([id, { connection }]) => quietly(deps.log, id, () => connection.close())))
      for (const session of live) if (session.decisions && !deps.elsewhere(session)) to(session)
    },
    async closeAll() {
      const all = [...opened]
      opened.clear()
      await Promise.all(all.map(([id, { connection }]) => quietly(deps.log, id, () => connection.close())))
    },
  }
}

function toolsFor(deps: ConnectionsDeps, session: Session): DriverTools {
  const decisions = deps.decisionsFor(session)
  return {
    runDir: deps.runDir,
    now: deps.now,
    log: deps.log,
    starts: deps.starts.take,
    self: () =>
      deps.self(session).catch((thrown: unknown) => {
        deps.log('warn', 'capability.failed', { session: session.id, why: reasonOf(thrown) })
        return undefined
      }),
    remember: (settings) => deps.store.updateSettings(session.id, session.generation, settings),
    ...(decisions && { decisions }),
  }
}

async function quietly(log: Log, session: SessionId, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (thrown) {
    log('warn', 'connection.close_failed', { session, why: reasonOf(thrown) })
  }
}
