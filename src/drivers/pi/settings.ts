import { resolve } from 'node:path'
import { Failure } from '../../domain/error.ts'
import type { DriverSettings } from '../../domain/session.ts'
import type { OwnedSettings } from '../agent-process/opening.ts'

export type PiSettings = OwnedSettings & { readonly agent: 'pi' }

/** Settings as a person gave them, completed. Throws `usage` naming what is wrong. */
export function parsePi(settings: DriverSettings, cwd: string): PiSettings {
  for (const name of Object.keys(settings)) if (!known.includes(name)) throw usage(`has no setting "${name}"`)
  const { command, env, sessionId } = settings
  if (!isCommand(command)) throw usage('needs a command, for example: --driver pi -- pi')
  if (env !== undefined && !isEnv(env)) throw usage('needs env as an object of texts')
  if (sessionId !== undefined && !isSessionId(sessionId))
    throw usage('needs sessionId as letters, digits, ".", "_" and "-"')
  return {
    command: withoutMode(command),
    cwd: resolve(cwd, cwdOf(settings.cwd)),
    ...(env !== undefined && { env }),
    agent: 'pi',
    ...(sessionId !== undefined && { conversation: sessionId }),
  }
}

export const storedPi = ({ agent: _always, conversation, ...settings }: PiSettings): DriverSettings => ({
  ...settings,
  ...(conversation !== undefined && { sessionId: conversation }),
})

const known: readonly string[] = ['command', 'cwd', 'env', 'sessionId']

const usage = (what: string): Failure => new Failure('usage', `The pi driver ${what}.`)

/** What the driver says itself, or what would take the conversation out of its hands. */
const ours: readonly string[] = [
  '--print',
  '-p',
  '--continue',
  '-c',
  '--resume',
  '-r',
  '--session',
  '--session-id',
  '--no-session',
  '--fork',
]

function withoutMode(command: readonly string[]): readonly string[] {
  const taken = command.slice(1).find((word) => ours.includes(word))
  if (taken !== undefined)
    throw usage(`keeps the conversation itself; leave out ${taken}, or choose one by --set sessionId=ID`)
  const mode = command.indexOf('--mode')
  if (mode < 0) return command
  if (command[mode + 1] !== 'rpc') throw usage('speaks --mode rpc; leave out --mode')
  return command.toSpliced(mode, 2)
}

function cwdOf(value: unknown): string {
  if (value === undefined) return '.'
  if (isText(value) && value !== '') return value
  throw usage('needs cwd as a text')
}

const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0')

const isCommand = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every(isText) && value[0] !== ''

/** As pi spells the ids of its sessions. */
const isSessionId = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/.test(value)

const isEnv = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.entries(value).every(([name, text]) => /^[^=\0]+$/.test(name) && isText(text))
