import type { Store } from '../domain/ports.ts'
import { backup } from './backup.ts'
import { anythingDue, claimDue, nextDue, releaseLeases } from './claims.ts'
import { leaveMark, openShared, type StoreOptions } from './context.ts'
import { examine } from './examine.ts'
import { createExpiry, failQueued } from './expiry.ts'
import { grantStore } from './grants.ts'
import { knocksByHour } from './hours.ts'
import { emptyLog, purgeOne, purgeSettled } from './purge.ts'
import { counts, inspect, list } from './queries.ts'
import { record } from './record.ts'
import { isFromThePast, takeIn } from './restored.ts'
import { adopt, isOwn } from './revocations.ts'
import { sessionStore } from './sessions.ts'
import { acknowledge, addEvents, deliveryById, requeue, settleAttempt } from './settle.ts'

/** Opens the SQLite store. Throws `home_unusable`, saying what to do. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const shared = openShared(options)
  const { write, read } = shared
  const { revokedFile } = shared
  if (await read(() => isFromThePast(shared))) await write(() => takeIn(shared))
  if (options.role === 'server' && revokedFile !== undefined && !isOwn(revokedFile))
    await write(() => adopt(shared.sql, revokedFile))
  let bytesInLog = false

  return {
    ...grantStore(shared),
    ...sessionStore(shared),
    ...createExpiry(shared),
    recordDelivery: (draft) => write(() => record(shared, draft)),
    claimDue: async (claim) =>
      (await read(() => anythingDue(shared, claim))) ? write(() => claimDue(shared, claim)) : [],
    settleDelivery: (id, tries, settlement, now) =>
      write(() => settleAttempt(shared, id, tries, settlement, now)),
    acceptDelivery: (id, now, event) =>
      write(() => {
        const delivery = deliveryById(shared, id)
        if (!delivery) return
        shared
          .sql('UPDATE deliveries SET accepted_at = COALESCE(accepted_at, ?) WHERE seq = ?')
          .run(now, delivery.seq)
        addEvents(shared, delivery.seq, [event])
      }),
    appendEvents: (id, events) =>
      write(() => {
        const delivery = deliveryById(shared, id)
        if (delivery) addEvents(shared, delivery.seq, events)
      }),
    nextDue: (except) => read(() => nextDue(shared, except)),
    releaseLeases: (now) => write(() => releaseLeases(shared, now)),
    findDelivery: (id) => read(() => deliveryById(shared, id)),
    inspectDelivery: (id) => read(() => inspect(shared, id)),
    listDeliveries: (filter) => list(shared, filter),
    requeueDelivery: (id, now, expiresAt) => write(() => requeue(shared, id, now, expiresAt)),
    acknowledgeDelivery: (id, now) => write(() => acknowledge(shared, id, now)),
    purgeDelivery: async (id) => {
      if (await write(() => purgeOne(shared, id))) bytesInLog = true
      if (!bytesInLog) return false
      await emptyLog(shared)
      bytesInLog = false
      return true
    },
    purgeSettled: (before, limit) => purgeSettled(shared, before, limit),
    failQueued: (session, now, why) => write(() => failQueued(shared, session, now, why)),
    counts: () => read(() => counts(shared)),
    knocksByHour: (from, hours) => knocksByHour(shared, from, hours),
    changedElsewhere: () => read(shared.changedElsewhere),
    examine: () => read(() => examine(shared)),
    probe: () => write(() => leaveMark(shared)),
    backup: async (path) => {
      if (revokedFile !== undefined) await write(() => adopt(shared.sql, revokedFile))
      await read(() => backup({ ...shared, platform: options.platform }, path))
    },
    close: shared.close,
  }
}
