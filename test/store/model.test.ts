import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DeliveryId, deliveryIdBytes, type Source } from '../../src/domain/delivery.ts'
import { Failure } from '../../src/domain/error.ts'
import { parseHostName } from '../../src/domain/host.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { pauseOfHook, pauseOfSession } from '../../src/domain/pause.ts'
import type { Store } from '../../src/domain/ports.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { settle } from '../../src/domain/settle.ts'
import { ci, draftOf, grantOf, noon, sessionCalled } from '../support/drafts.ts'
import { createMemoryState, openMemoryStore } from '../support/memory-store.ts'
import { inScratch, openScratchStore } from '../support/scratch-store.ts'

const sessions = ['default', 'push', 'later', 'far'] as SessionId[]
const [laptop, tower] = [parseHostName('laptop'), parseHostName('tower')]
/** Who asks: the door, as often as not, or a host. */
const asking = (flags: number) => [undefined, laptop, undefined, tower][flags % 4]
const outcomes: readonly Outcome[] = [
  { kind: 'taken', evidence: 'ack' },
  { kind: 'completed', answer: 'done' },
  { kind: 'turn_failed', why: 'refusal', detail: 'no' },
  { kind: 'busy', why: 'a turn runs' },
  { kind: 'offline', why: 'no route' },
  { kind: 'ended', exitCode: 1 },
  { kind: 'closed', because: 'session_ended', why: 'it has ended' },
  { kind: 'failed', why: 'refused', retry: true },
  { kind: 'failed', why: 'gone', retry: false },
  { kind: 'unknown', why: 'cut off', accepted: false },
]

/** What one of the two processes does; `which` picks among the deliveries there are. */
const step = fc.record({
  by: fc.constantFrom(0, 1),
  act: fc.constantFrom(
    ...([
      'record',
      'record',
      'record',
      'claim',
      'settle',
      'settle',
      'accept',
      'acknowledge',
      'requeue',
      'cancel',
    ] as const),
    ...([
      'expire',
      'release',
      'failQueued',
      'purge',
      'purgeSettled',
      'revoke',
      'end',
      'open',
      'pause',
      'rotate',
      'host',
      'host',
    ] as const),
  ),
  session: fc.constantFrom(...sessions),
  which: fc.nat(5),
  outcome: fc.constantFrom(...outcomes),
  key: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
  flags: fc.nat(15),
  passMs: fc.constantFrom(0, 1, 400, 2000),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

test('SQLite and memory agree, whatever two processes do', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      await inScratch(async (dir) => agree(dir, steps))
    }),
    { numRuns: 60 },
  )
})

async function agree(dir: string, steps: readonly Step[]): Promise<void> {
  const clock = { now: noon }
  const now = () => clock.now
  const state = createMemoryState(counting())
  const path = join(dir, 'postern.db')
  const chance = counting()
  const real = [
    await openScratchStore(path, { now, chance }),
    await openScratchStore(path, { now, chance, role: 'client' }),
  ]
  const model = [openMemoryStore(now, state), openMemoryStore(now, state)]
  try {
    for (const store of [real[0], model[0]]) {
      for (const name of [laptop, tower]) {
        await store?.addHost(name, 'cafe', noon)
        await store?.attachHost(name, noon, noon + 3000)
      }
      await store?.openSession(sessionCalled('far' as SessionId, { host: laptop }), { replace: false })
      await store?.openSession(sessionCalled('push' as SessionId), { replace: false })
      await store?.addGrant({ ...grantOf(), maxUses: 3 })
    }
    for (const [i, each] of steps.entries()) {
      clock.now += each.passMs
      const expected = await perform(model[each.by], each, i, now())
      assert.deepEqual(await perform(real[each.by], each, i, now()), expected, JSON.stringify(each))
      for (const store of real) assert.deepEqual(await seen(store), await seen(model[0]))
    }
  } finally {
    for (const store of real) await store.close()
  }
}

/** All that can be seen of a store, but for the times at which standing sessions were made. */
async function seen(store: Store | undefined) {
  const deliveries = (await store?.listDeliveries({ limit: 999 })) ?? []
  const records = await Promise.all(deliveries.map(({ id }) => store?.inspectDelivery(id)))
  return {
    records: records.map(
      (record) => record && { ...record, events: record.events.map(({ at, kind }) => [at, kind]) },
    ),
    counts: queuesWithout(await store?.counts()),
    nextDue: await Promise.all([undefined, laptop, tower].map((host) => store?.nextDue([], host))),
    hosts: await store?.listHosts(),
    history: (await store?.history(noon, 3_600_000, 5))?.steps,
    grants: await store?.listGrants({}),
    pauses: await store?.listPauses(),
    sessions: (await store?.listSessions())?.map(({ openedAt: _, ...session }) => session),
  }
}

const queuesWithout = (counts: Awaited<ReturnType<Store['counts']>> | undefined) =>
  counts && { ...counts, queues: [...counts.queues].toSorted() }

async function perform(store: Store | undefined, each: Step, n: number, now: number): Promise<unknown> {
  assert.ok(store)
  try {
    return await acts[each.act](store, each, n, now)
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown.code
    throw thrown
  }
}

