import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DispatchDeps, dispatch } from '../../src/delivery/dispatch.ts'
import { createSlots } from '../../src/delivery/slots.ts'
import { createWaiters } from '../../src/delivery/waiters.ts'
import type { Delivery } from '../../src/domain/delivery.ts'
import type { Connection } from '../../src/domain/driver.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { Draft, Store } from '../../src/domain/ports.ts'
import { defaultRetryPolicy } from '../../src/domain/retry-policy.ts'
import { fitOf } from '../../src/payload/response-schema.ts'
import { build, draftOf, noon, sessionCalled } from '../support/drafts.ts'
import { openMemoryStore } from '../support/memory-store.ts'

/** A store with one leased delivery, and what a waiter is given and the store holds after each outcome of its agent. */
async function attempts(about: Partial<Draft>, ...agent: readonly Connection['turn'][]) {
  return attemptsWith(() => {}, about, ...agent)
}

async function attemptsWith(
  log: DispatchDeps['log'],
  about: Partial<Draft>,
  ...agent: readonly Connection['turn'][]
) {
  const store = openMemoryStore(() => noon)
  await store.openSession(sessionCalled(build), { replace: false })
  await store.recordDelivery(draftOf({ session: build, ...about }))
  const seen: { readonly notified: Delivery; readonly stored: Delivery | undefined }[] = []
  for (const [n, turn] of agent.entries()) {
    const now = noon + n * 3_600_000
    const [delivery] = await store.claimDue({ now, leaseMs: 1000, limit: 1, except: [] })
    assert.ok(delivery)
    const waiters = createWaiters()
    const waiting: Delivery[] = []
    const deps = depsOf(store, turn, { ...waiters, notify: (each) => void waiting.push(each) })
    await dispatch({ ...deps, clock: { ...deps.clock, now: () => now }, log }, delivery, AbortSignal.any([]))
    const [notified] = waiting
    assert.ok(notified)
    seen.push({ notified, stored: await store.findDelivery(delivery.id) })
  }
  return seen
}

function depsOf(store: Store, turn: Connection['turn'], waiters: DispatchDeps['waiters']): DispatchDeps {
  const connection: Connection = {
    state: async () => ({ kind: 'idle' }),
    inject: (message, signal) => turn(message, signal, { accepted: async () => {}, progress: () => {} }),
    turn,
    skills: async () => undefined,
    recall: async () => undefined,
    end: async () => {},
    close: async () => {},
  }
  return {
    store,
    waiters,
    connections: {
      to: () => connection,
      once: () => undefined,
      reconcile: async () => {},
      closeAll: async () => {},
    },
    callBack: async () => ({ kind: 'released', why: 'no callbacks here' }),
    clock: { now: () => noon, random: () => 0.5, bytes: (length) => new Uint8Array(length) },
    log: () => {},
    policy: () => defaultRetryPolicy,
    timeoutMs: () => 60_000,
    turns: createSlots(() => 0),
    fitOf,
  }
}

const ends = (outcome: Outcome) => async () => outcome
const busy = ends({ kind: 'busy', why: 'a turn runs' })

describe('dispatch', () => {
  it('keeps the place of a turn that goes on after its message was taken', async () => {
    const store = openMemoryStore(() => noon)
    await store.openSession(sessionCalled(build), { replace: false })
    await store.recordDelivery(draftOf({ session: build }))
    const [delivery] = await store.claimDue({ now: noon, leaseMs: 1000, limit: 1, except: [] })
    assert.ok(delivery)
    const turn = Promise.withResolvers<void>()
    const turns = createSlots(() => 1)
    const deps = depsOf(store, ends({ kind: 'taken', evidence: 'ack' }), createWaiters())
    const connection = deps.connections.to(sessionCalled(build))
    assert.ok(connection)
    const owned = { ...connection, turnOver: () => turn.promise }
    await dispatch(
      { ...deps, turns, connections: { ...deps.connections, to: () => owned } },
      delivery,
      AbortSignal.any([]),
    )
    assert.equal((await store.findDelivery(delivery.id))?.state, 'DELIVERED')
    let free = false
    const next = turns.take(noon, AbortSignal.any([])).then(() => {
      free = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(free, false)
    turn.resolve()
    await next
    assert.equal(free, true)
  })

  const table: readonly [name: string, about: Partial<Draft>, agent: readonly Connection['turn'][]][] = [
    ['a message that was held and then taken', {}, [busy, ends({ kind: 'taken', evidence: 'marker' })]],
    ['a failure that is tried again', {}, [ends({ kind: 'failed', why: 'x', retry: true }), busy]],
    ['a failure for good', {}, [ends({ kind: 'failed', why: 'x', retry: false })]],
    [
      'a turn',
      { action: 'turn' },
      [
        async (_message, _signal, { accepted }) => {
          await accepted('echo')
          return { kind: 'completed', answer: 'ok' }
        },
      ],
    ],
  ]
  for (const [name, about, agent] of table)
    it(`gives waiters what the store holds: ${name}`, async () => {
      for (const { notified, stored } of await attempts(about, ...agent)) assert.deepEqual(notified, stored)
    })

  it('logs that a message is held once, and what comes of it', async () => {
    const lines: unknown[] = []
    const log: DispatchDeps['log'] = (_level, event, fields = {}) => {
      lines.push([event, fields.state, fields.heldBecause])
    }
    const offline = ends({ kind: 'offline', why: 'nobody is there' })
    const taken = ends({ kind: 'taken', evidence: 'ack' })
    await attemptsWith(log, {}, ...[busy, busy, busy, offline, offline, busy, taken])
    assert.deepEqual(lines, [
      ['delivery.settled', 'PENDING', 'busy'],
      ['delivery.settled', 'PENDING', 'offline'],
      ['delivery.settled', 'PENDING', 'busy'],
      ['delivery.settled', 'DELIVERED', undefined],
    ])
  })

  it('leaves a delivered message without the cause for which it was held before', async () => {
    const [held, delivered] = await attempts({}, busy, ends({ kind: 'taken', evidence: 'ack' }))
    assert.deepEqual([held?.notified.heldBecause, held?.notified.settledAt], ['busy', undefined])
    const { state, heldBecause, detail, leasedUntil, evidence } = delivered?.notified ?? {}
    assert.deepEqual(
      [state, heldBecause, detail, leasedUntil],
      ['DELIVERED', undefined, undefined, undefined],
    )
    assert.equal(evidence, 'ack')
  })
})
