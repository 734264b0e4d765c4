import { createHash } from 'node:crypto'
import { reasonOf } from '../domain/error.ts'
import type { HostName } from '../domain/host.ts'
import { suggestion } from '../domain/nearest.ts'
import type { Log } from '../domain/ports.ts'
import { isStanding, parseSessionId, runsAt, type Session } from '../domain/session.ts'
import { openSession, type RegisterDeps, requireDriver } from './sessions.ts'

interface DeclaredDeps extends Omit<RegisterDeps, 'connectOnce'> {
  readonly log: Log
  /** The machine that opens them, where it has a name. */
  readonly host?: HostName
  /** What relative paths in settings are relative to. */
  readonly cwd: string
}

/** A session as the configuration declares it. */
export interface Declaration {
  readonly id: string
  readonly driver: string
  readonly settings: { readonly [key: string]: unknown }
  readonly permissions: readonly string[]
  /** People decide on what its agent asks. */
  readonly decisions: boolean
}

/**
 * Opens the sessions that the configuration declares, where they are not open as declared already. One that somebody
 * registered by hand under the same name is left alone. What cannot be opened is logged; the others go on.
 */
export async function openDeclared(deps: DeclaredDeps, declared: readonly Declaration[]): Promise<void> {
  for (const declaration of declared) {
    try {
      await openOne(deps, declaration)
    } catch (thrown) {
      deps.log('error', 'session.declared_failed', { session: declaration.id, why: reasonOf(thrown) })
    }
  }
}

async function openOne(deps: DeclaredDeps, declaration: Declaration): Promise<void> {
  const id = parseSessionId(declaration.id)
  const generation = generationOf(declaration)
  const before = await deps.store.findSession(id)
  // What another door of this store declares, too, is open there.
  if (before && before.state !== 'ended' && (!runsAt(before, deps.host) || !mayReplace(before, generation)))
    return
  const driver = requireDriver(deps.drivers, declaration.driver)
  const { permissions } = declaration
  const settings = await driver.prepare(
    { ...declaration.settings, ...(permissions.length > 0 && { permissions }) },
    { cwd: deps.cwd },
  )
  await openSession(deps, {
    ...{ id, driver: driver.kind, settings, generation, replace: true },
    ...(declaration.decisions && { decisions: true }),
  })
  deps.log('info', 'session.declared', { session: id, driver: driver.kind })
}

/** A sentence for each declaration whose kind of session this build does not have. */
export const unknownDrivers = (
  drivers: DeclaredDeps['drivers'],
  declared: readonly Declaration[],
): readonly string[] =>
  declared
    .filter(({ driver }) => !drivers.has(driver))
    .map(
      ({ id, driver }) =>
        `sessions.declared.${id}.driver: "${driver}" is no driver. ${suggestion(driver, [...drivers.keys()])}`,
    )

const mark = 'declared-'

/** The same declaration is the same opening, over any number of restarts. */
const generationOf = ({ driver, settings, permissions, decisions }: Declaration): string =>
  mark +
  createHash('sha256')
    .update(JSON.stringify([driver, settings, permissions, ...(decisions ? ['decisions'] : [])]))
    .digest('hex')
    .slice(0, 16)

const mayReplace = (before: Session, generation: string): boolean =>
  before.generation !== generation && (before.generation.startsWith(mark) || isStanding(before))
