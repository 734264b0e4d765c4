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
import { accept, acknowledge, append, deliveryById, requeue, settleAttempt } from './settle.ts'
import { copyBeforeUpgrade } from './upgrade.ts'

/** Opens the SQLite store. Throws `home_unusable`, saying what to do. */
export async function openStore(options: StoreOptions): Promise<Store> {
  let copy: string | undefined
  const context = openShared(options, (version) => {
    copy = copyBeforeUpgrade(options, version)
  })
  if (copy !== undefined) options.onUpgrade?.(copy)
  const { write, read } = context
  const { revokedFile } = context
  if (await read(() => isFromThePast(context))) await write(() => takeIn(context))
  if (options.role === 'server' && revokedFile !== undefined && !isOwn(revokedFile))
    await write(() => adopt(context.sql, revokedFile))
  let bytesInLog = false

  return {
    ...grantStore(context),
    ...sessionStore(context),
    ...createExpiry(context),
    recordDelivery: (draft) => write(() => record(context, draft)),
    claimDue: async (claim) =>
      (await read(() => anythingDue(context, claim))) ? write(() => claimDue(context, claim)) : [],
    settleDelivery: (id, attempt, settlement, now) =>
      write(() => settleAttempt(context, id, attempt, settlement, now)),
    acceptDelivery: (id, now, evidence) => write(() => accept(context, id, now, evidence)),
    appendEvents: (id, events) => write(() => append(context, id, events)),
    nextDue: (except) => read(() => nextDue(context, except)),
    releaseLeases: (now) => write(() => releaseLeases(context, now)),
    findDelivery: (id) => read(() => deliveryById(context, id)),
    inspectDelivery: (id) => read(() => inspect(context, id)),
    listDeliveries: (filter) => list(context, filter),
    requeueDelivery: (id, now, expiresAt) => write(() => requeue(context, id, now, expiresAt)),
    acknowledgeDelivery: (id, now) => write(() => acknowledge(context, id, now)),
    purgeDelivery: async (id) => {
      if (await write(() => purgeOne(context, id))) bytesInLog = true
      if (!bytesInLog) return false
      await emptyLog(context)
      bytesInLog = false
      return true
    },
    purgeSettled: (before, limit) => purgeSettled(context, before, limit),
    failQueued: (session, now, why) => write(() => failQueued(context, session, now, why)),
    counts: () => read(() => counts(context)),
    knocksByHour: (from, hours) => knocksByHour(context, from, hours),
    changedElsewhere: () => read(context.changedElsewhere),
    examine: () => read(() => examine(context)),
    probe: () => write(() => leaveMark(context)),
    backup: async (path) => {
      if (revokedFile !== undefined) await write(() => adopt(context.sql, revokedFile))
      await read(() => backup({ ...context, platform: options.platform }, path))
    },
    close: context.close,
  }
}
