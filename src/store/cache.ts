import type { Grant, GrantId } from '../domain/grant.ts'
import type { Session, SessionId } from '../domain/session.ts'
import type { Statement } from '../platform/platform.ts'
import { grantOf, number, orUndefined, sessionOf } from './rows.ts'
import { createTallies, type Tallies } from './tallies.ts'

/** The oldest unfinished delivery of a session. */
export interface Head {
  readonly seq: number
  readonly dueAt: number
  readonly leasedUntil: number | undefined
  readonly receivedAt: number
  readonly expiresAt: number
}

/**
 * What this process remembers of the database, so that a knock costs no query. Dropped as soon as another process
 * wrote, and after every transaction that was undone.
 */
export interface Remembered {
  readonly tallies: Tallies
  readonly count: Tallies['count']
  grant(id: GrantId): Grant | undefined
  /** A grant changed in this transaction. */
  forgetGrant(id: GrantId): void
  /** A grant was used in this transaction. */
  used(grant: GrantId, at: number): void
  session(id: SessionId): Session | undefined
  sessions(): readonly Session[]
  /** A session changed, or came to be, in this transaction. */
  forgetSession(id: SessionId): void
  /** Null when nothing of that session is unfinished. */
  head(session: SessionId): Head | null
  /** A first unfinished delivery where there was none. */
  setHead(session: SessionId, head: Head): void
  forgetHead(session: SessionId): void
  /** The next place in the order of arrival. */
  nextSeq(): number
  /** Writes what was counted in this transaction. */
  flush(): void
  forgetAll(): void
}

const mostGrants = 10_000

export function createRemembered(sql: (statement: string) => Statement): Remembered {
  const grants = new Map<GrantId, Grant>()
  const used = new Map<GrantId, { readonly n: number; readonly at: number }>()
  const heads = new Map<SessionId, Head | null>()
  const tallies = createTallies(sql)
  let sessions: Map<SessionId, Session> | undefined
  let lastSeq: number | undefined

  const loadSessions = () => {
    sessions ??= new Map(
      sql('SELECT * FROM sessions ORDER BY id')
        .all()
        .map(sessionOf)
        .map((session) => [session.id, session]),
    )
    return sessions
  }
  const flushUses = () => {
    for (const [id, { n, at }] of used) {
      sql(useGrant).run(n, at, id)
      const grant = grants.get(id)
      if (grant)
        grants.set(id, { ...grant, uses: grant.uses + n, lastUsedAt: Math.max(grant.lastUsedAt ?? 0, at) })
    }
    used.clear()
  }
  const loadGrant = (id: GrantId): Grant | undefined => {
    const row = sql('SELECT * FROM grants WHERE id = ?').get(id)
    if (!row) return undefined
    if (grants.size >= mostGrants) grants.clear()
    const grant = grantOf(row)
    grants.set(id, grant)
    return grant
  }

  return {
    tallies,
    count: tallies.count,
    grant: (id) => grants.get(id) ?? loadGrant(id),
    forgetGrant(id) {
      flushUses()
      grants.delete(id)
    },
    used(id, at) {
      used.set(id, { n: (used.get(id)?.n ?? 0) + 1, at })
    },
    session: (id) => loadSessions().get(id),
    sessions: () => [...loadSessions().values()],
    forgetSession(id) {
      const row = sessions?.has(id) ? sql('SELECT * FROM sessions WHERE id = ?').get(id) : undefined
      if (row) sessions?.set(id, sessionOf(row))
      else sessions = undefined
    },
    head(session) {
      const known = heads.get(session)
      if (known !== undefined) return known
      const head = tallies.queues().get(session) ? loadHead(sql, session) : null
      heads.set(session, head)
      return head
    },
    setHead: (session, head) => void heads.set(session, head),
    forgetHead: (session) => void heads.delete(session),
    nextSeq() {
      lastSeq ??= number(sql(newestSeq).get()?.seq)
      lastSeq += 1
      return lastSeq
    },
    flush() {
      flushUses()
      tallies.flush()
    },
    forgetAll() {
      grants.clear()
      used.clear()
      heads.clear()
      tallies.forget()
      sessions = undefined
      lastSeq = undefined
    },
  }
}

function loadHead(sql: (statement: string) => Statement, session: SessionId): Head | null {
  const row = sql(
    `SELECT seq, due_at, leased_until, received_at, expires_at FROM deliveries
     WHERE session = ? AND state IN ('PENDING', 'RETRY') AND phase = 'deliver' ORDER BY seq LIMIT 1`,
  ).get(session)
  return row
    ? {
        seq: number(row.seq),
        dueAt: number(row.due_at),
        leasedUntil: orUndefined(row.leased_until, number),
        receivedAt: number(row.received_at),
        expiresAt: number(row.expires_at),
      }
    : null
}

/** A place is never given twice, also when the newest delivery was purged meanwhile. */
const newestSeq = `SELECT MAX((SELECT COALESCE(MAX(seq), 0) FROM deliveries),
    COALESCE((SELECT n FROM tallies WHERE kind = 'purged' AND name = 'seq'), 0)) AS seq`

const useGrant =
  'UPDATE grants SET uses = uses + ?, last_used_at = MAX(COALESCE(last_used_at, 0), ?) WHERE id = ?'
