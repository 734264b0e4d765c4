import type { NoticeStore } from '../domain/notice-store.ts'
import type { DoorStore, Store } from '../domain/ports.ts'
import { createCache } from './cache.ts'
import { openReading, type Sql } from './connection.ts'
import { type ReadContext, readNow, type StoreDeps } from './context.ts'
import { findDecision, listDecisions } from './decisions.ts'
import { examine } from './examine.ts'
import { listGrants } from './grants.ts'
import { noticeReads } from './notices.ts'
import { inspect, knocksByHour, list } from './queries.ts'
import { countRefusals, listRefusals } from './refusals.ts'
import { number } from './rows.ts'
import { createStoreTime } from './saved-time.ts'
import { readDelivery } from './settle.ts'
import { findWait, listWaits } from './waits.ts'

/** What is read of the store without writing, as the last commit left it. */
export type Reads = Pick<
  DoorStore,
  | 'findGrant'
  | 'findSession'
  | 'listSessions'
  | 'listPauses'
  | 'findDelivery'
  | 'inspectDelivery'
  | 'listGrants'
  | 'listDeliveries'
  | 'knocksByHour'
  | 'listRefusals'
  | 'countRefusals'
  | 'findDecision'
  | 'listDecisions'
  | 'findWait'
  | 'listWaits'
> &
  Pick<NoticeStore, 'dueNotices' | 'listNotices' | 'noticeHealth'> &
  Pick<Store, 'examine'>

export const readsOf = (context: ReadContext): Reads => ({
  findGrant: (id) => context.read(() => context.cache.grant(id)),
  findSession: (id) => context.read(() => context.cache.session(id)),
  listSessions: () => context.read(() => context.cache.sessions()),
  listPauses: () =>
    context.read(() => [...context.cache.pauses()].map(([target, since]) => ({ target, since }))),
  findDelivery: (id) => context.read(() => readDelivery(context, id)),
  inspectDelivery: (id) => context.read(() => inspect(context, id)),
  listGrants: (filter) => listGrants(context, filter),
  listDeliveries: (filter) => list(context, filter),
  knocksByHour: (from, hours) => knocksByHour(context, from, hours),
  listRefusals: (filter) => context.read(() => listRefusals(context, filter)),
  countRefusals: (fromHour) => context.read(() => countRefusals(context, fromHour)),
  findDecision: (id) => context.read(() => findDecision(context, id)),
  listDecisions: (filter) => context.read(() => listDecisions(context, filter)),
  findWait: (by) => context.read(() => findWait(context, by)),
  listWaits: (filter) => context.read(() => listWaits(context, filter)),
  examine: () => context.read(() => examine(context)),
  ...noticeReads(context),
})

export interface Reader extends Reads {
  /** True when anybody committed since the last call. */
  readonly changed: () => boolean
  /** The next read looks whether anything changed. */
  readonly doubt: () => void
  readonly close: () => void
}

type ReaderDeps = Pick<StoreDeps, 'platform' | 'path' | 'now' | 'steady'>

const busyMs = 50

/** How long it is believed that no other process has written. Every knock reads; what it stores is judged once more by the writer. */
const believedMs = 1

/** A connection that only reads, beside a writer that has opened the database before. Throws `home_unusable`. */
export function openReader(deps: ReaderDeps): Reader {
  const connection = openReading({ ...deps, busyMs })
  const { sql } = connection
  const cache = createCache(sql)
  const time = createStoreTime(sql, { ...deps, role: 'reader' })
  let believed = changesIn(sql)
  let committed = false
  let unread = false
  let lookedAt = Number.NEGATIVE_INFINITY
  const look = () => {
    const at = performance.now()
    if (connection.changed()) {
      committed = true
      unread = true
    }
    if (unread) follow()
    lookedAt = at
  }
  // Grants and sessions are believed until one of them changed: every knock commits, few change these. What cannot be read now
  // is unread the next time, too.
  const follow = () => {
    const changes = changesIn(sql)
    if (changes !== believed) {
      cache.forgetAll()
      time.reread()
      believed = changes
    }
    unread = false
  }
  const refresh = () => {
    if (performance.now() - lookedAt >= believedMs) look()
  }
  const context: ReadContext = { sql, cache, time, read: (act) => readNow(refresh, act) }
  return {
    ...readsOf(context),
    changed: () => {
      look()
      const changed = committed
      committed = false
      return changed
    },
    doubt: () => {
      lookedAt = Number.NEGATIVE_INFINITY
    },
    close: connection.close,
  }
}

/** How often a grant, a session or the clock changed (migration 0004). */
const changesIn = (sql: Sql): number =>
  number(sql(`SELECT n FROM tallies WHERE kind = 'changes'`).get()?.n ?? 0)