const sourceOf = (flags: number, session: SessionId): Source => {
  if (flags & 8) return { kind: 'hook', hook: 'deploy' }
  return flags & 1 && session === 'default' ? { kind: 'grant', grant: ci } : { kind: 'admin' }
}

/** The same bytes for the n-th delivery of either store. */
function counting(): () => Uint8Array {
  let n = 0
  return () => new Uint8Array(deliveryIdBytes).fill(n++)
}

type Act = (store: Store, each: Step, n: number, now: number) => Promise<unknown>

const picked = async (store: Store, which: number): Promise<DeliveryId | undefined> => {
  const all = await store.listDeliveries({ limit: 6, oldestFirst: which % 2 === 0 })
  return all[which % Math.max(1, all.length)]?.id
}
const onPicked =
  (act: (store: Store, id: DeliveryId, now: number) => Promise<unknown>): Act =>
  async (store, { which }, _n, now) => {
    const id = await picked(store, which)
    return id === undefined ? undefined : act(store, id, now)
  }

const acts: Record<Step['act'], Act> = {
  record: (store, { session, key, flags }, _n, now) =>
    store.recordDelivery(
      draftOf({
        session,
        source: sourceOf(flags, session),
        action: flags & 2 ? 'turn' : 'input',
        callbackUrl: flags & 4 ? 'https://example.org/' : undefined,
        failed: flags === 15 ? { step: 'skill', detail: 'unknown' } : undefined,
        idempotency: key === undefined ? undefined : { key, fingerprint: `${flags & 1}`, windowMs: 1000 },
        lease: session === 'push' || session === 'far' ? { leaseMs: 1500 } : undefined,
        serial: flags & 2 ? 1 : undefined,
        receivedAt: now,
        expiresAt: now + 3000,
        queueLimit: 4,
      }),
    ),
  claim: (store, { which, flags }, _n, now) => {
    const host = asking(flags)
    return store.claimDue({
      now,
      ...(host && { host }),
      ...(flags & 8 && { holding: [], lostAfterMs: flags & 4 ? 700 : 0 }),
      leaseMs: 1500,
      callbackLeaseMs: 900,
      limit: which + 1,
      except: which === 0 ? ['default' as SessionId] : [],
    })
  },
  settle: async (store, { which, outcome }, _n, now) => {
    const leased = (await store.listDeliveries({ limit: 99 })).filter(
      (each) => each.leasedUntil !== undefined,
    )
    const delivery = leased[which % Math.max(1, leased.length)]
    if (delivery)
      await store.settleDelivery(delivery.id, delivery.attempts, settle(delivery, outcome, now, 0.5), now)
  },
  accept: onPicked(async (store, id, now) => {
    const attempts = (await store.findDelivery(id))?.attempts ?? 0
    await store.acceptDelivery(id, attempts, now, 'echo')
  }),
  acknowledge: onPicked((store, id, now) => store.acknowledgeDelivery(id, now)),
  cancel: onPicked((store, id, now) => store.cancelDelivery(id, now)),
  requeue: onPicked((store, id, now) => store.requeueDelivery(id, now, now + 3000)),
  expire: (store, _step, _n, now) => store.expireHeld(now),
  release: (store, { flags }, _n, now) => store.releaseLeases(now, asking(flags)),
  failQueued: (store, { session }) => store.failQueued(session, 'over'),
  purge: onPicked((store, id) => store.purgeDelivery(id)),
  purgeSettled: (store, { which }, _n, now) => store.purgeSettled(now - 500, which),
  revoke: (store, { which }, _n, now) =>
    which === 0 ? store.revokeGrant(ci, now).then((grant) => grant?.revokedAt) : Promise.resolve(),
  pause: (store, { which, session, flags }, _n, now) => {
    const at = flags & 1 ? now : undefined
    if (which === 0) return store.pauseGrant(ci, at).then((grant) => grant?.pausedAt)
    return store.pause(which < 3 ? pauseOfHook('deploy') : pauseOfSession(session), at)
  },
  rotate: (store, { which }, _n, now) =>
    which < 2 ? store.rotateGrant(ci, now + 1000 * which).then((grant) => grant?.serial) : Promise.resolve(),
  end: (store, { which, session }, _n, now) =>
    which < 2 ? store.endSession(session, 'g1', { at: now, exitCode: 1 }) : Promise.resolve(),
  open: (store, { which, session, flags }) => {
    const host = session === 'push' ? undefined : asking(flags)
    return store.openSession(sessionCalled(session, host && { host }), { replace: which > 3 })
  },
  host: (store, { which, flags }, _n, now) => {
    const name = flags & 1 ? laptop : tower
    if (which === 0) return store.revokeHost(name, now)
    if (which === 1) return store.addHost(name, 'beef', now)
    if (which === 2) return store.attachHost(name, now, now + 3000)
    if (which === 3) return store.renewHost(name, 1, now, now + 3000)
    return which === 4 ? store.markAway(now) : store.rotateHost(name, `${flags}`)
  },
}
