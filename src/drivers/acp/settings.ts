import { basename, resolve } from 'node:path'
import { Failure } from '../../domain/error.ts'
import type { DriverSettings } from '../../domain/session.ts'
import type { OwnedSettings } from '../agent-process/opening.ts'
import { type AgentKind, isAgentKind } from '../agents/kinds.ts'

export interface AcpSettings extends OwnedSettings {
  /** Kinds of tools (`read`, `execute` …) and titles of tool calls that are allowed, once each, without a person. */
  readonly permissions: readonly string[]
}

/** Settings as a person gave them, completed. Throws `usage` naming what is wrong. */
export function parseAcp(settings: DriverSettings, cwd: string): AcpSettings {
  for (const name of Object.keys(settings)) if (!known.includes(name)) throw usage(`has no setting "${name}"`)
  const { command, env, permissions = [], acpSessionId } = settings
  if (!isCommand(command)) throw usage('needs a command, for example: --driver acp -- opencode acp')
  if (env !== undefined && !isEnv(env)) throw usage('needs env as an object of texts')
  if (!isTexts(permissions)) throw usage('needs permissions as a list of tool kinds or titles')
  const agent = agentOf(settings.agent, command)
  return {
    command,
    cwd: resolve(cwd, textOf(settings.cwd, 'cwd') ?? '.'),
    ...(env !== undefined && { env }),
    ...(agent && { agent }),
    permissions,
    ...(acpSessionId !== undefined && { conversation: textOf(acpSessionId, 'acpSessionId') ?? '' }),
  }
}

export const storedAcp = ({ conversation, ...settings }: AcpSettings): DriverSettings => ({
  ...settings,
  ...(conversation !== undefined && { acpSessionId: conversation }),
})

const known: readonly string[] = ['command', 'cwd', 'env', 'agent', 'permissions', 'acpSessionId']

const usage = (what: string): Failure => new Failure('usage', `The acp driver ${what}.`)

/** Adapters whose name is not their agent's. */
const adapters: Readonly<Record<string, AgentKind>> = {
  'claude-agent-acp': 'claude',
  'claude-code-acp': 'claude',
  'codex-acp': 'codex',
  'opencode-ai': 'opencode',
  'pi-acp': 'pi',
}

/** The last word that names an agent: `npx -y @agentclientprotocol/codex-acp` is codex. */
function agentOf(value: unknown, command: readonly string[]): AgentKind | undefined {
  if (value !== undefined && !isAgentKind(value))
    throw usage('knows no such agent; choose claude, codex, gemini, opencode, pi or qwen')
  if (value !== undefined) return value
  const names = command.map((word) => basename(word).replace(/(?<=.)@.*$/, ''))
  return names.map((name) => (isAgentKind(name) ? name : adapters[name])).findLast((kind) => kind)
}

function textOf(value: unknown, name: string): string | undefined {
  if (value === undefined || (isText(value) && value !== '')) return value
  throw usage(`needs ${name} as a text`)
}

const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0')

const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText)

const isCommand = (value: unknown): value is readonly string[] =>
  isTexts(value) && value.length > 0 && value[0] !== ''

const isEnv = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.entries(value).every(([name, text]) => /^[^=\0]+$/.test(name) && isText(text))
