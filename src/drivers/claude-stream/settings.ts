import { resolve } from 'node:path'
import { Failure } from '../../domain/error.ts'
import type { DriverSettings } from '../../domain/session.ts'
import type { OwnedSettings } from '../agent-process/opening.ts'

export interface StreamSettings extends OwnedSettings {
  readonly agent: 'claude'
  /** Tools (`Bash`, `Edit` …), or exact command lines as `Bash(npm test)`, that are allowed without a person, each call once. */
  readonly permissions: readonly string[]
}

/** Settings as a person gave them, completed. Throws `usage` naming what is wrong. */
export function parseStream(settings: DriverSettings, cwd: string): StreamSettings {
  for (const name of Object.keys(settings)) if (!known.includes(name)) throw usage(`has no setting "${name}"`)
  const { command, env, permissions = [], sessionId } = settings
  if (!isTexts(command) || !command[0])
    throw usage('needs a command, for example: --driver claude-stream -- claude')
  if (env !== undefined && !isEnv(env)) throw usage('needs env as an object of texts')
  if (!isTexts(permissions)) throw usage('needs permissions as a list of tools')
  if (sessionId !== undefined && !isUuid(sessionId)) throw usage('needs sessionId as a UUID')
  const taken = command.slice(1).find((word) => ours.includes(word))
  if (taken !== undefined) throw usage(`says ${taken} itself; choose a conversation by --set sessionId=UUID`)
  return {
    command,
    cwd: resolve(cwd, cwdOf(settings.cwd)),
    ...(env !== undefined && { env }),
    agent: 'claude',
    permissions,
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

/** What the driver says itself, or what would take the conversation out of its hands. */
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

const usage = (what: string): Failure => new Failure('usage', `The claude-stream driver ${what}.`)

function cwdOf(value: unknown): string {
  if (value === undefined) return '.'
  if (isText(value) && value !== '') return value
  throw usage('needs cwd as a text')
}

const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0')

const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText)

const isUuid = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)

const isEnv = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.entries(value).every(([name, text]) => /^[^=\0]+$/.test(name) && isText(text))
