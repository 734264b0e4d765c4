import type { Store } from '../../domain/ports.ts'
import { unavailable } from '../connection.ts'
import type { StoreDeps } from '../context.ts'
import { openReader } from '../reader.ts'
import { acrossThreads } from './near.ts'
import { type Remote, startThread } from './remote.ts'

interface ThreadedDeps
  extends Pick<
    StoreDeps,
    'platform' | 'path' | 'postgres' | 'revokedFile' | 'keysDir' | 'now' | 'steady' | 'onUpgrade'
  > {
  /** The module that calls `serveThread`. */
  readonly entry: URL
  /** Called once when the writing thread ends by itself: nothing can be stored any more, and everybody who waited was told. */
  readonly onDeath: (why: string) => void
  /** `Listener.edits` of the store, where there is one. */
  readonly heardEdits?: () => number | undefined
}

/** Who waits for a server of ours is to hear within a second that its database is gone. */
const goneAfterMs = 950

/**
 * The store of a server, whose event loop must not wait for the disk: one thread writes, another reads what may take long,
 * and what every knock reads comes from a connection of this thread. Throws `home_unusable`, saying what to do.
 */
export async function openThreadedStore(deps: ThreadedDeps): Promise<Store> {
  const { entry, path, revokedFile, keysDir, onDeath, onUpgrade } = deps
  const postgres = deps.postgres && { goneAfterMs, ...deps.postgres }
  const files = {
    path,
    ...(revokedFile !== undefined && { revokedFile }),
    ...(keysDir !== undefined && { keysDir }),
    ...(postgres && { postgres: { ...postgres, serves: true } }),
  }
  const writer = await startThread({ entry, setup: { kind: 'writer', ...files }, onDeath, onUpgrade })
  const far = onDemand((forget) =>
    startThread({ entry, setup: { kind: 'reader', path, ...(postgres && { postgres }) }, onDeath: forget }),
  )
  const near = postgres ? acrossThreads(far.get, deps.heardEdits) : openReader(deps)
  const { call } = writer
  /** What this process has changed itself is read anew by the very next knock. */
  const changing = async <T>(change: Promise<T>): Promise<T> => {
    const result = await change
    near.doubt()
    return result
  }
  return {
    findGrant: near.findGrant,
    findSession: near.findSession,
    atHand: near.atHand,
    listSessions: near.listSessions,
    commits: near.commits,
    listPauses: near.listPauses,
    findDecision: near.findDecision,
    listDecisions: near.listDecisions,
    findDelivery: near.findDelivery,
    dueNotices: near.dueNotices,
    findWait: near.findWait,
    listWaits: near.listWaits,
    listHosts: near.listHosts,
    listDoors: near.listDoors,
    storeServer: near.storeServer,

    inspectDelivery: async (id) => (await far.get()).call('inspectDelivery', id),
    listGrants: async (filter) => (await far.get()).call('listGrants', filter),
    listDeliveries: async (filter) => (await far.get()).call('listDeliveries', filter),
    history: async (from, stepMs, steps) => (await far.get()).call('history', from, stepMs, steps),
    listRefusals: async (filter) => (await far.get()).call('listRefusals', filter),
    countRefusals: async (fromHour) => (await far.get()).call('countRefusals', fromHour),
    listNotices: async (filter) => (await far.get()).call('listNotices', filter),
    noticeHealth: async (since) => (await far.get()).call('noticeHealth', since),
    examine: async () => (await far.get()).call('examine'),
    listLogins: async (under, now) => (await far.get()).call('listLogins', under, now),
    findNote: async (digest, name) => (await far.get()).call('findNote', digest, name),

    recordDelivery: writer.record,
    addGrant: (grant) => changing(call('addGrant', grant)),
    revokeGrant: (id, at) => changing(call('revokeGrant', id, at)),
    pauseGrant: (id, at) => changing(call('pauseGrant', id, at)),
    rotateGrant: (id, previousUntil) => changing(call('rotateGrant', id, previousUntil)),
    pause: (target, at) => changing(call('pause', target, at)),
    openSession: (session, options) => changing(call('openSession', session, options)),
    endSession: (id, generation, end) => changing(call('endSession', id, generation, end)),
    markSession: (id, generation, state, why) => changing(call('markSession', id, generation, state, why)),
    updateSettings: (id, generation, settings) => changing(call('updateSettings', id, generation, settings)),
    addHost: (name, tokenHash, at) => changing(call('addHost', name, tokenHash, at)),
    rotateHost: (name, tokenHash) => changing(call('rotateHost', name, tokenHash)),
    revokeHost: (name, at) => changing(call('revokeHost', name, at)),
    attachHost: (name, now, aliveUntil) => changing(call('attachHost', name, now, aliveUntil)),
    renewHost: (name, epoch, now, aliveUntil) => changing(call('renewHost', name, epoch, now, aliveUntil)),
    stepBack: (name, epoch, now) => changing(call('stepBack', name, epoch, now)),
    markAway: (now) => changing(call('markAway', now)),
    openDecision: (draft) => changing(call('openDecision', draft)),
    decide: (id, verdict, door, now) => changing(call('decide', id, verdict, door, now)),
    closeDecision: (id, end, now) => changing(call('closeDecision', id, end, now)),
    openWait: (order, most) => changing(call('openWait', order, most)),
    cancelWait: (id) => changing(call('cancelWait', id)),
    claimDue: (claim) => call('claimDue', claim),
    acceptDelivery: (id, attempt, now, evidence) => call('acceptDelivery', id, attempt, now, evidence),
    settleDelivery: (id, attempt, settlement, now) => call('settleDelivery', id, attempt, settlement, now),
    appendEvents: (id, attempt, events) => call('appendEvents', id, attempt, events),
    nextDue: (except, host) => call('nextDue', except, host),
    releaseLeases: (now, host) => call('releaseLeases', now, host),
    failQueued: (session, why, only) => call('failQueued', session, why, only),
    cancelDelivery: (id, now) => call('cancelDelivery', id, now),
    requeueDelivery: (id, now, expiresAt) => call('requeueDelivery', id, now, expiresAt),
    acknowledgeDelivery: (id, now) => call('acknowledgeDelivery', id, now),
    replyToDelivery: (id, answer, now) => call('replyToDelivery', id, answer, now),
    purgeDelivery: (id) => call('purgeDelivery', id),
    countEnded: async (session) => (await far.get()).call('countEnded', session),
    counts: () => call('counts'),
    recordRefusals: (refusals, counts) => call('recordRefusals', refusals, counts),
    // A knock asks both threads, and each has a connection of its own.
    probe: async () => void (await Promise.all([call('probe'), postgres && near.commits()])),
    setNoticeRules: (rules) => call('setNoticeRules', rules),
    noteHappening: (happening) => call('noteHappening', happening),
    noteInput: (session, generation, asked) => call('noteInput', session, generation, asked),
    noteWaiting: (before) => call('noteWaiting', before),
    settleNotice: (id, end, now) => call('settleNotice', id, end, now),
    purgeNotices: (before) => call('purgeNotices', before),
    rememberDoor: (name, facts) => call('rememberDoor', name, facts),
    addLogin: (under, login, now) => call('addLogin', under, login, now),
    noteLogin: (digest, seen) => call('noteLogin', digest, seen),
    endLogins: (digests) => call('endLogins', digests),
    addLink: (under, digest, expiresAt) => call('addLink', under, digest, expiresAt),
    takeLink: (under, digest, now) => call('takeLink', under, digest, now),
    leaveNote: (digest, name, note) => call('leaveNote', digest, name, note),
    takeNote: (digest, name) => call('takeNote', digest, name),
    expireHeld: (now) => call('expireHeld', now),
    expireWaits: (holdMs) => changing(call('expireWaits', holdMs)),
    purgeSettled: (before, limit) => call('purgeSettled', before, limit),
    skew: () => call('skew'),
    keepTime: () => call('keepTime'),
    changedElsewhere: async () => {
      const changed = near.changed() && (await call('changedElsewhere'))
      if (changed) near.doubt()
      return changed
    },
    backup: (to) => call('backup', to),
    keyFacts: () => call('keyFacts'),
    rememberKeys: (keys, before) => call('rememberKeys', keys, before),

    close: async () => {
      await far.close()
      near.close()
      await writer.close()
    },
  }
}

/** Starts a thread at the first call, and another one when that failed or died: a reader holds nothing that could be lost. */
function onDemand(start: (forget: () => void) => Promise<Remote>) {
  let started: Promise<Remote> | undefined
  const forget = () => {
    started = undefined
  }
  return {
    get: () => {
      started ??= start(forget).catch((thrown: unknown) => {
        forget()
        throw unavailable(thrown)
      })
      return started
    },
    /** Also one that could not start or died: nothing is lost with it. */
    close: () => started?.then((thread) => thread.close()).catch(() => {}),
  }
}
