import type { DeliveryState } from '../domain/delivery.ts'
import type { SessionId } from '../domain/session.ts'
import type { Statement } from '../platform/platform.ts'
import { number, text } from './rows.ts'

/** Counts that every transaction keeps, so that nobody has to scan for them. */
export interface Tallies {
  states(): Readonly<Record<DeliveryState, number>>
  /** Unfinished deliveries of each session that ever had any. */
  queues(): ReadonlyMap<SessionId, number>
  /** A delivery came into a state, or left one. */
  count(state: DeliveryState, session: SessionId, by: 1 | -1): void
  /** Writes what was counted in this transaction. */
  flush(): void
  forget(): void
}

interface Loaded {
  readonly states: Record<DeliveryState, number>
  readonly queues: Map<SessionId, number>
}

export function createTallies(sql: (statement: string) => Statement): Tallies {
  const states = new Map<DeliveryState, number>()
  const queues = new Map<SessionId, number>()
  let loaded: Loaded | undefined
  const all = (): Loaded => {
    loaded ??= load(sql)
    return loaded
  }
  return {
    states: () => all().states,
    queues: () => all().queues,
    count(state, session, by) {
      const now = all()
      now.states[state] += by
      add(states, state, by)
      if (state !== 'PENDING' && state !== 'RETRY') return
      add(now.queues, session, by)
      add(queues, session, by)
    },
    flush() {
      for (const [state, by] of states) if (by !== 0) sql(addTally).run('state', state, by)
      for (const [session, by] of queues) if (by !== 0) sql(addTally).run('queue', session, by)
      states.clear()
      queues.clear()
    },
    forget() {
      states.clear()
      queues.clear()
      loaded = undefined
    },
  }
}

const add = <K>(counts: Map<K, number>, key: K, by: number) => counts.set(key, (counts.get(key) ?? 0) + by)

function load(sql: (statement: string) => Statement): Loaded {
  const states: Record<string, number> & Loaded['states'] = { PENDING: 0, RETRY: 0, DELIVERED: 0, FAILED: 0 }
  const queues = new Map<SessionId, number>()
  for (const row of sql(`SELECT name, n FROM tallies WHERE kind = 'state'`).all())
    states[text(row.name)] = number(row.n)
  for (const row of sql(`SELECT name, n FROM tallies WHERE kind = 'queue'`).all())
    queues.set(text(row.name) as SessionId, number(row.n))
  return { states, queues }
}

const addTally = `INSERT INTO tallies (kind, name, n) VALUES (?, ?, ?)
  ON CONFLICT (kind, name) DO UPDATE SET n = n + excluded.n`
