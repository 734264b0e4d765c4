import { resolve } from 'node:path'
import { Failure } from '../../domain/error.ts'
import type { DriverSettings } from '../../domain/session.ts'
import { type AgentKind, isAgentKind } from '../agents/kinds.ts'

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
  const preset = presetOf(settings.preset)
  const command = commandOf(settings.command) ?? (preset && [preset])
  if (!command) throw usage('needs a command, for example: --driver command -- ./agent.sh --verbose')
  for (const name of Object.keys(settings)) if (!known.includes(name)) throw usage(`has no setting "${name}"`)
  const { timeoutMs, env, conversation } = settings
  if (timeoutMs !== undefined && !isDuration(timeoutMs))
    throw usage('needs timeoutMs as whole milliseconds, 1 to 2147483647')
  if (env !== undefined && !isEnv(env)) throw usage('needs env as an object of texts')
  return {
    command,
    cwd: resolve(cwd, textOf(settings.cwd, 'cwd') ?? '.'),
    ...(preset && { preset }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(env !== undefined && { env }),
    ...(conversation !== undefined && { conversation: textOf(conversation, 'conversation') ?? '' }),
  }
}

const known: readonly string[] = ['command', 'cwd', 'preset', 'timeoutMs', 'env', 'conversation']

const usage = (what: string): Failure => new Failure('usage', `The command driver ${what}.`)

function presetOf(value: unknown): AgentKind | undefined {
  if (value === undefined || isAgentKind(value)) return value
  throw usage(`knows no such preset; choose claude, codex, gemini, opencode, pi or qwen`)
}

function commandOf(value: unknown): readonly string[] | undefined {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined
  if (!isTexts(value) || value[0] === '') throw usage('needs its command as a program and its arguments')
  return value
}

function textOf(value: unknown, name: string): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '' && !value.includes('\0')))
    return value
  throw usage(`needs ${name} as a text`)
}

const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0')

const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText)

const isDuration = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 31

const isEnv = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.entries(value).every(([name, text]) => /^[^=\0]+$/.test(name) && isText(text))
