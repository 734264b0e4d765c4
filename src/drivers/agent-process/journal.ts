import type { DeliveryId } from '../../domain/delivery.ts'
import type { ProcessIdentity } from '../../domain/driver.ts'
import type { Session } from '../../domain/session.ts'
import { openJournal } from '../journal.ts'
import { endOrphan } from '../process/orphans.ts'
import { identify, isRunning } from '../process/process.ts'

/** What one opening of a session runs and has taken, on disk, for whoever comes after a crash. */
export interface AgentJournal {
  /** Notes the agent's process, and ours as its owner. `mark` is the value of `POSTERN_AGENT` in its environment. */
  started(pid: number, mark: string): Promise<void>
  /** Notes the delivery that the agent is given or has begun, or with undefined that none is under way. */
  took(delivery: Taken | undefined): Promise<void>
  /** What an owner that is gone had under way. */
  left(): Promise<Taken | undefined>
  /** Ends a process whose owner is gone. */
  sweep(): Promise<void>
  /** Ends the process whoever owns it, and forgets all. */
  end(): Promise<void>
}

export interface Taken {
  readonly deliveryId: DeliveryId
  readonly turn: boolean
  /** The message was given to the agent, which had not reacted yet. */
  readonly given?: boolean
}

interface Entry {
  readonly owner?: ProcessIdentity
  readonly agent?: ProcessIdentity & { readonly mark: string }
  readonly taken?: Taken
}

export function openAgentJournal(
  runDir: string,
  kind: string,
  session: Pick<Session, 'id' | 'generation'>,
): AgentJournal {
  const journal = openJournal(runDir, kind, session, parse)
  return {
    started: (pid, mark) => journal.change((before) => startedBy(before, pid, mark)),
    took: (taken) =>
      journal.change(({ taken: _before, ...entry } = {}) => ({ ...entry, ...(taken && { taken }) })),
    left: async () => (await forsaken(await journal.read())).taken,
    sweep: async () => endAgent(await forsaken(await journal.read())),
    end: async () => {
      await endAgent(await journal.read())
      await journal.clear()
    },
  }
}

async function startedBy({ taken }: Entry = {}, pid: number, mark: string): Promise<Entry> {
  const [owner, agent] = await Promise.all([identify(process.pid), identify(pid)])
  return { ...(owner && { owner }), ...(agent && { agent: { ...agent, mark } }), ...(taken && { taken }) }
}

/** Nothing while the owner runs: then the owner sees to the entry. */
const forsaken = async (entry: Entry = {}): Promise<Entry> =>
  entry.owner && (await isRunning(entry.owner)) ? {} : entry

async function endAgent({ agent }: Entry = {}): Promise<void> {
  if (agent) await endOrphan(agent, `POSTERN_AGENT=${agent.mark}`)
}

function parse(value: unknown): Entry {
  const { owner, agent, taken } = value as { [Name in keyof Entry]?: Partial<Entry[Name]> }
  return {
    ...(isIdentity(owner) && { owner }),
    ...(isIdentity(agent) && typeof agent.mark === 'string' && { agent: { ...agent, mark: agent.mark } }),
    ...(typeof taken?.deliveryId === 'string' &&
      typeof taken.turn === 'boolean' && {
        taken: { ...taken, deliveryId: taken.deliveryId, turn: taken.turn },
      }),
  }
}

const isIdentity = <Given extends Partial<ProcessIdentity>>(
  value: Given | undefined,
): value is Given & ProcessIdentity => typeof value?.pid === 'number' && typeof value.start === 'string'
