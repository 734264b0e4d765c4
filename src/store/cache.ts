import { type DeliveryId, timeOfId } from '../domain/delivery.ts'
import type { Grant, GrantId } from '../domain/grant.ts'
import type { NoticeRule } from '../domain/notice.ts'
import { type Pause, type PauseTarget, pauseOfSession } from '../domain/pause.ts'
import type { Session, SessionId } from '../domain/session.ts'
import type { Sql } from './connection.ts'
import { grantOf, noticeRuleOf, number, orUndefined, sessionOf, text } from './rows.ts'
import { createTallies, type Tallies } from './tallies.ts'

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

/**
 * What this process has read of the database, so that a knock costs no query. Dropped as soon as another process
 * wrote, and after every transaction that was undone.
 */
export interface Cache extends Pick<Tallies, 'states' | 'queues' | 'count'> {
  grant(id: GrantId): Grant | undefined
  /** A grant changed in this transaction. */
  forgetGrant(id: GrantId): void
  /** A grant was used in this transaction. */
  used(grant: GrantId, at: number): void
  /** The grant with its uses in this transaction. */
  counted(grant: Grant): Grant
  /** Hooks and sessions that are paused, with the time since when. */
  pauses(): ReadonlyMap<PauseTarget, number>
  /** Something was paused or resumed in this transaction. */
  forgetPauses(): void
  session(id: SessionId): Session | undefined
  sessions(): readonly Session[]
  /** A session changed, or came to be, in this transaction. */
  forgetSession(id: SessionId): void
  /** Of what is not paused; null when nothing of that is unfinished. */
  head(session: SessionId): Head | null
  /** A first unfinished delivery where there was none. */
  setHead(session: SessionId, head: Head): void
  forgetHead(session: SessionId): void
  /** Who wants to be told of what. */
  noticeRules(): readonly NoticeRule[]
  /** They changed in this transaction. */
  forgetNoticeRules(): void
  /** The next place in the order of arrival. */
  nextSeq(): number
  /** The time for the next id: above that of every id before, whatever the clock says. */
  idTime(now: number): number
  /** Writes what was counted in this transaction. */
  flush(): void
  forgetAll(): void
}

const mostGrants = 10_000

export function createCache(sql: Sql): Cache {
  const grants = new Map<GrantId, Grant>()
  const used = new Map<GrantId, { readonly n: number; readonly at: number }>()
  const heads = new Map<SessionId, Head | null>()
  const tallies = createTallies(sql)
  let sessions: Map<SessionId, Session> | undefined
  let rules: readonly NoticeRule[] | undefined
  let pauses: ReadonlyMap<PauseTarget, number> | undefined
  let lastSeq: number | undefined
  let lastIdTime: number | undefined

  const loadSessions = () => {
    sessions ??= new Map(
      sql('SELECT * FROM sessions ORDER BY id')
        .all()
        .map(sessionOf)
        .map((session) => [session.id, session]),
    )
    return sessions
  }
  const loadPauses = () => {
    pauses ??= new Map(listPauses(sql).map(({ target, since }) => [target, since]))
    return pauses
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
    ...tallies,
    grant: (id) => grants.get(id) ?? loadGrant(id),
    forgetGrant(id) {
      flushUses()
      grants.delete(id)
    },
    used(id, at) {
      used.set(id, { n: (used.get(id)?.n ?? 0) + 1, at })
    },
    counted(grant) {
      const n = used.get(grant.id)?.n
      return n === undefined ? grant : { ...grant, uses: grant.uses + n }
    },
    pauses: loadPauses,
    forgetPauses() {
      pauses = undefined
      heads.clear()
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
      const head = tallies.queues().get(session) ? loadHead(sql, session, loadPauses()) : null
      heads.set(session, head)
      return head
    },
    setHead: (session, head) => void heads.set(session, head),
    forgetHead: (session) => void heads.delete(session),
    noticeRules() {
      rules ??= sql('SELECT * FROM notice_rules ORDER BY place').all().map(noticeRuleOf)
      return rules
    },
    forgetNoticeRules() {
      rules = undefined
    },
    nextSeq() {
      lastSeq ??= number(sql(newestSeq).get()?.seq)
      lastSeq += 1
      return lastSeq
    },
    idTime(now) {
      lastIdTime ??= newestIdTime(sql)
      lastIdTime = Math.max(now, lastIdTime + 1)
      return lastIdTime
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
      rules = undefined
      pauses = undefined
      lastSeq = undefined
      lastIdTime = undefined
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

const listPauses = (sql: Sql): readonly Pause[] =>
  sql('SELECT target, since FROM pauses ORDER BY target')
    .all()
    .map((row) => ({ target: text(row.target) as PauseTarget, since: number(row.since) }))

function newestIdTime(sql: Sql): number {
  const row = sql('SELECT id FROM deliveries ORDER BY seq DESC LIMIT 1').get()
  const purged = sql("SELECT n FROM tallies WHERE kind = 'purged' AND name = 'idTime'").get()
  return Math.max(row ? timeOfId(text(row.id) as DeliveryId) : 0, number(purged?.n ?? 0))
}

/** A place is never given twice, also when the newest delivery was purged meanwhile. */
const newestSeq = `SELECT MAX((SELECT COALESCE(MAX(seq), 0) FROM deliveries),
    COALESCE((SELECT n FROM tallies WHERE kind = 'purged' AND name = 'seq'), 0)) AS seq`

const useGrant =
  'UPDATE grants SET uses = uses + ?, last_used_at = MAX(COALESCE(last_used_at, 0), ?) WHERE id = ?'
