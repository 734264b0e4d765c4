import type { Decision, DecisionId } from '../../src/domain/decision.ts'
import {
  type Attempt,
  type Delivery,
  type DeliveryEvent,
  type DeliveryId,
  type DeliveryRecord,
  deliveryIdBytes,
  deliveryIdOf,
  isTerminal,
  outlivesSession,
} from '../../src/domain/delivery.ts'
import type { DeliveryFilter } from '../../src/domain/delivery-filter.ts'
import { Failure } from '../../src/domain/error.ts'
import {
  forbidden,
  type Grant,
  type GrantId,
  grantState,
  isExpired,
  isForOpening,
  isUsedUp,
} from '../../src/domain/grant.ts'
import type { KeyMark } from '../../src/domain/home-state.ts'
import type { Host, HostName } from '../../src/domain/host.ts'
import {
  gaveWay,
  type Happening,
  happeningsOf,
  inputKey,
  mostSettledNotices,
  mostWaitingNotices,
  type Notice,
  type NoticeRule,
  needsInput,
  ruleGone,
  rulesFor,
} from '../../src/domain/notice.ts'
import type { NoticeStore } from '../../src/domain/notice-store.ts'
import { type PauseTarget, pausedHappening, pausedText, pauseOfSession } from '../../src/domain/pause.ts'
import type { Draft, Recorded, Store } from '../../src/domain/ports.ts'
import {
  addCount,
  filterRefusals,
  keptCountHours,
  newestHour,
  type Refusal,
  type RefusalCount,
  withinBounds,
} from '../../src/domain/refusal.ts'
import { afterReply, refuseReply } from '../../src/domain/reply.ts'
import {
  closedBecause,
  closedText,
  isStanding,
  requireOpen,
  type Session,
  type SessionId,
} from '../../src/domain/session.ts'
import { settle, submitted } from '../../src/domain/settle.ts'
import {
  endedBefore,
  isUnspent,
  requireWaiting,
  type Settlement,
  settled,
} from '../../src/domain/settlement.ts'
import { shown, whileOffline } from '../../src/domain/shown-delivery.ts'
import { grantBehind, scopeOf, stillOpens } from '../../src/domain/source.ts'
import { replacedText, takenFrom } from '../../src/domain/taken.ts'
import type { Wait, WaitId } from '../../src/domain/wait.ts'
import { memoryDecisions, type Note, withdrawAll } from './memory-decisions.ts'
import { memoryHistory } from './memory-history.ts'
import { memoryHosts } from './memory-hosts.ts'
import { createSharedState, memoryShared, type SharedState } from './memory-shared.ts'
import { answer, cancelAll, memoryWaits } from './memory-waits.ts'

/** What several handles share, as processes share a database. */
export interface MemoryState {
  readonly grants: Map<GrantId, Grant>
  readonly waits: Map<WaitId, Wait>
  readonly sessions: Map<SessionId, Session>
  readonly hosts: Map<HostName, Host>
  readonly shared: SharedState
  readonly pauses: Map<PauseTarget, number>
  readonly rows: Row[]
  /** Purged ones still count in the history. */
  readonly erased: Row[]
  keys: readonly KeyMark[]
  lastSeq: number
  lastIdTime: number
  readonly decisions: Map<DecisionId, Decision>
  refusals: readonly Refusal[]
  readonly refusalCounts: Map<string, RefusalCount>
  noticeRules: readonly NoticeRule[]
  notices: Notice[]
  /** What must not be told twice. */
  readonly told: Set<string>
  lastNotice: number
  version: number
  /** `deliveryIdBytes` random bytes for each delivery. */
  readonly chance: () => Uint8Array
}

interface Row {
  delivery: Delivery
  readonly draft: Draft
  events: DeliveryEvent[]
  attempts: Attempt[]
}

export function createMemoryState(
  chance: () => Uint8Array = () => crypto.getRandomValues(new Uint8Array(deliveryIdBytes)),
): MemoryState {
  const sessions = ['default', 'webhook-agent'].map(
    (id): Session => ({
      id: id as SessionId,
      generation: 'standing',
      driver: 'inbox',
      settings: {},
      state: 'live',
      openedAt: 0,
    }),
  )
  return {
    grants: new Map(),
    waits: new Map(),
    pauses: new Map(),
    hosts: new Map(),
    shared: createSharedState(),
    sessions: new Map(sessions.map((session) => [session.id, session])),
    rows: [],
    erased: [],
    keys: [],
    lastSeq: 0,
    lastIdTime: 0,
    decisions: new Map(),
    refusals: [],
    refusalCounts: new Map(),
    noticeRules: [],
    notices: [],
    told: new Set(),
    lastNotice: 0,
    version: 0,
    chance,
  }
}

