import type { DriverSettings } from '../../domain/session.ts'
import type { OwnedSettings } from '../agent-process/opening.ts'
import { givenSettings } from '../settings.ts'

export interface StreamSettings extends OwnedSettings {
  readonly agent: 'claude'
  /** Tools (`Bash`, `Edit` …), or exact command lines as `Bash(npm test)`, that are allowed without a person, each call once. */
  readonly permissions: readonly string[]
}

/** Settings as a person gave them, completed. Throws `usage` naming what is wrong. */
export function parseStream(settings: DriverSettings, cwd: string): StreamSettings {
  const given = givenSettings('claude-stream', settings, known)
  const command = given.command('--driver claude-stream -- claude')
  const { sessionId } = settings
  if (sessionId !== undefined && !isUuid(sessionId)) throw given.usage('needs sessionId as a UUID')
  const taken = command.slice(1).find((argument) => ours.includes(argument))
  if (taken !== undefined)
    throw given.usage(`sets ${taken} itself; choose a conversation by --set sessionId=UUID`)
  return {
    command,
    cwd: given.cwd(cwd),
    ...given.env(),
    agent: 'claude',
    permissions: given.texts('permissions', 'needs permissions as a list of tools') ?? [],
    ...(sessionId !== undefined && { conversation: sessionId }),
  }
}

export const storedStream = ({
  agent: _always,
  conversation,
  ...settings
}: StreamSettings): DriverSettings => ({
  ...settings,
  ...(conversation !== undefined && { sessionId: conversation }),
})

const known: readonly string[] = ['command', 'cwd', 'env', 'permissions', 'sessionId']

/** Options that the driver sets itself, or that would choose another conversation. */
const ours: readonly string[] = [
  '-p',
  '--print',
  '--input-format',
  '--output-format',
  '--permission-prompt-tool',
  '--session-id',
  '--resume',
  '-r',
  '--continue',
  '-c',
  '--fork-session',
  '--no-session-persistence',
]

const isUuid = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
