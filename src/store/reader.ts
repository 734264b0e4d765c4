import type { Grant } from '../domain/grant.ts'
import type { NoticeStore } from '../domain/notice-store.ts'
import type { DoorStore, Store } from '../domain/ports.ts'
import type { Session, SessionId } from '../domain/session.ts'
import { createCache } from './cache.ts'
import { openReading } from './connection.ts'
import type { ReadContext, StoreDeps } from './context.ts'
import { findDecision, listDecisions } from './decisions.ts'
import { examine } from './examine.ts'
import { listGrants } from './grants.ts'
import { history } from './history.ts'
import { commitsIn } from './mark.ts'
import { noticeReads } from './notices.ts'
import { openPostgres } from './postgres/connection.ts'
import { countEnded, inspect, list } from './queries.ts'
import { oncePerTurn, readAtHand, readNow } from './read-now.ts'
import { countRefusals, listRefusals } from './refusals.ts'
import { createStoreTime } from './saved-time.ts'
import { readDelivery } from './settle.ts'
import { sharedReads } from './shared.ts'
import { findWait, listWaits } from './waits.ts'

/** What is read of the store without writing, as the last commit left it. */
export type Reads = Pick<
  DoorStore,
  | 'findGrant'
  | 'findSession'
  | 'atHand'
  | 'listSessions'
  | 'commits'
  | 'listPauses'
  | 'findDelivery'
  | 'inspectDelivery'
  | 'listGrants'
  | 'listDeliveries'
  | 'countEnded'
  | 'history'
  | 'listRefusals'
  | 'countRefusals'
  | 'findDecision'
  | 'listDecisions'
  | 'findWait'
  | 'listWaits'
  | 'listHosts'
> &
  Pick<Store, 'listDoors' | 'storeServer' | 'listLogins' | 'findNote'> &
  Pick<NoticeStore, 'dueNotices' | 'listNotices' | 'noticeHealth'> &
  Pick<Store, 'examine'> & {
    /** How often a grant, a session, a pause or the clock was changed: while that is the same they are. */
    readonly edits: () => Promise<number>
  }

export const readsOf = (context: ReadContext): Reads => ({
  findGrant: (id, how) => readWith(context, how)(() => context.cache.grant(id)),
  findSession: (id, how) => readWith(context, how)(() => context.cache.session(id)),
  atHand: (id) => context.atHand(() => withSession(context.cache.grant(id), context.cache.session)),
  listSessions: () => context.read(() => context.cache.sessions()),
  commits: () => context.read(() => commitsIn(context.sql)),
  edits: () => context.read(context.edits),
  listPauses: () =>
    context.read(() => [...context.cache.pauses()].map(([target, since]) => ({ target, since }))),
  findDelivery: (id) => context.read(() => readDelivery(context, id)),
  inspectDelivery: (id) => context.read(() => inspect(context, id)),
  listGrants: (filter) => listGrants(context, filter),
  listDeliveries: (filter) => list(context, filter),
  countEnded: (session) => context.read(() => countEnded(context, session)),
  history: (from, stepMs, steps) => context.read(() => history(context, from, stepMs, steps)),
  listRefusals: (filter) => context.read(() => listRefusals(context, filter)),
  countRefusals: (fromHour) => context.read(() => countRefusals(context, fromHour)),
  findDecision: (id) => context.read(() => findDecision(context, id)),
  listDecisions: (filter) => context.read(() => listDecisions(context, filter)),
  findWait: (by) => context.read(() => findWait(context, by)),
  listWaits: (filter) => context.read(() => listWaits(context, filter)),
  listHosts: () => context.read(() => context.cache.hosts()),
  examine: () => context.read(() => examine(context)),
  ...noticeReads(context),
  ...sharedReads(context),
})

/** `DoorStore.atHand`, by what finds sessions. */
export function withSession(
  grant: Grant | undefined,
  find: (id: SessionId) => Session | undefined,
): ReturnType<DoorStore['atHand']> {
  const session = grant?.session === undefined ? undefined : find(grant.session)
  return grant && session && { grant, session }
}

const readWith = ({ read, readAnew }: ReadContext, how: 'anew' | undefined) =>
  how === 'anew' ? readAnew : read

export interface Reader extends Reads {
  /** True when anybody committed since the last call. */
  readonly changed: () => boolean
  /** The next read looks whether anything changed. */
  readonly doubt: () => void
  readonly close: () => void
}

interface ReaderDeps extends Pick<StoreDeps, 'platform' | 'path' | 'postgres' | 'now' | 'steady'> {
  /** `believedMs` where it is not said. */
  readonly believesMs?: number
}

const busyMs = 50

/** How long it is believed that no other process has written: by knocks, which the writer judges once more, and by whoever else reads. */
const [knockMs, believedMs] = [10, 1]

/** A connection that only reads, beside a writer that has opened the database before. Throws `home_unusable`. */
export function openReader(deps: ReaderDeps): Reader {
  const { postgres, believesMs = believedMs } = deps
  const connection = postgres ? openPostgres(postgres) : openReading({ ...deps, busyMs })
  const { sql } = connection
  const cache = createCache(sql)
  const time = createStoreTime(sql, { ...deps, role: 'reader' }, postgres && 'postgres')
  let believed = connection.edits()
  let committed = false
  let unread = false
  let lookedAt = Number.NEGATIVE_INFINITY
  const look = () => {
    const at = performance.now()
    if (connection.changed()) {
      committed = true
      unread = true
      // Every few seconds each of them says that it is still there, which changes nothing else.
      cache.forgetHosts()
    }
    if (unread) follow()
    lookedAt = at
  }
  // Grants and sessions are believed until one of them changed: every knock commits, few change these. What cannot be read now
  // is unread the next time, too.
  const follow = () => {
    const changes = connection.edits()
    if (changes !== believed) {
      cache.forgetAll()
      time.reread()
      believed = changes
    }
    unread = false
  }
  const lookAfter = (ms: number) => () => {
    if (performance.now() - lookedAt >= ms) look()
  }
  const refresh = postgres ? oncePerTurn(look) : lookAfter(believesMs)
  const refreshForKnock = lookAfter(knockMs)
  const context: ReadContext = {
    engine: postgres ? 'postgres' : 'sqlite',
    edits: () => believed,
    sql,
    cache,
    time,
    read: (act) => readNow(refresh, act),
    atHand: (act) => readAtHand(refreshForKnock, act),
    readAnew: (act) => readNow(look, act),
  }
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
