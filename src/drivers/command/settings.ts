import type { DriverSettings } from '../../domain/session.ts'
import { type AgentKind, isAgentKind } from '../agents/kinds.ts'
import { givenSettings } from '../settings.ts'

export interface CommandSettings {
  /** Program and arguments; a preset adds its own behind them. Never through a shell. */
  readonly command: readonly string[]
  /** Absolute. */
  readonly cwd: string
  readonly preset?: AgentKind
  readonly timeoutMs?: number
  readonly env?: Readonly<Record<string, string>>
  /** The agent's own id of the conversation that the next turn continues. */
  readonly conversation?: string
}

/** Settings as a person gave them, completed. Throws `usage` naming what is wrong. */
export function prepareCommand(settings: DriverSettings, cwd: string): CommandSettings {
  const given = givenSettings('command', settings, known)
  const { usage } = given
  const { preset, timeoutMs } = settings
  if (preset !== undefined && !isAgentKind(preset))
    throw usage('knows no such preset; choose claude, codex, gemini, opencode, pi or qwen')
  if (timeoutMs !== undefined && !isDuration(timeoutMs))
    throw usage('needs timeoutMs as whole milliseconds, 1 to 2147483647')
  const own = given.texts('command', 'needs its command as a program and its arguments') ?? []
  const conversation = given.text('conversation')
  return {
    command:
      own.length === 0 && preset ? [preset] : given.command('--driver command -- ./agent.sh --verbose'),
    cwd: given.cwd(cwd),
    ...(preset && { preset }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...given.env(),
    ...(conversation !== undefined && { conversation }),
  }
}

const known: readonly string[] = ['command', 'cwd', 'preset', 'timeoutMs', 'env', 'conversation']

const isDuration = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 31