/** The store's contract over plain maps: what the SQLite store is compared with, and a fast stand-in for tests. */
export function openMemoryStore(now: () => number, state: MemoryState = createMemoryState()): Store {
  let seen = state.version
  const write = async <T>(act: () => T): Promise<T> => {
    await Promise.resolve()
    const mine = seen === state.version
    const result = act()
    state.version += 1
    if (mine) seen = state.version
    return result
  }
  const row = (id: DeliveryId) => state.rows.find(({ delivery }) => delivery.id === id)
  const required = (id: DeliveryId): Row => {
    const found = row(id)
    if (!found) throw new Failure('not_found', `There is no delivery "${id}".`)
    return found
  }
  return {
    ...grants(state, now, write),
    ...sessions(state, now, write),
    ...reads(state),
    ...pauses(state, now, write),
    ...memoryHosts(state, now, write, (host, at) => release(ownedBy(state, host), at)),
    recordDelivery: (draft) => write(() => record(state, draft, now())),
    claimDue: (claim) => write(() => claimDue(state, claim)),
    settleDelivery: (id, attempt, settlement, at) =>
      write(() => {
        const found = row(id)
        if (found?.delivery.leasedUntil === undefined || found.delivery.attempts !== attempt) return
        if (isUnspent(settlement) && endedBefore(at, found.attempts.at(-1)?.startedAt)) return
        endAttempt(found, settlement, at)
        apply(state, found, afterReply(found.delivery, settlement, at), at)
      }),
    acceptDelivery: (id, attempt, at, evidence) =>
      write(() => {
        const found = row(id)
        if (found?.delivery.leasedUntil === undefined || found.delivery.attempts !== attempt) return
        found.delivery = {
          ...found.delivery,
          acceptedAt: found.delivery.acceptedAt ?? at,
          evidence: found.delivery.evidence ?? evidence,
        }
        note(found, [submitted(at, evidence)])
      }),
    appendEvents: (id, attempt, events) =>
      write(() => {
        const found = row(id)
        if (found?.delivery.attempts === attempt) note(found, events)
      }),
    nextDue: async (except, host) => nextDue(state, except, host),
    releaseLeases: (at, host) => write(() => release(ownedBy(state, host), at)),
    requeueDelivery: (id, at, expiresAt) => write(() => requeue(state, required(id), at, expiresAt)),
    cancelDelivery: (id, at) => write(() => cancel(state, required(id), at)),
    acknowledgeDelivery: (id, at) => write(() => acknowledge(state, required(id), at)),
    replyToDelivery: (id, answer, at) => write(() => reply(required(id), answer, at)),
    purgeDelivery: (id) =>
      write(() => {
        const found = row(id)
        if (!found) return false
        if (found.delivery.leasedUntil !== undefined) throw new Failure('in_flight', 'It is being delivered.')
        state.erased.push(...state.rows.splice(state.rows.indexOf(found), 1))
        return true
      }),
    purgeSettled: (before, limit) =>
      write(() => {
        const old = state.rows
          .filter(({ delivery }) => (delivery.settledAt ?? before) < before)
          .sort((a, b) => (a.delivery.settledAt ?? 0) - (b.delivery.settledAt ?? 0))
          .slice(0, limit)
        for (const each of old) state.erased.push(...state.rows.splice(state.rows.indexOf(each), 1))
        return old.length
      }),
    expireHeld: (at) =>
      write(() =>
        failAll(
          state,
          state.rows.filter(({ delivery }) => waits(delivery) && delivery.expiresAt <= at),
          at,
          (delivery) => ({
            kind: 'expired',
            why: pausedText(state.pauses, delivery) ?? delivery.detail ?? 'nobody took it in time',
          }),
        ),
      ),
    failQueued: (session, why, only) =>
      write(() => {
        const isOpen = closedBecause(state.sessions.get(session)) === undefined
        const waiting = state.rows.filter(
          ({ delivery }) =>
            delivery.session === session &&
            waits(delivery) &&
            !(outlivesSession(delivery) && (isOpen || delivery.heldBecause === 'session_ended')) &&
            (only === undefined || only.includes(delivery.id)),
        )
        failAll(state, waiting, now(), () => ({ kind: 'ended', why }))
        return waiting.filter(({ delivery }) => delivery.failedStep !== undefined).length
      }),
    countEnded: async (session) =>
      state.rows.filter(
        ({ delivery }) =>
          delivery.session === session &&
          delivery.state === 'FAILED' &&
          delivery.failedStep === 'session_ended',
      ).length,
    skew: async () => 0,
    commits: async () => state.version,
    changedElsewhere: async () => {
      const changed = seen !== state.version
      seen = state.version
      return changed
    },
    ...memoryWaits(state, now, write, (draft) => record(state, draft, now()).delivery.id),
    ...refusals(state, write),
    ...notices(state, now, write),
    ...memoryDecisions(state, write, noteIn(state, now)),
    ...memoryShared(state.shared, now),
    examine: async () => [],
    keepTime: async () => undefined,
    keyFacts: async () => ({
      known: state.keys,
      hasOpenGrants: [...state.grants.values()].some(
        (grant) => grant.revokedAt === undefined && !isExpired(grant, now()),
      ),
    }),
    rememberKeys: (keys, before) =>
      write(() => {
        if (before && JSON.stringify(before) !== JSON.stringify(state.keys)) return false
        state.keys = keys
        return true
      }),
    probe: async () => undefined,
    backup: async () => {
      throw new Failure('unsupported', 'What is only remembered cannot be backed up.')
    },
    close: async () => undefined,
  }
}

