import { Failure } from '../../domain/error.ts'
import type { DriverSettings } from '../../domain/session.ts'

/** One program in a terminal of ours. A pid counts together with its start only, see `process.ts`. */
export interface PtySettings extends DriverSettings {
  readonly socket: string
  readonly holderPid: number
  readonly holderStart: string
  readonly childPid: number
  readonly childStart: string
  readonly command: readonly string[]
  readonly cwd: string
}

/** Parses settings as `startHolder` makes them; no person writes these. */
export function parsePtySettings(settings: DriverSettings): PtySettings {
  const { socket, holderPid, holderStart, childPid, childStart, command, cwd } = settings
  if (
    typeof socket !== 'string' ||
    typeof holderPid !== 'number' ||
    typeof holderStart !== 'string' ||
    typeof childPid !== 'number' ||
    typeof childStart !== 'string' ||
    typeof cwd !== 'string' ||
    !isStrings(command)
  )
    throw new Failure(
      'usage',
      'A pty session is started, not registered: postern run --session <id> -- <command>',
    )
  return { socket, holderPid, holderStart, childPid, childStart, command, cwd }
}

const isStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
