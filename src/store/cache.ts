import type { Grant, GrantId } from '../domain/grant.ts'
import type { Host } from '../domain/host.ts'
import type { NoticeRule } from '../domain/notice.ts'
import type { Pause, PauseTarget } from '../domain/pause.ts'
import type { Session, SessionId } from '../domain/session.ts'
import type { SqlRow } from '../platform/platform.ts'
import { type Arrival, createArrival } from './arrival.ts'
import type { Sql } from './connection.ts'
import { type Counts, writeCounts } from './counts.ts'
import { createHeads, type Heads } from './heads.ts'
import { createHistoryCounts, type HistoryCounts } from './history-counts.ts'
import { grantOf, hostOf, noticeRuleOf, number, sessionOf, text } from './rows.ts'
import { createTallies, type Tallies } from './tallies.ts'

/**
 * What this process has read of the database, so that a knock costs no query. Dropped as soon as another process
 * wrote, and after every transaction that was undone.
 */
export interface Cache
  extends Pick<Tallies, 'states' | 'queues' | 'queue' | 'count'>,
    Pick<HistoryCounts, 'countInHistory'>,
    Heads,
    Arrival {
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
  /** By name. */
  hosts(): readonly Host[]
  /** A host changed, or came to be. */
  forgetHosts(): void
  /** Who wants to be told of what. */
  noticeRules(): readonly NoticeRule[]
  /** They changed in this transaction. */
  forgetNoticeRules(): void
  /** Writes what was counted in this transaction. */
  flush(): void
  forgetAll(): void
  /** Others have stored or ended deliveries; grants, sessions and pauses are as they were. */
  forgetDeliveries(): void
}

const mostGrants = 10_000

export function createCache(
  sql: Sql,
  write = writeCounts,
  newest: () => SqlRow | undefined = () => undefined,
): Cache {
  const grants = new Map<GrantId, Grant>()
  /** Of which others may have used up what is left. */
  const limited = new Set<GrantId>()
  const used = new Map<GrantId, { readonly n: number; readonly at: number }>()
  const tallies = createTallies(sql)
  const history = createHistoryCounts()
  const arrival = createArrival(sql, newest)
  const heads = createHeads(sql, { queue: tallies.queue, pauses: () => loadPauses() })
  let sessions: Map<SessionId, Session> | undefined
  let hosts: readonly Host[] | undefined
  let rules: readonly NoticeRule[] | undefined
  let pauses: ReadonlyMap<PauseTarget, number> | undefined

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
  const takeUses = (): Counts['uses'] => {
    const taken = [...used].map(([id, { n, at }]) => [id, n, at] as const)
    for (const [id, n, at] of taken) {
      const grant = grants.get(id)
      if (grant)
        grants.set(id, { ...grant, uses: grant.uses + n, lastUsedAt: Math.max(grant.lastUsedAt ?? 0, at) })
    }
    used.clear()
    return taken
  }
  const loadGrant = (id: GrantId): Grant | undefined => {
    const row = sql('SELECT * FROM grants WHERE id = ?').get(id)
    if (!row) return undefined
    if (grants.size >= mostGrants) grants.clear()
    const grant = grantOf(row)
    grants.set(id, grant)
    if (grant.maxUses !== undefined) limited.add(id)
    return grant
  }

  const forgetDeliveries = () => {
    used.clear()
    heads.forget()
    tallies.forget()
    history.forget()
    arrival.forget()
    hosts = undefined
    rules = undefined
    for (const id of limited) grants.delete(id)
    limited.clear()
  }

  return {
    ...tallies,
    ...heads,
    ...arrival,
    countInHistory: history.countInHistory,
    grant: (id) => grants.get(id) ?? loadGrant(id),
    forgetGrant(id) {
      write(sql, { uses: takeUses(), tallies: [], history: [] })
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
      heads.forget()
    },
    session: (id) => loadSessions().get(id),
    sessions: () => [...loadSessions().values()],
    forgetSession(id) {
      const row = sessions?.has(id) ? sql('SELECT * FROM sessions WHERE id = ?').get(id) : undefined
      if (row) sessions?.set(id, sessionOf(row))
      else sessions = undefined
    },
    hosts() {
      hosts ??= sql('SELECT * FROM hosts ORDER BY name').all().map(hostOf)
      return hosts
    },
    forgetHosts() {
      hosts = undefined
    },
    noticeRules() {
      rules ??= sql('SELECT * FROM notice_rules ORDER BY place').all().map(noticeRuleOf)
      return rules
    },
    forgetNoticeRules() {
      rules = undefined
    },
    flush() {
      write(sql, { uses: takeUses(), tallies: tallies.take(), history: history.take() })
      heads.written()
    },
    forgetDeliveries,
    forgetAll() {
      forgetDeliveries()
      grants.clear()
      sessions = undefined
      pauses = undefined
    },
  }
}

const listPauses = (sql: Sql): readonly Pause[] =>
  sql('SELECT target, since FROM pauses ORDER BY target')
    .all()
    .map((row) => ({ target: text(row.target) as PauseTarget, since: number(row.since) }))