/** Adds to the timeline of a delivery, if it is there. */
const noteIn =
  (state: MemoryState, now: () => number): Note =>
  (id, event) => {
    const found = state.rows.find(({ delivery }) => delivery.id === id)
    if (found) note(found, [{ at: now(), ...event }])
  }

function happened(state: MemoryState, happening: Happening, at: number): void {
  const wanting = rulesFor(state.noticeRules, happening)
  const { once } = happening
  if (wanting.length === 0 || (once !== undefined && state.told.has(once))) return
  if (once !== undefined) state.told.add(once)
  for (const { name: rule } of wanting) {
    state.lastNotice += 1
    const id = `ntc_${String(state.lastNotice).padStart(24, '0')}`
    const times = { createdAt: at, dueAt: at }
    state.notices.push({
      ...{ seq: state.lastNotice, id, rule, state: 'PENDING', failures: 0 },
      ...{ ...times, event: { ...happening, at } },
    })
    const [oldest, ...newer] = state.notices.filter((one) => one.rule === rule && one.state === 'PENDING')
    if (oldest && newer.length >= mostWaitingNotices)
      change(state, oldest.id, { state: 'FAILED', detail: gaveWay, settledAt: at })
  }
}

function change(state: MemoryState, id: string, to: Partial<Notice>): void {
  state.notices = state.notices.map((notice) => (notice.id === id ? { ...notice, ...to } : notice))
}

function notices(state: MemoryState, now: () => number, write: Write): NoticeStore {
  const forget = (from: string, but: string | undefined) => {
    for (const once of state.told) if (once.startsWith(from) && once !== but) state.told.delete(once)
  }
  const shownOf = ({ event: { once: _, ...event }, ...notice }: Notice): Notice => ({ ...notice, event })
  return {
    setNoticeRules: (rules) =>
      write(() => {
        state.noticeRules = rules
        for (const { id, rule, state: is } of state.notices)
          if (is === 'PENDING' && !rules.some(({ name }) => name === rule))
            change(state, id, { state: 'FAILED', detail: ruleGone, settledAt: now() })
      }),
    noteHappening: (happening) => write(() => happened(state, happening, now())),
    noteInput: (session, generation, asked) =>
      write(() => {
        const happening = asked && needsInput(session, generation, asked)
        forget(inputKey(session, generation), happening?.once)
        if (happening) happened(state, happening, now())
      }),
    noteWaiting: (before) =>
      write(() => {
        const queues = Map.groupBy(
          state.rows.map(({ delivery }) => delivery).filter(inQueue),
          ({ session }) => session,
        )
        for (const [session, [head, ...rest]] of queues) {
          if (!head || head.leasedUntil !== undefined || head.receivedAt > before) continue
          const { id: delivery, receivedAt: since } = head
          const isPaused = pausedText(state.pauses, head) !== undefined
          const heldBecause = isPaused
            ? 'paused'
            : whileOffline(head, state.sessions.get(head.session)).heldBecause
          const data = { delivery, ...(heldBecause && { heldBecause }), since, waiting: rest.length + 1 }
          happened(
            state,
            { name: 'delivery_waiting', session, data, once: `delivery_waiting ${delivery}` },
            now(),
          )
        }
      }),
    dueNotices: async (at, rules) =>
      rules.flatMap((rule) =>
        state.notices
          .filter((notice) => notice.rule === rule && notice.state === 'PENDING' && notice.dueAt <= at)
          .toSorted((a, b) => a.dueAt - b.dueAt || a.seq - b.seq)
          .slice(0, 1)
          .map(shownOf),
      ),
    settleNotice: (id, end, at) =>
      write(() => {
        const found = state.notices.find((notice) => notice.id === id && notice.state === 'PENDING')
        if (!found) return
        const { detail: _, ...kept } = found
        const next = { ...kept, ...end, ...(end.state !== 'PENDING' && { settledAt: at }) }
        state.notices = state.notices.map((notice) => (notice.id === id ? next : notice))
      }),
    listNotices: async ({ state: wanted, rule, after = Number.POSITIVE_INFINITY, limit }) =>
      state.notices
        .filter(
          (notice) =>
            (wanted === undefined || notice.state === wanted) &&
            (rule === undefined || notice.rule === rule) &&
            notice.seq < after,
        )
        .reverse()
        .slice(0, limit)
        .map(shownOf),
    noticeHealth: async (since) =>
      [...Map.groupBy(state.notices, ({ rule }) => rule)]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([rule, all]) => {
          const failed = all
            .filter((notice) => notice.state === 'FAILED' && (notice.settledAt ?? 0) >= since)
            .sort((a, b) => (a.settledAt ?? 0) - (b.settledAt ?? 0) || a.seq - b.seq)
          const detail = failed.at(-1)?.detail
          const waiting = all.filter((notice) => notice.state === 'PENDING').length
          return { rule, waiting, failed: failed.length, ...(detail !== undefined && { detail }) }
        }),
    purgeNotices: (before) =>
      write(() => {
        const settled = state.notices.filter(({ settledAt }) => settledAt !== undefined)
        const surplus = settled.slice(0, Math.max(0, settled.length - mostSettledNotices))
        state.notices = state.notices.filter(
          (notice) => (notice.settledAt ?? before) >= before && !surplus.includes(notice),
        )
      }),
  }
}

