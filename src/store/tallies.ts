import type { DeliveryState } from '../domain/delivery.ts'
import type { SessionId } from '../domain/session.ts'
import type { Sql } from './connection.ts'
import type { Counts } from './counts.ts'
import { number, text } from './rows.ts'

/** Counts that every transaction keeps, so that nobody has to scan for them. */
export interface Tallies {
  states(): Readonly<Record<DeliveryState, number>>
  /** Unfinished deliveries of each session that ever had any. */
  queues(): ReadonlyMap<SessionId, number>
  /** Of one session; it is not worth reading them all. */
  queue(session: SessionId): number
  /** A delivery came into a state, or left one. */
  count(state: DeliveryState, session: SessionId, by: 1 | -1): void
  /** What was counted in this transaction and is to be written. */
  take(): Counts['tallies']
  forget(): void
}

interface LoadedTallies {
  readonly states: Record<DeliveryState, number>
  readonly queues: Map<SessionId, number>
}

export function createTallies(sql: Sql): Tallies {
  const states = new Map<DeliveryState, number>()
  const queues = new Map<SessionId, number>()
  const single = new Map<SessionId, number>()
  let loaded: LoadedTallies | undefined
  /** What was counted since is not written yet. */
  const all = (): LoadedTallies => {
    if (loaded) return loaded
    loaded = loadTallies(sql)
    for (const [state, by] of states) loaded.states[state] += by
    for (const [session, by] of queues) addTo(loaded.queues, session, by)
    single.clear()
    return loaded
  }
  return {
    states: () => all().states,
    queues: () => all().queues,
    queue(session) {
      const known = loaded?.queues.get(session) ?? (loaded ? 0 : single.get(session))
      if (known !== undefined) return known
      const now = number(sql(oneQueue).get(session)?.n ?? 0) + (queues.get(session) ?? 0)
      single.set(session, now)
      return now
    },
    count(state, session, by) {
      if (loaded) loaded.states[state] += by
      addTo(states, state, by)
      if (state !== 'PENDING' && state !== 'RETRY') return
      if (loaded) addTo(loaded.queues, session, by)
      else if (single.has(session)) addTo(single, session, by)
      addTo(queues, session, by)
    },
    take() {
      const counted = [
        ...[...states].map(([state, by]) => ['state', state, by] as const),
        ...[...queues].map(([session, by]) => ['queue', session, by] as const),
      ].filter(([, , by]) => by !== 0)
      states.clear()
      queues.clear()
      return counted
    },
    forget() {
      states.clear()
      queues.clear()
      single.clear()
      loaded = undefined
    },
  }
}

const addTo = <K>(counts: Map<K, number>, key: K, by: number) => counts.set(key, (counts.get(key) ?? 0) + by)

function loadTallies(sql: Sql): LoadedTallies {
  const states = { PENDING: 0, RETRY: 0, DELIVERED: 0, FAILED: 0 }
  const queues = new Map<SessionId, number>()
  for (const { kind, name, n } of sql(bothKinds).all())
    if (kind === 'state') states[text(name) as DeliveryState] = number(n)
    else queues.set(text(name) as SessionId, number(n))
  return { states, queues }
}

const bothKinds = `SELECT kind, name, n FROM tallies WHERE kind IN ('state', 'queue')`
const oneQueue = `SELECT n FROM tallies WHERE kind = 'queue' AND name = ?`
