import type { Driver } from '../domain/driver.ts'
import { acpDriver } from './acp/driver.ts'
import { claudeDriver } from './claude/driver.ts'
import { claudeStreamDriver } from './claude-stream/driver.ts'
import { codexDriver } from './codex/driver.ts'
import { commandDriver } from './command/driver.ts'
import type { DriverDeps } from './deps.ts'
import { httpDriver } from './http/driver.ts'
import { inboxDriver } from './inbox/driver.ts'
import { opencodeDriver } from './opencode/driver.ts'
import { piDriver } from './pi/driver.ts'
import { ptyDriver } from './pty/driver.ts'
import { tmuxDriver } from './tmux/driver.ts'

/**
 * Every kind of session this build can reach. A kind is a line here and a folder that begins in `driver.ts`; nothing else
 * in the sources names it. Shared by several: terminal/ and agent-hooks/ (typing, for pty and tmux), agent-process/ (agents
 * that a driver starts and keeps), agents/ (their skills and names), process/, and journal (notes for after a crash).
 */
const kinds: readonly ((deps: DriverDeps) => Driver)[] = [
  () => inboxDriver,
  ptyDriver,
  tmuxDriver,
  commandDriver,
  acpDriver,
  claudeDriver,
  claudeStreamDriver,
  codexDriver,
  piDriver,
  opencodeDriver,
  httpDriver,
]

export const allDrivers = (
  env: DriverDeps['env'],
  skillDirs: DriverDeps['skillDirs'],
  secretVariables: () => readonly string[] = () => [],
): ReadonlyMap<string, Driver> =>
  new Map(
    kinds.map((make) => make({ env, skillDirs, secretVariables })).map((driver) => [driver.kind, driver]),
  )