export type Write = <T>(act: () => T) => Promise<T>

function grants(state: MemoryState, now: () => number, write: Write) {
  const { grants: all, sessions: open } = state
  return {
    addGrant: (grant: Grant) =>
      write(() => {
        if (grant.session !== undefined) requireOpen(open.get(grant.session), grant.session)
        all.set(grant.id, grant)
      }),
    findGrant: async (id: GrantId) => all.get(id),
    atHand: (id: GrantId) => {
      const grant = all.get(id)
      const session = grant?.session === undefined ? undefined : open.get(grant.session)
      return grant && session && { grant, session }
    },
    listGrants: async ({ session, idPrefix = '' }: Parameters<Store['listGrants']>[0]) =>
      [...all.values()]
        .filter(
          (grant) => grant.id.startsWith(idPrefix) && (session === undefined || grant.session === session),
        )
        .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1)),
    revokeGrant: (id: GrantId, at: number) =>
      write(() => {
        const grant = all.get(id)
        if (grant && grant.revokedAt === undefined) all.set(id, { ...grant, revokedAt: at })
        return all.get(id)
      }),
    pauseGrant: (id: GrantId, at: number | undefined) =>
      write(() => {
        const grant = all.get(id)
        if (grant && at === undefined) {
          const { pausedAt: _, ...open } = grant
          all.set(id, open)
        } else if (grant && at !== undefined && grant.pausedAt === undefined) {
          all.set(id, { ...grant, pausedAt: at })
          happened(state, pausedHappening(`grant:${id}`, grant.session), now())
        }
        return all.get(id)
      }),
    rotateGrant: (id: GrantId, previousUntil: number) =>
      write(() => {
        const grant = all.get(id)
        if (grant) all.set(id, { ...grant, serial: (grant.serial ?? 0) + 1, previousUntil })
        return all.get(id)
      }),
    liveGrants: (session: SessionId) =>
      [...all.values()].filter((grant) => grant.session === session && alive(grant, now())).length,
  }
}

const pauses = (state: MemoryState, now: () => number, write: Write) => ({
  pause: (target: PauseTarget, at: number | undefined) =>
    write(() => {
      if (at === undefined) state.pauses.delete(target)
      else if (!state.pauses.has(target)) {
        state.pauses.set(target, at)
        happened(state, pausedHappening(target), now())
      }
    }),
  listPauses: async () =>
    [...state.pauses]
      .map(([target, since]) => ({ target, since }))
      .sort((a, b) => (a.target < b.target ? -1 : 1)),
})

const alive = (grant: Grant, now: number) => grantState(grant, now) === 'live'

