import type { DeliveryState } from '../domain/delivery.ts'
import type { SessionId } from '../domain/session.ts'
import type { Sql } from './connection.ts'
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

interface LoadedTallies {
  readonly states: Record<DeliveryState, number>
  readonly queues: Map<SessionId, number>
}

export function createTallies(sql: Sql): Tallies {
  const states = new Map<DeliveryState, number>()
  const queues = new Map<SessionId, number>()
  let loaded: LoadedTallies | undefined
  const all = (): LoadedTallies => {
    loaded ??= loadTallies(sql)
    return loaded
  }
  return {
    states: () => all().states,
    queues: () => all().queues,
    count(state, session, by) {
      const now = all()
      now.states[state] += by
      addTo(states, state, by)
      if (state !== 'PENDING' && state !== 'RETRY') return
      addTo(now.queues, session, by)
      addTo(queues, session, by)
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

const addTo = <K>(counts: Map<K, number>, key: K, by: number) => counts.set(key, (counts.get(key) ?? 0) + by)

function loadTallies(sql: Sql): LoadedTallies {
  const of = (kind: 'state' | 'queue') =>
    sql('SELECT name, n FROM tallies WHERE kind = ?')
      .all(kind)
      .map((row) => [text(row.name), number(row.n)] as const)
  return {
    states: { PENDING: 0, RETRY: 0, DELIVERED: 0, FAILED: 0, ...Object.fromEntries(of('state')) },
    queues: new Map(of('queue').map(([session, n]) => [session as SessionId, n])),
  }
}

const addTally = `INSERT INTO tallies (kind, name, n) VALUES (?, ?, ?)
  ON CONFLICT (kind, name) DO UPDATE SET n = n + excluded.n`
