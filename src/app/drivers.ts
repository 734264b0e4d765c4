import type { Driver } from '../domain/driver.ts'
import { Failure } from '../domain/error.ts'
import { acpDriver } from '../drivers/acp.ts'
import { claudeDriver } from '../drivers/claude.ts'
import { claudeStreamDriver } from '../drivers/claude-stream.ts'
import { codexDriver } from '../drivers/codex/driver.ts'
import { commandDriver } from '../drivers/command.ts'
import { httpDriver } from '../drivers/http.ts'
import { inboxDriver } from '../drivers/inbox.ts'
import { opencodeDriver } from '../drivers/opencode.ts'
import { piDriver } from '../drivers/pi.ts'
import { ptyDriver } from '../drivers/pty/driver.ts'
import { tmuxDriver } from '../drivers/tmux.ts'
import { compileTemplate, render } from '../knock/template.ts'

/** Every kind of session this build can reach. */
export function allDrivers(
  env: Readonly<Record<string, string | undefined>>,
  skillDirs: () => readonly string[],
): ReadonlyMap<string, Driver> {
  const needs = { env, skillDirs }
  const all = [
    inboxDriver,
    ptyDriver(needs),
    tmuxDriver(needs),
    commandDriver(needs),
    acpDriver(needs),
    claudeDriver(needs),
    claudeStreamDriver(needs),
    codexDriver(needs),
    piDriver(needs),
    opencodeDriver(needs),
    httpDriver({ ...needs, render: rendered }),
  ]
  return new Map(all.map((driver) => [driver.kind, driver]))
}

function rendered(source: string, view: Readonly<Record<string, string>>): string {
  const rendering = render(compileTemplate(source), view)
  if (rendering.kind === 'text') return rendering.text
  throw new Failure('unprocessable', rendering.why)
}
