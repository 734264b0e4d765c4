import type { Store } from '../../domain/ports.ts'
import { unavailable } from '../connection.ts'
import type { StoreDeps } from '../context.ts'
import { openReader } from '../reader.ts'
import { type Remote, startThread } from './remote.ts'

interface ThreadedDeps
  extends Pick<StoreDeps, 'platform' | 'path' | 'revokedFile' | 'keysDir' | 'now' | 'steady' | 'onUpgrade'> {
  /** The module that calls `serveThread`. */
  readonly entry: URL
  /** Called once when the writing thread ends by itself: nothing can be stored any more, and everybody who waited was told. */
  readonly onDeath: (why: string) => void
}

/**
 * The store of a server, whose event loop must not wait for the disk: one thread writes, another reads what may take long,
 * and what every knock reads comes from a connection of this thread. Throws `home_unusable`, saying what to do.
 */
export async function openThreadedStore(deps: ThreadedDeps): Promise<Store> {
  const { entry, path, revokedFile, keysDir, onDeath, onUpgrade } = deps
  const files = {
    path,
    ...(revokedFile !== undefined && { revokedFile }),
    ...(keysDir !== undefined && { keysDir }),
  }
  const writer = await startThread({ entry, setup: { kind: 'writer', ...files }, onDeath, onUpgrade })
  const near = openReader(deps)
  const far = onDemand((forget) => startThread({ entry, setup: { kind: 'reader', path }, onDeath: forget }))
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
    listSessions: near.listSessions,
    listPauses: near.listPauses,
    findDecision: near.findDecision,
    listDecisions: near.listDecisions,
    findDelivery: near.findDelivery,
    dueNotices: near.dueNotices,
    findWait: near.findWait,
    listWaits: near.listWaits,

    inspectDelivery: async (id) => (await far.get()).call('inspectDelivery', id),
    listGrants: async (filter) => (await far.get()).call('listGrants', filter),
    listDeliveries: async (filter) => (await far.get()).call('listDeliveries', filter),
    knocksByHour: async (from, hours) => (await far.get()).call('knocksByHour', from, hours),
    listRefusals: async (filter) => (await far.get()).call('listRefusals', filter),
    countRefusals: async (fromHour) => (await far.get()).call('countRefusals', fromHour),
    listNotices: async (filter) => (await far.get()).call('listNotices', filter),
    noticeHealth: async (since) => (await far.get()).call('noticeHealth', since),
    examine: async () => (await far.get()).call('examine'),

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
    openDecision: (draft) => changing(call('openDecision', draft)),
    decide: (id, verdict, door, now) => changing(call('decide', id, verdict, door, now)),
    closeDecision: (id, end, now) => changing(call('closeDecision', id, end, now)),
    openWait: (order, most) => changing(call('openWait', order, most)),
    cancelWait: (id) => changing(call('cancelWait', id)),
    claimDue: (claim) => call('claimDue', claim),
    acceptDelivery: (id, now, evidence) => call('acceptDelivery', id, now, evidence),
    settleDelivery: (id, attempt, settlement, now) => call('settleDelivery', id, attempt, settlement, now),
    appendEvents: (id, events) => call('appendEvents', id, events),
    nextDue: (except) => call('nextDue', except),
    releaseLeases: (now) => call('releaseLeases', now),
    failQueued: (session, why, only) => call('failQueued', session, why, only),
    cancelDelivery: (id, now) => call('cancelDelivery', id, now),
    requeueDelivery: (id, now, expiresAt) => call('requeueDelivery', id, now, expiresAt),
    acknowledgeDelivery: (id, now) => call('acknowledgeDelivery', id, now),
    replyToDelivery: (id, answer, now) => call('replyToDelivery', id, answer, now),
    purgeDelivery: (id) => call('purgeDelivery', id),
    counts: () => call('counts'),
    recordRefusals: (refusals, counts) => call('recordRefusals', refusals, counts),
    probe: () => call('probe'),
    setNoticeRules: (rules) => call('setNoticeRules', rules),
    noteHappening: (happening) => call('noteHappening', happening),
    noteInput: (session, generation, asked) => call('noteInput', session, generation, asked),
    noteWaiting: (before) => call('noteWaiting', before),
    settleNotice: (id, end, now) => call('settleNotice', id, end, now),
    purgeNotices: (before) => call('purgeNotices', before),
    expireHeld: (now) => call('expireHeld', now),
    expireWaits: (holdMs) => changing(call('expireWaits', holdMs)),
    purgeSettled: (before, limit) => call('purgeSettled', before, limit),
    keepTime: () => call('keepTime'),
    changedElsewhere: async () => near.changed() && (await call('changedElsewhere')),
    backup: (to) => call('backup', to),
    keyFacts: () => call('keyFacts'),
    rememberKeys: (keys) => call('rememberKeys', keys),

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
