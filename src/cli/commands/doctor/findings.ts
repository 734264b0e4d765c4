import type { HomeLook } from '../../../domain/home-state.ts'
import type { Call } from '../../command.ts'
import type { LocalHome } from '../../context.ts'

/** `note`: worth knowing. `bad`: something does not work. `found`: an agent that could be added. */
type Verdict = 'ok' | 'note' | 'bad' | 'found'

export interface Finding {
  readonly verdict: Verdict
  readonly detail: string
  /** The command or the change that mends it, or adds the agent. */
  readonly fix?: string
  /** What `postern help troubleshooting` calls it. */
  readonly about?: string
  /** It says nothing where what stands behind it is not well (`causeOf` in doctor.ts). */
  readonly follows?: true
}

export interface NamedFinding extends Finding {
  readonly name: string
}

export const ok = (detail: string): Finding => ({ verdict: 'ok', detail })

export const note = (detail: string, fix?: string): Finding => ({
  verdict: 'note',
  detail,
  ...(fix !== undefined && { fix }),
})

export const bad = (detail: string, fix: string): Finding => ({ verdict: 'bad', detail, fix })

/** A call of `doctor`: it looks at the home once, and opens it once, for all of its checks. */
export interface Examination extends Call {
  readonly look: () => Promise<HomeLook>
  readonly opened: () => Promise<LocalHome>
}

/** Runs `act` with the home where there is one, with a store in it: `doctor` creates nothing. */
export async function opened<T>(
  { io, home, ...examination }: Examination,
  otherwise: T,
  act: (home: LocalHome) => Promise<T>,
): Promise<T> {
  if ((await io.modeOf(home)) === undefined) return otherwise
  const { troubles, toMake } = await examination.look()
  // Why it cannot be opened is said once, as what is wrong with the home.
  if (troubles.length > 0 || toMake || !(await io.hasStore(home))) return otherwise
  return act(await examination.opened())
}

/** `ok` with `detail` where nothing was found. */
export const orOk = (found: readonly Finding[], detail: string): readonly Finding[] =>
  found.length === 0 ? [ok(detail)] : found

export const nothingYet: readonly Finding[] = [note('nothing there yet')]
