import { createHash } from 'node:crypto'
import type { Config } from '../config/load.ts'
import type { Connections } from '../delivery/connections.ts'
import type { Driver } from '../domain/driver.ts'
import { reasonOf } from '../domain/error.ts'
import type { Clock, Log } from '../domain/ports.ts'
import { isStanding, parseSessionId, type Session } from '../domain/session.ts'
import { type OpenSessionDeps, openSession, requireDriver } from '../manage/sessions.ts'

export interface DeclaredSessionsDeps {
  readonly home: { readonly root: string }
  readonly store: OpenSessionDeps['store']
  readonly clock: Clock
  readonly log: Log
  readonly drivers: ReadonlyMap<string, Driver>
  readonly connections: Connections
}

type Declared = Config['sessions']['declared'][number]

/**
 * Opens the sessions that the configuration declares, where they are not open as declared already. One that somebody
 * registered by hand under the same name is left alone. What cannot be opened is reported; the others go on.
 */
export async function openDeclared(deps: DeclaredSessionsDeps, declared: readonly Declared[]): Promise<void> {
  for (const wanted of declared) {
    try {
      await openOne(deps, wanted)
    } catch (thrown) {
      deps.log('error', 'session.declared_failed', { session: wanted.id, why: reasonOf(thrown) })
    }
  }
}

async function openOne(deps: DeclaredSessionsDeps, wanted: Declared): Promise<void> {
  const { store, clock, drivers, connections } = deps
  const id = parseSessionId(wanted.id)
  const generation = generationOf(wanted)
  const before = await store.findSession(id)
  if (before && before.state !== 'ended' && !mayReplace(before, generation)) return
  const driver = requireDriver(drivers, wanted.driver)
  const permissions = wanted.permissions.length > 0 ? { permissions: wanted.permissions } : {}
  const settings = await driver.prepare({ ...wanted.settings, ...permissions }, { cwd: deps.home.root })
  const connect = async (session: Session) => connections.to(session)
  await openSession(
    { store, clock, connect },
    { id, driver: driver.kind, settings, generation, replace: true },
  )
  deps.log('info', 'session.declared', { session: id, driver: driver.kind })
}

const mark = 'declared-'

/** The same declaration is the same opening, over any number of restarts. */
const generationOf = ({ driver, settings, permissions }: Declared): string =>
  mark +
  createHash('sha256')
    .update(JSON.stringify([driver, settings, permissions]))
    .digest('hex')
    .slice(0, 16)

const mayReplace = (before: Session, generation: string): boolean =>
  before.generation !== generation && (before.generation.startsWith(mark) || isStanding(before))
