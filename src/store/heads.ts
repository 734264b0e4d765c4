import { type PauseTarget, pauseOfSession } from '../domain/pause.ts'
import type { SessionId } from '../domain/session.ts'
import type { Sql } from './connection.ts'
import { number, orUndefined } from './rows.ts'

/** The oldest unfinished delivery of a session, but for what is paused. */
export interface Head {
  readonly seq: number
  readonly dueAt: number
  readonly leasedUntil: number | undefined
  readonly receivedAt: number
  readonly expiresAt: number
  /** `outlivesSession` in `domain/delivery.ts`. */
  readonly outlives: boolean
}

export interface Heads {
  /** Of what is not paused; null when nothing of that is unfinished. */
  head(session: SessionId): Head | null
  /** One more has come to the end of its session's queue. */
  append(session: SessionId, last: Head): void
  forgetHead(session: SessionId): void
}

interface HeadsDeps {
  /** Unfinished deliveries of a session. */
  readonly queue: (session: SessionId) => number
  readonly pauses: () => ReadonlyMap<PauseTarget, number>
}

export function createHeads(sql: Sql, { queue, pauses }: HeadsDeps) {
  const heads = new Map<SessionId, Head | null>()
  /** The first that came in this transaction to a queue whose head nobody had asked for; its row may not be written yet. */
  const came = new Map<SessionId, Head>()
  const load = (session: SessionId): Head | null => {
    if (queue(session) === 0) return null
    return loadHead(sql, session, pauses()) ?? came.get(session) ?? null
  }
  return {
    head(session: SessionId) {
      const known = heads.get(session)
      if (known !== undefined) return known
      const head = load(session)
      heads.set(session, head)
      return head
    },
    append(session: SessionId, last: Head) {
      const known = heads.get(session)
      if (known === null) heads.set(session, last)
      else if (known === undefined && !came.has(session)) came.set(session, last)
    },
    forgetHead(session: SessionId) {
      heads.delete(session)
      came.delete(session)
    },
    /** The rows of this transaction are written. */
    written: () => came.clear(),
    forget() {
      heads.clear()
      came.clear()
    },
  }
}

function loadHead(sql: Sql, session: SessionId, pauses: ReadonlyMap<PauseTarget, number>): Head | null {
  if (pauses.has(pauseOfSession(session))) return null
  const row = sql(
    `SELECT seq, due_at, leased_until, received_at, expires_at,
       source LIKE 'hook:%' AND accepted_at IS NULL AS outlives FROM deliveries
     WHERE session = ? AND state IN ('PENDING', 'RETRY') AND phase = 'deliver'
       ${pauses.size > 0 ? notPaused : ''} ORDER BY seq LIMIT 1`,
  ).get(session)
  return row
    ? {
        seq: number(row.seq),
        dueAt: number(row.due_at),
        leasedUntil: orUndefined(row.leased_until, number),
        receivedAt: number(row.received_at),
        expiresAt: number(row.expires_at),
        outlives: number(row.outlives) === 1,
      }
    : null
}

/** A paused hook's messages let others pass. What is under way ends all the same, and counts as the session's oldest until then. */
const notPaused = 'AND (leased_until IS NOT NULL OR source NOT IN (SELECT target FROM pauses))'
