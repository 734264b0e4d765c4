import { stat } from 'node:fs/promises'
import type { ProcessIdentity } from '../../domain/driver.ts'
import { environmentOf, statOf } from './files.ts'
import { identify } from './process.ts'

export interface Ancestor extends ProcessIdentity {
  /** What it was started with; empty for a process of another user. */
  readonly env: Readonly<Record<string, string>>
}

/** No tree of processes is deeper; a loop in what the system shows ends here. */
const deepest = 64

/** The processes that this one descends from, nearest first, without the first of the system. None where there is no /proc. */
export async function ancestors(pid = process.ppid): Promise<readonly Ancestor[]> {
  const found: Ancestor[] = []
  for (let next = pid; next > 1 && found.length < deepest; next = await parentOf(next)) {
    const identity = await identify(next)
    if (!identity) break
    found.push({ ...identity, env: (await isOurs(next)) ? await environmentOf(next) : {} })
  }
  return found
}

const parentOf = async (pid: number): Promise<number> => Number((await statOf(pid))[1] ?? 0)

/** Root may read what other users' processes were started with; what those say counts for nothing. */
const isOurs = (pid: number): Promise<boolean> =>
  stat(`/proc/${pid}`).then(
    ({ uid }) => uid === process.getuid?.(),
    () => false,
  )
