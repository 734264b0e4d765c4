import { rmSync } from 'node:fs'
import { Failure } from '../domain/error.ts'
import { type HomeMark, refuseTrouble, troubleWithDatabase } from '../domain/home-state.ts'
import type { Draft, Store } from '../domain/ports.ts'
import { backup, copyBeforeUpgrade } from './backup.ts'
import { anythingDue, claimDue, makeDue, nextDue, releaseLeases } from './claims.ts'
import { openContext, type StoreContext, type StoreDeps, writeProbe } from './context.ts'
import { decisionWrites } from './decisions.ts'
import { createExpiry, failQueued } from './expiry.ts'
import { type Filed, recorded } from './filed.ts'
import { grantWrites } from './grants.ts'
import { hostWrites } from './hosts.ts'
import { inspectHome, keyFacts } from './inspect.ts'
import { commitsIn, markFileIn, markIn, openMarkFile, rememberKeys, takePlace } from './mark.ts'
import { noticeWrites } from './notices.ts'
import { setPause } from './pauses.ts'
import { createEraJudge, goOn } from './postgres/era.ts'
import { createPurge } from './purge.ts'
import { counts } from './queries.ts'
import { type Reads, readsOf } from './reader.ts'
import { file, fileAll } from './record.ts'
import { recordRefusals } from './refusals.ts'
import { adoptCopy, isFromThePast, isOwn, ownRevocations } from './revocations.ts'
import { sessionWrites } from './sessions.ts'
import { accept, acknowledge, append, cancel, reply, requeue, settleAttempt } from './settle.ts'
import { sharedWrites } from './shared.ts'
import { waitExpiry } from './wait-expiry.ts'
import { waitWrites } from './waits.ts'

// Reading order: migrate and rows (the tables), connection (one SQLite handle), group-commit (many acts, one fsync),
// cache (what was read stays in memory), context (these three joined). Then what is done with them, in the order a
// message meets it: sessions, hosts, grants, pauses, waits, record (with plain-rows), claims, settle, notices, expiry, purge, queries. Beside
// them: reader (the same without writing), threads/ (a server's store, off its event loop), inspect and mark (whether this is the database of its home, whole),
// backup, restore, put-back, revocations (what outlives a restore) and lock (one server a home).

/** The store of one SQLite file, on the thread that asks. */
export interface SqliteStore extends Store, Pick<Reads, 'edits'> {
  /** `recordDelivery` of many at once: what the store adds to each draft (`recorded` joins them), or why it is refused. */
  fileDeliveries(drafts: readonly Draft[]): Promise<readonly (Filed | Failure)[]>
}

