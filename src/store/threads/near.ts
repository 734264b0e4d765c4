import type { GrantId } from '../../domain/grant.ts'
import type { SessionId } from '../../domain/session.ts'
import { type Reader, type Reads, withSession } from '../reader.ts'
import type { Remote } from './remote.ts'

/** What every knock reads. */
export type Near = Omit<Reader, keyof Reads> &
  Pick<
    Reader,
    | 'findGrant'
    | 'findSession'
    | 'atHand'
    | 'findDecision'
    | 'findDelivery'
    | 'findWait'
    | 'listDecisions'
    | 'listWaits'
    | 'listSessions'
    | 'commits'
    | 'listPauses'
    | 'listHosts'
    | 'listDoors'
    | 'storeServer'
    | 'dueNotices'
  >

/**
 * Where the database is not of this machine, answers are waited for in another thread. Grants and sessions that are there are kept,
 * for as long as that thread says that none has changed.
 */
export function acrossThreads(
  reader: () => Promise<Remote>,
  heard: () => number | undefined = () => undefined,
): Near {
  const { find, doubt } = cachedBy(async () => (await reader()).call('edits'), heard)
  const grants = find(async (id: GrantId) => (await reader()).call('findGrant', id))
  const grantAnew = async (id: GrantId) => (await reader()).call('findGrant', id, 'anew')
  const sessions = find(async (id: SessionId) => (await reader()).call('findSession', id))
  const sessionAnew = async (id: SessionId) => (await reader()).call('findSession', id, 'anew')
  const lists = find(async (_: 'all') => (await reader()).call('listSessions'))
  return {
    findGrant: (id, how) => (how === 'anew' ? grantAnew(id) : grants.get(id)),
    findSession: (id, how) => (how === 'anew' ? sessionAnew(id) : sessions.get(id)),
    atHand: (id) => withSession(grants.atHand(id), sessions.atHand),
    findDecision: async (id) => (await reader()).call('findDecision', id),
    findDelivery: async (id) => (await reader()).call('findDelivery', id),
    findWait: async (by) => (await reader()).call('findWait', by),
    listDecisions: async (filter) => (await reader()).call('listDecisions', filter),
    listWaits: async (filter) => (await reader()).call('listWaits', filter),
    listSessions: async () => (await lists.get('all')) ?? [],
    commits: async () => (await reader()).call('commits'),
    listPauses: async () => (await reader()).call('listPauses'),
    listHosts: async () => (await reader()).call('listHosts'),
    listDoors: async () => (await reader()).call('listDoors'),
    storeServer: async () => (await reader()).call('storeServer'),
    dueNotices: async (now, rules) => (await reader()).call('dueNotices', now, rules),
    changed: () => true,
    doubt,
    close: () => {},
  }
}

/** How long it is believed that nothing has changed since it was asked. What a knock stores is judged once more by the writer. */
const believedMs = 10
/** Most of a kind that are kept. */
const most = 10_000

/**
 * Keeps what is found until `edits` gives another number, which is asked only where none was `heard`; what is not there is looked for
 * each time.
 */
function cachedBy(edits: () => Promise<number>, heard: () => number | undefined) {
  const caches: Map<string, unknown>[] = []
  let seen: number | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  let asked: Promise<void> = Promise.resolve()
  let cleared = 0
  const see = (now: number) => {
    if (now === seen) return
    seen = now
    cleared += 1
    for (const each of caches) each.clear()
  }
  let pending = 0
  const ask = async () => {
    pending += 1
    try {
      see(await edits())
    } catch (thrown) {
      askedAt = Number.NEGATIVE_INFINITY
      throw thrown
    } finally {
      pending -= 1
    }
  }
  /** Undefined where nothing need be waited for. */
  const fresh = (): Promise<void> | undefined => {
    const at = performance.now()
    const newest = heard()
    // A smaller one is on its way since before it was asked.
    if (newest !== undefined && seen !== undefined && newest > seen) see(newest)
    if (askedAt > Number.NEGATIVE_INFINITY) {
      if (pending > 0) return asked
      if (newest !== undefined || at - askedAt < believedMs) return undefined
    }
    askedAt = at
    asked = ask()
    // Who only takes what is at hand waits for none of it.
    asked.catch(() => {})
    return asked
  }
  return {
    find: <K extends string, V>(read: (key: K) => Promise<V | undefined>) => {
      const those = new Map<K, V>()
      caches.push(those as Map<string, unknown>)
      const look = async (key: K, stale: Promise<void> | undefined): Promise<V | undefined> => {
        await stale
        const known = those.get(key)
        if (known !== undefined) return known
        const before = cleared
        const found = await read(key)
        if (found === undefined || cleared !== before) return found
        if (those.size >= most) those.clear()
        those.set(key, found)
        return found
      }
      return {
        get: (key: K): Promise<V | undefined> => {
          const stale = fresh()
          const known = stale ? undefined : those.get(key)
          return known === undefined ? look(key, stale) : Promise.resolve(known)
        },
        atHand: (key: K): V | undefined => (fresh() ? undefined : those.get(key)),
      }
    },
    /** The next one asks. */
    doubt: () => {
      askedAt = Number.NEGATIVE_INFINITY
    },
  }
}
