import type { Driver } from '../domain/driver.ts'
import { installed } from './installed.ts'
import { ownedDriver } from './owned/driver.ts'
import type { OwnedNeeds } from './owned/wire.ts'
import { startPi } from './pi/agent.ts'
import { parsePi, storedPi } from './pi/settings.ts'

/** The pi coding agent, spoken to in its RPC mode. */
export const piDriver = (needs: OwnedNeeds): Driver =>
  ownedDriver(needs, {
    kind: 'pi',
    summary: 'starts and keeps a pi agent in its RPC mode',
    parse: parsePi,
    stored: storedPi,
    start: startPi,
    discover: (place) => installed(place, [runnable]),
  })

const runnable = {
  program: 'pi',
  how: 'kept running, in RPC mode',
  id: 'pi',
  add: ['--driver', 'pi', '--', 'pi'],
}
