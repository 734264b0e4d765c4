import type { Driver } from '../domain/driver.ts'
import { acpDriver } from './acp/driver.ts'
import { claudeDriver } from './claude/driver.ts'
import { claudeStreamDriver } from './claude-stream/driver.ts'
import { codexDriver } from './codex/driver.ts'
import { commandDriver } from './command/driver.ts'
import { httpDriver } from './http/driver.ts'
import { inboxDriver } from './inbox/driver.ts'
import { opencodeDriver } from './opencode/driver.ts'
import { piDriver } from './pi/driver.ts'
import { ptyDriver } from './pty/driver.ts'
import { tmuxDriver } from './tmux/driver.ts'

/** Every kind of session this build can reach. */
export function allDrivers(
  env: Readonly<Record<string, string | undefined>>,
  skillDirs: () => readonly string[],
): ReadonlyMap<string, Driver> {
  const deps = { env, skillDirs }
  const all = [
    inboxDriver,
    ptyDriver(deps),
    tmuxDriver(deps),
    commandDriver(deps),
    acpDriver(deps),
    claudeDriver(deps),
    claudeStreamDriver(deps),
    codexDriver(deps),
    piDriver(deps),
    opencodeDriver(deps),
    httpDriver(deps),
  ]
  return new Map(all.map((driver) => [driver.kind, driver]))
}
