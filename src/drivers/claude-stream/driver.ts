import type { Driver } from '../../domain/driver.ts'
import { ownedDriver } from '../agent-process/driver.ts'
import type { OwnedDeps } from '../agent-process/opening.ts'
import { installed, type Runnable } from '../agents/installed.ts'
import { startStream } from './agent.ts'
import { parseStream, storedStream } from './settings.ts'

/** A Claude Code of our own without a terminal, by its stream-json. */
export const claudeStreamDriver = (deps: OwnedDeps): Driver =>
  ownedDriver(deps, {
    kind: 'claude-stream',
    summary: 'starts and keeps a Claude Code without a terminal (stream-json)',
    parse: parseStream,
    stored: storedStream,
    start: startStream,
    discover: (place) => installed(place, [runnable]),
  })

const runnable: Runnable = {
  program: 'claude',
  how: 'kept running, by its stream-json',
  way: 'own',
  id: 'claude',
  add: ['--driver', 'claude-stream', '--', 'claude'],
}