function sessions(state: MemoryState, now: () => number, write: Write) {
  const { sessions: all, grants: minted, hosts } = state
  const ended = (
    { id: session, generation }: Pick<Session, 'id' | 'generation'>,
    { exitCode, why }: { readonly exitCode?: number; readonly why?: string },
  ) =>
    happened(
      state,
      {
        name: 'session_ended',
        session,
        data: { generation, ...(exitCode !== undefined && { exitCode }), ...(why !== undefined && { why }) },
      },
      now(),
    )

  const change = (id: SessionId, generation: string, act: (session: Session) => Session): boolean => {
    const session = all.get(id)
    if (session?.generation !== generation || session.state === 'ended') return false
    all.set(id, act(session))
    return true
  }
  return {
    openSession: (session: Session, { replace }: { readonly replace: boolean }) =>
      write(() => {
        if (session.host !== undefined && hosts.get(session.host)?.revokedAt !== undefined)
          throw new Failure('forbidden', 'That host was revoked.')
        const before = all.get(session.id)
        if (before && before.state !== 'ended' && !isStanding(before) && !replace)
          throw new Failure('session_exists', `The session "${session.id}" is ${before.state}.`)
        if (before && before.state !== 'ended' && !isStanding(before))
          ended(before, { why: replacedText(before, session) })
        all.set(session.id, session)
        if (before?.host !== session.host) release(goingTo(state, session.id), now())
        cancelAll(state, session.id, now())
        releaseClosed(state, session.id, now())
        if (before) withdrawAll(state, noteIn(state, now), session.id, 'the session was opened anew', now())
        const pointing = [...minted.values()].filter(
          (grant) => grant.session === session.id && alive(grant, now()),
        )
        const taken = takenFrom(before, session, [...hosts.values()], now())
        return { liveGrants: pointing.length, ...(taken && { takenFrom: taken }) }
      }),
    findSession: async (id: SessionId) => all.get(id),
    listSessions: async () => [...all.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    endSession: (id: SessionId, generation: string, end: Parameters<Store['endSession']>[2]) =>
      write(() => {
        const { at, ...rest } = end
        const isOver = change(id, generation, ({ why: _, ...session }) => ({
          ...{ ...session, ...rest, endedAt: at },
          state: 'ended',
        }))
        if (!isOver) return false
        cancelAll(state, id, now())
        withdrawAll(state, noteIn(state, now), id, 'the session ended', now())
        ended({ id, generation }, rest)
        return true
      }),
    markSession: async (id: SessionId, generation: string, state: 'live' | 'offline', why?: string) => {
      await write(() =>
        change(id, generation, ({ why: _, ...session }) => ({
          ...session,
          state,
          ...(why !== undefined && { why }),
        })),
      )
    },
    updateSettings: async (id: SessionId, generation: string, settings: Session['settings']) => {
      await write(() => change(id, generation, (session) => ({ ...session, settings })))
    },
  }
}

function releaseClosed(state: MemoryState, session: SessionId, now: number): void {
  for (const row of state.rows) {
    const { delivery } = row
    if (delivery.session !== session || !inQueue(delivery)) continue
    if (delivery.heldBecause !== 'session_ended' && delivery.heldBecause !== 'session_missing') continue
    row.delivery = {
      ...without(delivery, 'heldBecause', 'detail'),
      dueAt: Math.min(delivery.dueAt, now),
    }
  }
}

function reads(state: MemoryState) {
  return {
    findDelivery: async (id: DeliveryId) => state.rows.find(({ delivery }) => delivery.id === id)?.delivery,
    inspectDelivery: async (id: DeliveryId) => {
      const found = state.rows.find(({ delivery }) => delivery.id === id)
      return found && shownNow(state, recordOf(found))
    },
    listDeliveries: async (filter: DeliveryFilter) => {
      const matching = state.rows
        .filter(({ delivery, draft }) => matches(delivery, draft.payload, filter))
        .map(({ delivery }) => delivery)
        .filter((delivery) => !filter.notPaused || pausedText(state.pauses, delivery) === undefined)
        .map((delivery) => shownNow(state, delivery))
      return (filter.oldestFirst ? matching : matching.reverse()).slice(0, filter.limit)
    },
    counts: async () => {
      const deliveries = { PENDING: 0, RETRY: 0, DELIVERED: 0, FAILED: 0 }
      const queues = new Map<SessionId, number>()
      for (const { delivery } of state.rows) {
        deliveries[delivery.state] += 1
        if (!isTerminal(delivery.state)) queues.set(delivery.session, (queues.get(delivery.session) ?? 0) + 1)
      }
      const oldest = state.rows.find(({ delivery }) => inQueue(delivery))?.delivery.receivedAt
      return { deliveries, queues, ...(oldest !== undefined && { oldestUnfinishedAt: oldest }) }
    },
    history: async (from: number, stepMs: number, steps: number) =>
      memoryHistory(
        [...state.erased, ...state.rows].map(({ delivery }) => delivery),
        state.rows[0]?.delivery.receivedAt,
        { from, stepMs, steps },
      ),
  }
}

const shownNow = <T extends Delivery>({ sessions, pauses }: MemoryState, delivery: T): T =>
  shown(delivery, sessions.get(delivery.session), pausedText(pauses, delivery))

const textsOf = ({ message, answer = '' }: Delivery, payload?: Uint8Array): string =>
  [message, answer, payload ? new TextDecoder().decode(payload) : ''].join('\n').toLowerCase()

function matches(delivery: Delivery, payload: Uint8Array | undefined, filter: DeliveryFilter): boolean {
  const { source } = delivery
  return (
    (filter.state === undefined || delivery.state === filter.state) &&
    (filter.session === undefined || delivery.session === filter.session) &&
    (filter.hook === undefined || (source.kind === 'hook' && source.hook === filter.hook)) &&
    (filter.failedStep === undefined ||
      (delivery.state === 'FAILED' && delivery.failedStep === filter.failedStep)) &&
    (filter.grant === undefined || grantBehind(source) === filter.grant) &&
    (filter.after === undefined ||
      (filter.oldestFirst ? delivery.seq > filter.after : delivery.seq < filter.after)) &&
    (!filter.unfinished || inQueue(delivery)) &&
    (filter.text === undefined || textsOf(delivery, payload).includes(filter.text.toLowerCase())) &&
    (filter.idPrefix === undefined || delivery.id.startsWith(filter.idPrefix)) &&
    (filter.receivedSince === undefined || delivery.receivedAt >= filter.receivedSince) &&
    (filter.receivedUntil === undefined || delivery.receivedAt < filter.receivedUntil)
  )
}

const inQueue = ({ state, phase }: Delivery): boolean => !isTerminal(state) && phase === 'deliver'
const waits = (delivery: Delivery): boolean => inQueue(delivery) && delivery.leasedUntil === undefined

function recordOf({ delivery, draft, events, attempts }: Row): DeliveryRecord {
  const { payload, contentType, headers } = draft
  const timeline: readonly DeliveryEvent[] = [
    { at: delivery.receivedAt, kind: 'received' },
    { at: delivery.storedAt, kind: 'stored' },
    ...attempts.map(
      ({ number, startedAt }): DeliveryEvent => ({ at: startedAt, kind: 'attempt', detail: `#${number}` }),
    ),
    ...events,
  ]
  return {
    ...delivery,
    events: timeline.toSorted((a, b) => a.at - b.at),
    attemptList: attempts,
    headers,
    ...(payload !== undefined && { payload }),
    ...(contentType !== undefined && { contentType }),
  }
}

function record(state: MemoryState, draft: Draft, now: number): Recorded {
  const { source, session, idempotency } = draft
  const grantId = grantBehind(source)
  const grant = grantId === undefined ? undefined : state.grants.get(grantId)
  if (grantId !== undefined && !stillOpens(grant, draft, now)) throw forbidden()
  if (grant && !isForOpening(grant, state.sessions.get(session))) throw forbidden()
  if (grant && isUsedUp(grant)) {
    const own = idempotency && firstOf(state, draft, idempotency, now, true)
    if (!own || grantBehind(own.source) !== grant.id) throw forbidden()
    return { delivery: own, replayed: true, leased: false }
  }
  if (source.kind !== 'hook') requireOpen(state.sessions.get(session), session)
  const first = idempotency && firstOf(state, draft, idempotency, now)
  if (first) return { delivery: first, replayed: true, leased: false }
  const unfinished = state.rows.filter(
    ({ delivery }) => delivery.session === session && !isTerminal(delivery.state),
  )
  if (draft.queueLimit > 0 && unfinished.length >= draft.queueLimit)
    throw new Failure('queue_full', 'Too many wait.', { retryAfterMs: 5000 })
  const closed = draft.failed ? undefined : heldOf(state.sessions.get(session))
  const detail = draft.failed ? undefined : pausedText(state.pauses, draft)
  const held = detail === undefined ? closed : { heldBecause: 'paused' as const, detail }
  const leased =
    draft.lease !== undefined &&
    !draft.failed &&
    !held &&
    state.sessions.get(session)?.host === undefined &&
    !heads(state).some((row) => row.delivery.session === session)
  const answering = answer(state, draft, grantId, now)
  state.lastSeq += 1
  state.lastIdTime = Math.max(draft.receivedAt, state.lastIdTime + 1)
  const unanswered = deliveryOf(draft, state, now, leased)
  const plain = answering ? { ...unanswered, message: answering(unanswered.id) } : unanswered
  const attempts = leased ? [{ number: 1, startedAt: now }] : []
  const events = draft.failed
    ? [{ at: now, kind: 'failed' as const, detail: `${draft.failed.step}: ${draft.failed.detail}` }]
    : held
      ? [{ at: now, kind: 'held' as const, detail: `${held.heldBecause}: ${held.detail}` }]
      : []
  state.rows.push({ delivery: { ...plain, ...closed }, draft, events, attempts })
  if (draft.failed) {
    const data = { delivery: plain.id, failedStep: draft.failed.step }
    happened(state, { name: 'delivery_failed', session, data }, now)
  }
  if (grant && !draft.failed) state.grants.set(grant.id, { ...grant, uses: grant.uses + 1, lastUsedAt: now })
  return { delivery: { ...plain, ...held }, replayed: false, leased }
}

function heldOf(session: Session | undefined) {
  const heldBecause = closedBecause(session)
  return heldBecause && { heldBecause, detail: closedText(session) }
}

function firstOf(
  state: MemoryState,
  draft: Draft,
  { key, fingerprint, windowMs }: NonNullable<Draft['idempotency']>,
  now: number,
  evenFailed = false,
): Delivery | undefined {
  const first = state.rows.findLast(
    ({ delivery }) =>
      delivery.idempotencyKey === key &&
      scopeOf(delivery.source) === scopeOf(draft.source) &&
      (evenFailed || delivery.state !== 'FAILED') &&
      delivery.storedAt > now - windowMs,
  )
  if (first && first.draft.idempotency?.fingerprint !== fingerprint)
    throw new Failure('idempotency_conflict', 'This key came with another message.')
  return first?.delivery
}

function deliveryOf(
  draft: Draft,
  { lastSeq: seq, lastIdTime, chance }: MemoryState,
  now: number,
  leased: boolean,
): Delivery {
  const { session, source, action, message, receivedAt, expiresAt, failed } = draft
  const id = deliveryIdOf(lastIdTime, seq, chance())
  const optional = {
    from: draft.from,
    skill: draft.skill,
    callbackUrl: draft.callbackUrl,
    timeoutMs: draft.timeoutMs,
    idempotencyKey: draft.idempotency?.key,
    replayOf: draft.replayOf,
    responseSchema: draft.responseSchema,
    leasedUntil: leased && draft.lease ? now + draft.lease.leaseMs : undefined,
  }
  return {
    ...{ id, seq, session, source, action, message, receivedAt, expiresAt },
    ...{ state: failed ? 'FAILED' : 'PENDING', phase: 'deliver', failures: 0, attempts: leased ? 1 : 0 },
    ...{ storedAt: now, dueAt: now },
    ...(failed && { failedStep: failed.step, detail: failed.detail, settledAt: now }),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  }
}

function claimDue(state: MemoryState, claim: Parameters<Store['claimDue']>[0]): readonly Delivery[] {
  const { now, leaseMs, callbackLeaseMs = leaseMs, limit, except, host } = claim
  const { holding, lostAfterMs = 0 } = claim
  const lost =
    host === undefined || holding === undefined
      ? []
      : ownedBy(state, host)
          .filter(({ delivery }) => (delivery.leasedUntil ?? 0) > now && !holding.includes(delivery.id))
          .filter(({ attempts }) => (attempts.at(-1)?.startedAt ?? 0) <= now - lostAfterMs)
          .slice(0, limit)
  const claimable = [
    ...(host === undefined ? callbacks(state) : []),
    ...openHeads(state, host).filter((row) => !except.includes(row.delivery.session)),
  ]
    .filter(({ delivery }) => delivery.dueAt <= now && (delivery.leasedUntil ?? now) <= now)
    .sort((a, b) => a.delivery.dueAt - b.delivery.dueAt || a.delivery.seq - b.delivery.seq)
    .slice(0, limit - lost.length)
  for (const row of claimable) {
    loseAttempt(row, now)
    const attempt = row.delivery.attempts + 1
    const forMs = row.delivery.phase === 'callback' ? callbackLeaseMs : leaseMs
    row.delivery = { ...row.delivery, leasedUntil: now + forMs, attempts: attempt }
    row.attempts = [...row.attempts, { number: attempt, startedAt: now }]
  }
  return [...lost, ...claimable].map((row) => row.delivery)
}

function nextDue(state: MemoryState, except: readonly SessionId[], host?: HostName): number | undefined {
  const queued = openHeads(state, host).filter((row) => !except.includes(row.delivery.session))
  const owed = host === undefined ? callbacks(state).filter(waitsUnleased) : []
  const times = [...owed, ...queued].map(({ delivery }) => delivery.leasedUntil ?? delivery.dueAt)
  return times.length === 0 ? undefined : Math.min(...times)
}

function heads(state: MemoryState): readonly Row[] {
  const first = new Map<SessionId, Row>()
  for (const row of state.rows)
    if (inQueue(row.delivery) && !isPaused(state, row.delivery) && !first.has(row.delivery.session))
      first.set(row.delivery.session, row)
  return [...first.values()]
}

/** What is under way ends all the same. */
const isPaused = ({ pauses }: MemoryState, delivery: Delivery): boolean =>
  pauses.has(pauseOfSession(delivery.session)) ||
  (delivery.leasedUntil === undefined && pausedText(pauses, delivery) !== undefined)

const openHeads = (state: MemoryState, host: HostName | undefined): readonly Row[] =>
  heads(state).filter(
    ({ delivery }) =>
      state.sessions.get(delivery.session)?.host === host &&
      (!outlivesSession(delivery) || closedBecause(state.sessions.get(delivery.session)) === undefined),
  )

const callbacks = (state: MemoryState): readonly Row[] =>
  state.rows.filter(({ delivery }) => !isTerminal(delivery.state) && delivery.phase === 'callback')

const waitsUnleased = ({ delivery }: Row): boolean => delivery.leasedUntil === undefined

/** What is under way by the hands of a host, or of the door. */
const ownedBy = (state: MemoryState, host: HostName | undefined): readonly Row[] =>
  state.rows.filter(
    ({ delivery: { leasedUntil, phase, session } }) =>
      leasedUntil !== undefined &&
      (phase === 'callback' ? undefined : state.sessions.get(session)?.host) === host,
  )

const goingTo = (state: MemoryState, id: SessionId): readonly Row[] =>
  state.rows.filter(
    ({ delivery: { leasedUntil, phase, session } }) =>
      leasedUntil !== undefined && phase === 'deliver' && session === id,
  )

function release(these: readonly Row[], at: number): number {
  for (const each of these) {
    loseAttempt(each, at)
    each.delivery = { ...without(each.delivery, 'leasedUntil'), dueAt: at }
  }
  return these.length
}

function loseAttempt(row: Row, now: number): void {
  if (row.delivery.leasedUntil === undefined) return
  row.attempts = row.attempts.map((attempt) =>
    attempt.endedAt === undefined ? { ...attempt, endedAt: now, outcome: 'unknown' } : attempt,
  )
  note(row, [{ at: now, kind: 'unknown' }])
}

function endAttempt(row: Row, settlement: Settlement, now: number): void {
  const { outcome, detail } = settlement
  const last = row.delivery.attempts
  const end = { endedAt: now, outcome, ...(detail !== undefined && { detail }) }
  row.attempts = isUnspent(settlement)
    ? row.attempts.filter(({ number }) => number !== last)
    : row.attempts.map((each) => (each.number === last ? { ...each, ...end } : each))
}

function apply(state: MemoryState, row: Row, settlement: Settlement, now: number): void {
  for (const happening of happeningsOf(row.delivery, settlement)) happened(state, happening, now)
  row.delivery = settled(row.delivery, settlement, now)
  note(row, settlement.events)
}

const mostEvents = 500

function note(row: Row, events: readonly DeliveryEvent[]): void {
  row.events = [...row.events, ...events].slice(-mostEvents)
}

function failAll(
  state: MemoryState,
  rows: readonly Row[],
  now: number,
  outcome: (delivery: Delivery) => Parameters<typeof settle>[1],
): number {
  for (const row of rows) apply(state, row, settle(row.delivery, outcome(row.delivery), now, 0), now)
  return rows.length
}

const forgotten = ['acceptedAt', 'evidence', 'turnEnd', 'responseFits'] as const

function requeue(state: MemoryState, row: Row, now: number, expiresAt: number): Delivery {
  const { delivery } = row
  if (delivery.state !== 'FAILED') throw new Failure('in_flight', `It is ${delivery.state}.`)
  if (delivery.message === '') throw new Failure('unprocessable', 'It never became a message.')
  const session = state.sessions.get(delivery.session)
  const answered = delivery.phase === 'callback' && delivery.failedStep === 'callback' && delivery.acceptedAt
  const outlives = delivery.source.kind === 'hook' && !answered
  const held = outlives ? heldOf(session) : undefined
  if (!outlives) requireOpen(session, delivery.session)
  row.delivery = {
    ...without(delivery, 'failedStep', 'heldBecause', 'detail', 'settledAt', ...(answered ? [] : forgotten)),
    ...held,
    ...{ state: 'PENDING', phase: answered ? 'callback' : 'deliver', dueAt: now, expiresAt, failures: 0 },
  }
  note(row, [{ at: now, kind: 'requeued', detail: 'by hand' }])
  return row.delivery
}

function reply(row: Row, answer: string, now: number): Delivery {
  refuseReply(row.delivery)
  const { leasedUntil, acceptedAt, evidence, responseSchema } = row.delivery
  const isNews = leasedUntil !== undefined && acceptedAt === undefined
  row.delivery = {
    ...row.delivery,
    ...{ answer, repliedAt: now },
    ...(responseSchema !== undefined && { responseFits: true }),
    ...(isNews && { acceptedAt: now, evidence: evidence ?? 'ack' }),
  }
  note(row, [...(isNews ? [submitted(now, 'ack')] : []), { at: now, kind: 'answered', detail: 'by reply' }])
  return row.delivery
}

function cancel(state: MemoryState, row: Row, now: number): Delivery {
  requireWaiting(row.delivery)
  apply(state, row, settle(row.delivery, { kind: 'cancelled' }, now, 0), now)
  return row.delivery
}

function acknowledge(state: MemoryState, row: Row, now: number): Delivery {
  const { delivery } = row
  const owesCallback = delivery.phase === 'callback' && delivery.acceptedAt !== undefined
  if (delivery.state === 'DELIVERED' || owesCallback) return delivery
  if (!waits(delivery)) throw new Failure('in_flight', `It is ${delivery.state}.`)
  apply(state, row, settle(delivery, { kind: 'taken', evidence: 'ack' }, now, 0), now)
  return row.delivery
}

function refusals(
  state: MemoryState,
  write: <T>(act: () => T) => Promise<T>,
): Pick<Store, 'recordRefusals' | 'listRefusals' | 'countRefusals'> {
  return {
    recordRefusals: (added, counts) =>
      write(() => {
        const first = (state.refusals.at(-1)?.seq ?? 0) + 1
        state.refusals = withinBounds([
          ...state.refusals,
          ...added.map((each, i) => ({ ...each, seq: first + i })),
        ])
        for (const each of counts) addCount(state.refusalCounts, each)
        const newest = newestHour(counts)
        for (const [name, { hour }] of state.refusalCounts)
          if (counts.length > 0 && (hour <= newest - keptCountHours || hour > newest))
            state.refusalCounts.delete(name)
      }),
    listRefusals: async (filter) => filterRefusals(state.refusals, filter),
    countRefusals: async (fromHour) =>
      [...state.refusalCounts.values()]
        .filter(({ hour }) => hour >= fromHour)
        .sort((a, b) => a.hour - b.hour || compare(a.code, b.code) || compare(a.kind, b.kind)),
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The state machine's optional members are absent, never undefined. */
function without<K extends keyof Delivery>(
  delivery: Delivery,
  ...names: readonly K[]
): Omit<Delivery, K> & Delivery {
  const rest: Record<string, unknown> = { ...delivery }
  for (const name of names) delete rest[name]
  return rest as unknown as Omit<Delivery, K> & Delivery
}
