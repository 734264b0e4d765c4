import {
  type Delivery,
  type DeliveryId,
  type DeliveryRecord,
  deliveryIdOf,
} from '../../src/domain/delivery.ts'
import { Failure } from '../../src/domain/error.ts'
import { type Grant, type GrantId, isExpired } from '../../src/domain/grant.ts'
import type { DeliveryFilter, Draft, Store } from '../../src/domain/ports.ts'
import { requireOpen, type Session, type SessionId } from '../../src/domain/session.ts'

export interface Stub {
  readonly grants: Map<GrantId, Grant>
  readonly sessions: Map<SessionId, Session>
  readonly records: Map<DeliveryId, DeliveryRecord>
  readonly backups: string[]
  /** What `changedElsewhere` answers next. */
  changed: boolean
  readonly store: Store
}

/** A store in memory with as much behaviour as the keeper's verbs lean on. */
export function createStub(now: () => number): Stub {
  const grants = new Map<GrantId, Grant>()
  const sessions = new Map<SessionId, Session>()
  const records = new Map<DeliveryId, DeliveryRecord>()
  const backups: string[] = []
  const put = (record: DeliveryRecord, change: Partial<DeliveryRecord>): Delivery => {
    const next = { ...record, ...change }
    records.set(record.id, next)
    return next
  }
  const need = (id: DeliveryId): DeliveryRecord => {
    const record = records.get(id)
    if (!record) throw new Failure('not_found', `There is no delivery "${id}".`)
    return record
  }
  const refuse = async (): Promise<never> => {
    throw new Error('the stub does not do that')
  }
  const store: Store = {
    addGrant: async (grant) => {
      requireOpen(sessions.get(grant.session), grant.session)
      grants.set(grant.id, grant)
    },
    findGrant: async (id) => grants.get(id),
    listGrants: async ({ session, idPrefix }) =>
      [...grants.values()]
        .filter((grant) => session === undefined || grant.session === session)
        .filter((grant) => idPrefix === undefined || grant.id.startsWith(idPrefix))
        .reverse(),
    revokeGrant: async (id, at) => {
      const grant = grants.get(id)
      if (grant && grant.revokedAt === undefined) grants.set(id, { ...grant, revokedAt: at })
      return grants.get(id)
    },
    openSession: async (session, { replace }) => {
      const before = sessions.get(session.id)
      if (before && before.state !== 'ended' && before.generation !== 'standing' && !replace)
        throw new Failure('session_exists', `The session "${session.id}" is live.`)
      sessions.set(session.id, session)
      const live = [...grants.values()].filter(
        (grant) => grant.session === session.id && grant.revokedAt === undefined && !isExpired(grant, now()),
      )
      return { liveGrants: live.length }
    },
    findSession: async (id) => sessions.get(id),
    listSessions: async () => [...sessions.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    endSession: async (id, generation, { at, exitCode, why }) => {
      const session = sessions.get(id)
      if (session?.generation !== generation || session.state === 'ended') return false
      sessions.set(id, {
        ...session,
        state: 'ended',
        endedAt: at,
        ...(exitCode !== undefined && { exitCode }),
        ...(why !== undefined && { why }),
      })
      return true
    },
    markSession: refuse,
    updateSettings: refuse,
    recordDelivery: async (draft) => {
      const repeat = [...records.values()].find(
        (one) =>
          draft.idempotency !== undefined &&
          one.idempotencyKey === draft.idempotency.key &&
          now() - one.receivedAt < draft.idempotency.windowMs,
      )
      if (repeat) return { delivery: repeat, replayed: true, leased: false }
      requireOpen(sessions.get(draft.session), draft.session)
      const delivery = recordOf(draft, records.size + 1)
      records.set(delivery.id, delivery)
      return { delivery, replayed: false, leased: false }
    },
    claimDue: refuse,
    settleDelivery: refuse,
    acceptDelivery: refuse,
    appendEvents: refuse,
    nextDue: refuse,
    releaseLeases: refuse,
    findDelivery: async (id) => records.get(id),
    inspectDelivery: async (id) => records.get(id),
    listDeliveries: async (filter) => select([...records.values()], filter),
    requeueDelivery: async (id, at, expiresAt) => {
      const record = need(id)
      if (record.state !== 'FAILED') throw new Failure('in_flight', `It is ${record.state}.`)
      return put(record, { state: 'PENDING', dueAt: at, expiresAt, failures: 0 })
    },
    acknowledgeDelivery: async (id, at) =>
      put(need(id), { state: 'DELIVERED', settledAt: at, acceptedAt: at }),
    purgeDelivery: async (id) => {
      if (records.get(id)?.leasedUntil !== undefined) throw new Failure('in_flight', 'It is in flight.')
      return records.delete(id)
    },
    purgeSettled: refuse,
    expireHeld: refuse,
    failQueued: async (session, at, why) => {
      const waiting = [...records.values()].filter(
        (one) => one.session === session && (one.state === 'PENDING' || one.state === 'RETRY'),
      )
      for (const one of waiting)
        put(one, { state: 'FAILED', failedStep: 'session_ended', detail: why, settledAt: at })
      return waiting.length
    },
    knocksByHour: async () => [],
    counts: async () => {
      const all = [...records.values()]
      const count = (state: string) => all.filter((one) => one.state === state).length
      const open = all.filter((one) => one.state === 'PENDING' || one.state === 'RETRY')
      return {
        deliveries: {
          PENDING: count('PENDING'),
          RETRY: count('RETRY'),
          DELIVERED: count('DELIVERED'),
          FAILED: count('FAILED'),
        },
        queues: new Map(
          [...sessions.keys()].map((id) => [id, open.filter((one) => one.session === id).length]),
        ),
      }
    },
    changedElsewhere: async () => {
      const changed = stub.changed
      stub.changed = false
      return changed
    },
    examine: async () => [],
    probe: async () => {},
    backup: async (path) => {
      backups.push(path)
    },
    close: async () => {},
  }
  const stub: Stub = { grants, sessions, records, backups, changed: false, store }
  return stub
}

function recordOf(draft: Draft, seq: number): DeliveryRecord {
  const { chance, idempotency, lease: _lease, queueLimit: _limit, failed: _failed, ...kept } = draft
  const defined = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined))
  return {
    ...(defined as typeof kept & { from: string; skill: string; callbackUrl: string; timeoutMs: number } & {
      replayOf: DeliveryId
      payload: Uint8Array
      contentType: string
    }),
    id: deliveryIdOf(draft.receivedAt, seq, chance),
    seq,
    state: 'PENDING',
    phase: 'deliver',
    storedAt: draft.receivedAt,
    dueAt: draft.receivedAt,
    failures: 0,
    attempts: 0,
    ...(idempotency && { idempotencyKey: idempotency.key }),
    events: [],
    attemptList: [],
  }
}

const select = (all: readonly DeliveryRecord[], filter: DeliveryFilter): readonly Delivery[] =>
  all
    .filter((one) => filter.state === undefined || one.state === filter.state)
    .filter((one) => filter.session === undefined || one.session === filter.session)
    .filter(
      (one) => filter.hook === undefined || (one.source.kind === 'hook' && one.source.hook === filter.hook),
    )
    .filter(
      (one) =>
        filter.grant === undefined || (one.source.kind === 'grant' && one.source.grant === filter.grant),
    )
    .filter((one) => !filter.unfinished || one.state === 'PENDING' || one.state === 'RETRY')
    .filter((one) => filter.receivedSince === undefined || one.receivedAt >= filter.receivedSince)
    .filter((one) => filter.after === undefined || !filter.oldestFirst || one.seq > filter.after)
    .sort((a, b) => (filter.oldestFirst ? a.seq - b.seq : b.seq - a.seq))
    .slice(0, filter.limit)
