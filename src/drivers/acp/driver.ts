import type { Driver } from '../../domain/driver.ts'
import { ownedDriver } from '../agent-process/driver.ts'
import type { OwnedDeps } from '../agent-process/opening.ts'
import { installed, type Runnable } from '../agents/installed.ts'
import { startAcp } from './agent.ts'
import { parseAcp, storedAcp } from './settings.ts'

/** An agent with the Agent Client Protocol. */
export const acpDriver = (deps: OwnedDeps): Driver =>
  ownedDriver(deps, {
    kind: 'acp',
    summary:
      'starts and keeps an ACP agent (opencode acp, gemini --acp, qwen --acp, pi-acp, claude-agent-acp, codex-acp)',
    parse: parseAcp,
    stored: storedAcp,
    start: startAcp,
    discover: (place) => installed(place, runnables),
  })

const runnables: readonly Runnable[] = [
  ['opencode', 'opencode', 'acp'],
  ['gemini', 'gemini', '--acp'],
  ['qwen', 'qwen', '--acp'],
  ['pi', 'pi-acp'],
  ['claude', 'claude-agent-acp'],
  ['codex', 'codex-acp'],
].map(([id = '', program = '', ...args]) => ({
  ...{ program, how: 'kept running, over ACP', id },
  way: program === id ? 'own' : 'adapter',
  add: ['--driver', 'acp', '--', program, ...args],
}))
