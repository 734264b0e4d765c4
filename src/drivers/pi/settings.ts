import type { DriverSettings } from '../../domain/session.ts'
import type { OwnedSettings } from '../agent-process/opening.ts'
import { type GivenSettings, givenSettings } from '../settings.ts'

export type PiSettings = OwnedSettings & { readonly agent: 'pi' }

/** Settings as a person gave them, completed. Throws `usage` naming what is wrong. */
export function parsePi(settings: DriverSettings, cwd: string): PiSettings {
  const given = givenSettings('pi', settings, known)
  const command = given.command('--driver pi -- pi')
  const { sessionId } = settings
  if (sessionId !== undefined && !isSessionId(sessionId))
    throw given.usage('needs sessionId as letters, digits, ".", "_" and "-"')
  return {
    command: withoutMode(given, command),
    cwd: given.cwd(cwd),
    ...given.env(),
    agent: 'pi',
    ...(sessionId !== undefined && { conversation: sessionId }),
  }
}

export const storedPi = ({ agent: _always, conversation, ...settings }: PiSettings): DriverSettings => ({
  ...settings,
  ...(conversation !== undefined && { sessionId: conversation }),
})

const known: readonly string[] = ['command', 'cwd', 'env', 'sessionId']

/** Options that the driver sets itself, or that would choose another conversation. */
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

function withoutMode({ usage }: GivenSettings, command: readonly string[]): readonly string[] {
  const taken = command.slice(1).find((argument) => ours.includes(argument))
  if (taken !== undefined)
    throw usage(`keeps the conversation itself; leave out ${taken}, or choose one by --set sessionId=ID`)
  const mode = command.indexOf('--mode')
  if (mode < 0) return command
  if (command[mode + 1] !== 'rpc') throw usage('speaks --mode rpc; leave out --mode')
  return command.toSpliced(mode, 2)
}

/** As pi spells the ids of its sessions. */
const isSessionId = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/.test(value)
