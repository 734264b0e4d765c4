import type { ProcessIdentity } from '../../domain/driver.ts'
import type { Session } from '../../domain/session.ts'
import { openJournal } from '../journal.ts'
import { endOrphan, orphanRuns } from '../process/orphans.ts'
import { identify } from '../process/process.ts'

/** What one opening of a session runs, on disk, so that whoever comes after a crash can put an end to it. */
export interface RunJournal {
  /** Notes a process that just started for a delivery. */
  write(deliveryId: string, pid: number): Promise<void>
  clear(): Promise<void>
  /** True while what was noted runs. */
  isRunning(): Promise<boolean>
  /** Ends what was noted, if it still runs and is still the same, and forgets it. Tells for which delivery it ran. */
  sweep(): Promise<string | undefined>
}

interface Entry extends ProcessIdentity {
  readonly deliveryId: string
}

export function openRunJournal(runDir: string, session: Pick<Session, 'id' | 'generation'>): RunJournal {
  const journal = openJournal(runDir, 'command', session, parse)
  return {
    write: async (deliveryId, pid) => {
      const identity = await identify(pid)
      if (identity) await journal.write({ ...identity, deliveryId })
    },
    clear: journal.clear,
    isRunning: async () => {
      const entry = await journal.read()
      return entry !== undefined && (await orphanRuns(entry, markOf(entry)))
    },
    sweep: async () => {
      const entry = await journal.read()
      if (!entry) return undefined
      await endOrphan(entry, markOf(entry))
      await journal.clear()
      return entry.deliveryId
    },
  }
}

const markOf = ({ deliveryId }: Entry): string => `POSTERN_DELIVERY_ID=${deliveryId}`

function parse(value: unknown): Entry | undefined {
  const { pid, start, deliveryId } = value as Partial<Record<keyof Entry, unknown>>
  return typeof pid === 'number' && typeof start === 'string' && typeof deliveryId === 'string'
    ? { pid, start, deliveryId }
    : undefined
}
