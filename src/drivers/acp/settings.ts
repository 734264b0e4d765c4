import { basename } from 'node:path'
import type { DriverSettings } from '../../domain/session.ts'
import type { OwnedSettings } from '../agent-process/opening.ts'
import { type AgentKind, isAgentKind } from '../agents/kinds.ts'
import { type GivenSettings, givenSettings } from '../settings.ts'

export interface AcpSettings extends OwnedSettings {
  /** Kinds of tools (`read`, `execute` …) and titles of tool calls that are allowed, once each, without a person. */
  readonly permissions: readonly string[]
}

/** Settings as a person gave them, completed. Throws `usage` naming what is wrong. */
export function parseAcp(settings: DriverSettings, cwd: string): AcpSettings {
  const given = givenSettings('acp', settings, known)
  const command = given.command('--driver acp -- opencode acp')
  const agent = agentOf(given, settings.agent, command)
  const conversation = given.text('acpSessionId')
  return {
    command,
    cwd: given.cwd(cwd),
    ...given.env(),
    ...(agent && { agent }),
    permissions: given.texts('permissions', 'needs permissions as a list of tool kinds or titles') ?? [],
    ...(conversation !== undefined && { conversation }),
  }
}

export const storedAcp = ({ conversation, ...settings }: AcpSettings): DriverSettings => ({
  ...settings,
  ...(conversation !== undefined && { acpSessionId: conversation }),
})

const known: readonly string[] = ['command', 'cwd', 'env', 'agent', 'permissions', 'acpSessionId']

/** Adapters whose name is not their agent's. */
const adapters: Readonly<Record<string, AgentKind>> = {
  'claude-agent-acp': 'claude',
  'claude-code-acp': 'claude',
  'codex-acp': 'codex',
  'opencode-ai': 'opencode',
  'pi-acp': 'pi',
}

/** The last argument that names an agent: `npx -y @agentclientprotocol/codex-acp` is codex. */
function agentOf(
  { usage }: GivenSettings,
  value: unknown,
  command: readonly string[],
): AgentKind | undefined {
  if (value !== undefined && !isAgentKind(value))
    throw usage('knows no such agent; choose claude, codex, gemini, opencode, pi or qwen')
  if (value !== undefined) return value
  const names = command.map((argument) => basename(argument).replace(/(?<=.)@.*$/, ''))
  return names.map((name) => (isAgentKind(name) ? name : adapters[name])).findLast((kind) => kind)
}
