import { type Call, withHome } from '../../command.ts'
import type { LocalHome } from '../../context.ts'

/** `note`: worth knowing. `bad`: something does not work. `found`: an agent that could be added. */
type Verdict = 'ok' | 'note' | 'bad' | 'found'

export interface Look {
  readonly verdict: Verdict
  readonly detail: string
  /** The command or the change that mends it, or adds the agent. */
  readonly fix?: string
}

export interface Finding extends Look {
  readonly name: string
}

export const ok = (detail: string): Look => ({ verdict: 'ok', detail })

export const note = (detail: string, fix?: string): Look => ({
  verdict: 'note',
  detail,
  ...(fix !== undefined && { fix }),
})

export const bad = (detail: string, fix: string): Look => ({ verdict: 'bad', detail, fix })

/** Opens the home only where there is one: `doctor` creates nothing. */
export async function opened<T>(call: Call, otherwise: T, look: (home: LocalHome) => Promise<T>): Promise<T> {
  return (await call.io.modeOf(call.home)) === undefined ? otherwise : withHome(call, look)
}

/** `ok` with `detail` where nothing was found. */
export const orOk = (found: readonly Look[], detail: string): readonly Look[] =>
  found.length === 0 ? [ok(detail)] : found

export const nothingYet: readonly Look[] = [note('nothing there yet')]

/** One argument of a shell command. */
export const quoted = (argument: string): string =>
  /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`