/** Opens the SQLite store. Throws `home_unusable`, saying what to do. */
export async function openStore(deps: StoreDeps): Promise<SqliteStore> {
  const { postgres, keysDir } = deps
  const era = postgres && keysDir !== undefined ? createEraJudge({ ...deps, postgres, keysDir }) : undefined
  const noted = era ? era.noted : judgeHome(deps)
  let copy: string | undefined
  const beforeUpgrade = (version: number) => {
    const made = copyBeforeUpgrade(deps, version)
    copy = made
    return () => rmSync(made, { force: true })
  }
  const context = openContext(deps, beforeUpgrade, era?.judge)
  if (copy !== undefined) deps.onUpgrade?.(copy)
  const { write, read, revokedFile } = context
  if (deps.role === 'server' && context.time.wentBack) await write(() => makeDue(context))
  const accepted = era?.accepted()
  if (accepted) await write(() => goOn(context, noted, accepted))
  if (await read(() => isFromThePast(context))) await write(() => adoptCopy(context, noted))
  if (await read(() => isUnmarked(context, deps))) await write(() => takePlace(context.sql, noted))
  const close = await noteCommits(context, deps)
  if (deps.role === 'server' && revokedFile !== undefined && !isOwn(revokedFile))
    await write(() => ownRevocations(context, revokedFile))

  return {
    ...readsOf(context),
    ...grantWrites(context),
    ...sessionWrites(context),
    ...hostWrites(context),
    pause: (target, at) => write(() => setPause(context, target, at)),
    ...decisionWrites(context),
    ...waitWrites(context),
    ...createExpiry(context),
    ...waitExpiry(context),
    ...createPurge(context),
    ...noticeWrites(context),
    ...sharedWrites(context),
    fileDeliveries: (drafts) =>
      write(() => fileAll(context, drafts)).catch((thrown: unknown) => fileApart(context, drafts, thrown)),
    recordDelivery: async (draft) => recorded(draft, await write(() => file(context, draft))),
    claimDue: async (claim) =>
      (await read(() => anythingDue(context, claim))) ? write(() => claimDue(context, claim)) : [],
    settleDelivery: (id, attempt, settlement, now) =>
      write(() => settleAttempt(context, id, attempt, settlement, now)),
    acceptDelivery: (id, attempt, now, evidence) => write(() => accept(context, id, attempt, now, evidence)),
    appendEvents: (id, attempt, events) => write(() => append(context, id, attempt, events)),
    nextDue: (except, host) => read(() => nextDue(context, except, host)),
    releaseLeases: (now, host) => write(() => releaseLeases(context, now, host)),
    requeueDelivery: (id, now, expiresAt) => write(() => requeue(context, id, now, expiresAt)),
    cancelDelivery: (id, now) => write(() => cancel(context, id, now)),
    acknowledgeDelivery: (id, now) => write(() => acknowledge(context, id, now)),
    replyToDelivery: (id, answer, now) => write(() => reply(context, id, answer, now)),
    failQueued: (session, why, only) => failQueued(context, session, why, only),
    counts: () => read(() => counts(context)),
    recordRefusals: (refusals, counts) => write(() => recordRefusals(context, refusals, counts)),
    changedElsewhere: () => read(context.changedElsewhere),
    skew: async () => context.time.ahead(),
    keepTime: () => write(() => undefined),
    probe: () => write(() => writeProbe(context)),
    backup: async (path) => {
      if (deps.postgres) throw new Failure('usage', dumpInstead)
      if (revokedFile !== undefined) await write(() => ownRevocations(context, revokedFile))
      await read(() => backup({ ...context, platform: deps.platform }, path))
    },
    keyFacts: () =>
      read(() => ({
        ...keyFacts(context.sql, deps.now()),
        ...(deps.postgres && { isShared: true as const }),
      })),
    rememberKeys: (keys, before) => write(() => rememberKeys(context.sql, keys, before)),
    close: async () => {
      await context.close()
      close()
    },
  }
}

const dumpInstead =
  'The store lies in PostgreSQL: pg_dump makes a copy of it. The signing keys are not in it; they lie in the home.'

/** One draft that cannot be stored, whatever the disk does, keeps no other from it. */
async function fileApart(context: StoreContext, drafts: readonly Draft[], thrown: unknown) {
  if (!(thrown instanceof Failure) || thrown.code !== 'internal') throw thrown
  return Promise.all(
    drafts.map((draft) => context.write(() => file(context, draft)).catch((failure: Failure) => failure)),
  )
}

/** What was noted beside the keys. Throws `home_unusable` where the database is not what this home has been writing to. */
function judgeHome({ keysDir, accepted = [], ...deps }: StoreDeps): HomeMark | undefined {
  if (keysDir === undefined) return undefined
  const facts = inspectHome({ ...deps, keysDir })
  const trouble = troubleWithDatabase(facts)
  if (trouble && !accepted.includes(trouble.kind)) refuseTrouble('home_unusable', trouble)
  return facts.mark
}

/** A database that is new, of an older version, or in another's place by the operator's word. One of a server is its servers' to mark. */
const isUnmarked = ({ sql, engine }: StoreContext, { accepted, role }: StoreDeps): boolean =>
  engine === 'sqlite'
    ? accepted !== undefined || markIn(sql) === undefined
    : role === 'server' && markIn(sql) === undefined

/** From now on every commit is noted beside the keys. Returns what ends that. */
async function noteCommits(context: StoreContext, { keysDir, postgres }: StoreDeps): Promise<() => void> {
  if (keysDir === undefined) return () => {}
  const { sql } = context
  const state = await context.read(() => ({ mark: markIn(sql) ?? '', commits: commitsIn(sql) }))
  const { note, close } = openMarkFile(markFileIn(keysDir, postgres?.url), state)
  context.onCommit(note)
  return close
}
