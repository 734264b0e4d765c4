import { rmSync } from 'node:fs'
import { type HomeMark, refuseTrouble, troubleWithDatabase } from '../domain/home-state.ts'
import type { Store } from '../domain/ports.ts'
import { backup, copyBeforeUpgrade } from './backup.ts'
import { anythingDue, claimDue, makeDue, nextDue, releaseLeases } from './claims.ts'
import { openContext, type StoreContext, type StoreDeps, writeProbe } from './context.ts'
import { createExpiry, failQueued } from './expiry.ts'
import { grantStore } from './grants.ts'
import { inspectHome, keyFacts } from './inspect.ts'
import { commitsIn, markFileIn, markIn, openMarkFile, rememberKeys, takePlace } from './mark.ts'
import { createPurge } from './purge.ts'
import { counts, examine, inspect, knocksByHour, list } from './queries.ts'
import { record } from './record.ts'
import { countRefusals, listRefusals, recordRefusals } from './refusals.ts'
import { adoptCopy, isFromThePast, isOwn, ownRevocations } from './revocations.ts'
import { sessionStore } from './sessions.ts'
import { accept, acknowledge, append, readDelivery, requeue, settleAttempt } from './settle.ts'

// Reading order: migrate and rows (the tables), connection (one SQLite handle), group-commit (many acts, one fsync),
// cache (what was read stays in memory), context (these three joined). Then what is done with them, in the order a
// message meets it: sessions, grants, record, claims, settle, expiry, purge, queries. Beside them: inspect and mark (whether
// this is the database of its home, whole), backup, restore, revocations (what outlives a restore) and lock (one server a home).

/** Opens the SQLite store. Throws `home_unusable`, saying what to do. */
export async function openStore(deps: StoreDeps): Promise<Store> {
  const noted = judgeHome(deps)
  let copy: string | undefined
  const context = openContext(deps, (version) => {
    const made = copyBeforeUpgrade(deps, version)
    copy = made
    return () => rmSync(made, { force: true })
  })
  if (copy !== undefined) deps.onUpgrade?.(copy)
  const { write, read, revokedFile } = context
  if (deps.role === 'server' && context.time.wentBack) await write(() => makeDue(context))
  if (await read(() => isFromThePast(context))) await write(() => adoptCopy(context, noted))
  if (await read(() => isUnmarked(context, deps.accepted))) await write(() => takePlace(context.sql, noted))
  const close = await noteCommits(context, deps.keysDir)
  if (deps.role === 'server' && revokedFile !== undefined && !isOwn(revokedFile))
    await write(() => ownRevocations(context.sql, revokedFile))

  return {
    ...grantStore(context),
    ...sessionStore(context),
    ...createExpiry(context),
    ...createPurge(context),
    recordDelivery: (draft) => write(() => record(context, draft)),
    claimDue: async (claim) =>
      (await read(() => anythingDue(context, claim))) ? write(() => claimDue(context, claim)) : [],
    settleDelivery: (id, attempt, settlement, now) =>
      write(() => settleAttempt(context, id, attempt, settlement, now)),
    acceptDelivery: (id, now, evidence) => write(() => accept(context, id, now, evidence)),
    appendEvents: (id, events) => write(() => append(context, id, events)),
    nextDue: (except) => read(() => nextDue(context, except)),
    releaseLeases: (now) => write(() => releaseLeases(context, now)),
    findDelivery: (id) => read(() => readDelivery(context, id)),
    inspectDelivery: (id) => read(() => inspect(context, id)),
    listDeliveries: (filter) => list(context, filter),
    requeueDelivery: (id, now, expiresAt) => write(() => requeue(context, id, now, expiresAt)),
    acknowledgeDelivery: (id, now) => write(() => acknowledge(context, id, now)),
    failQueued: (session, why, only) => failQueued(context, session, why, only),
    counts: () => read(() => counts(context)),
    recordRefusals: (refusals, counts) => write(() => recordRefusals(context, refusals, counts)),
    listRefusals: (filter) => read(() => listRefusals(context, filter)),
    countRefusals: (fromHour) => read(() => countRefusals(context, fromHour)),
    knocksByHour: (from, hours) => knocksByHour(context, from, hours),
    changedElsewhere: () => read(context.changedElsewhere),
    examine: () => read(() => examine(context)),
    keepTime: () => write(() => undefined),
    probe: () => write(() => writeProbe(context)),
    backup: async (path) => {
      if (revokedFile !== undefined) await write(() => ownRevocations(context.sql, revokedFile))
      await read(() => backup({ ...context, platform: deps.platform }, path))
    },
    keyFacts: () => read(() => keyFacts(context.sql, deps.now())),
    rememberKeys: (keys) => write(() => rememberKeys(context.sql, keys)),
    close: async () => {
      await context.close()
      close()
    },
  }
}

/** What was noted beside the keys. Throws `home_unusable` where the database is not what this home has been writing to. */
function judgeHome({ keysDir, accepted = [], ...deps }: StoreDeps): HomeMark | undefined {
  if (keysDir === undefined) return undefined
  const facts = inspectHome({ ...deps, keysDir })
  const trouble = troubleWithDatabase(facts)
  if (trouble && !accepted.includes(trouble.kind)) refuseTrouble('home_unusable', trouble)
  return facts.mark
}

/** A database that is new, of an older version, or in another's place by the operator's word. */
const isUnmarked = ({ sql }: StoreContext, accepted: StoreDeps['accepted']): boolean =>
  accepted !== undefined || markIn(sql) === undefined

/** From now on every commit is noted beside the keys. Returns what ends that. */
async function noteCommits(context: StoreContext, keysDir: string | undefined): Promise<() => void> {
  if (keysDir === undefined) return () => {}
  const { sql } = context
  const state = await context.read(() => ({ mark: markIn(sql) ?? '', commits: commitsIn(sql) }))
  const { note, close } = openMarkFile(markFileIn(keysDir), state)
  context.onCommit(note)
  return close
}
