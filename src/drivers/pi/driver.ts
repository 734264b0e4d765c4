import type { Driver } from '../../domain/driver.ts'
import { ownedDriver } from '../agent-process/driver.ts'
import type { OwnedDeps } from '../agent-process/opening.ts'
import { installed, type Runnable } from '../agents/installed.ts'
import { startPi } from './agent.ts'
import { parsePi, storedPi } from './settings.ts'

/** The pi coding agent in its RPC mode. */
export const piDriver = (deps: OwnedDeps): Driver =>
  ownedDriver(deps, {
    kind: 'pi',
    summary: 'starts and keeps a pi agent in its RPC mode',
    parse: parsePi,
    stored: storedPi,
    start: startPi,
    discover: (place) => installed(place, [runnable]),
  })

const runnable: Runnable = {
  program: 'pi',
  how: 'kept running, in RPC mode',
  way: 'own',
  id: 'pi',
  add: ['--driver', 'pi', '--', 'pi'],
}
