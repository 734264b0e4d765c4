import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limitsDefaults } from '../../src/config/defaults.ts'
import { type Code, Failure } from '../../src/domain/error.ts'
import type { SendDeps, SendOrder } from '../../src/inbound/send.ts'
import { send } from '../../src/inbound/send.ts'
import { openSessionCalled } from '../../src/manage/find-session.ts'
import { createMemoryState, openMemoryStore } from '../support/memory-store.ts'

const now = 1_700_000_000_000

function setUp({ pushes = false } = {}) {
  const state = createMemoryState()
  const started: string[] = []
  const store = openMemoryStore(() => now, state)
  const deps: SendDeps = {
    store,
    openSession: (id) => openSessionCalled(store, id),
    clock: { now: () => now, bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
    config: () => ({ limits: { ...limitsDefaults, queuePerSession: 2 }, retry: { maxHoldSeconds: 60 } }),
    leaseMs: 5000,
    pushes: () => pushes,
    wakeHost: () => {},
    start: ({ id }) => started.push(id),
  }
  return { state, started, deps }
}

const order = (over: Partial<SendOrder> = {}): SendOrder => ({
  session: 'default',
  message: 'hello',
  ...over,
})

describe('send', () => {
  it('records the message of the operator, cleaned, with the limits of every delivery', async () => {
    const { state, started, deps } = setUp()
    const delivery = await send(deps, order({ message: 'a\u001bb', from: 'me[x]' }))
    assert.equal(delivery.message, '[me(x)] ab')
    assert.deepEqual(delivery.source, { kind: 'admin' })
    assert.equal(delivery.expiresAt, now + 60_000)
    assert.equal(state.rows[0]?.draft.queueLimit, 2)
    assert.deepEqual(started, [])
  })

  it('hands over what it leased', async () => {
    const { started, deps } = setUp({ pushes: true })
    const { id } = await send(deps, order())
    assert.deepEqual(started, [id])
  })

  it('stores a digest as the fingerprint of an idempotency key, never the message', async () => {
    const { state, deps } = setUp()
    await send(deps, order({ message: 'a secret word', idempotencyKey: 'k' }))
    const { fingerprint = '', windowMs } = state.rows[0]?.draft.idempotency ?? {}
    assert.match(fingerprint, /^[0-9a-f]{64}$/)
    assert.equal(windowMs, 86_400_000)
  })

  it('sends once for a key, and refuses another message under it', async () => {
    const { state, deps } = setUp()
    const first = await send(deps, order({ idempotencyKey: 'k' }))
    assert.equal((await send(deps, order({ idempotencyKey: 'k' }))).id, first.id)
    await refuses(send(deps, order({ idempotencyKey: 'k', message: 'other' })), 'idempotency_conflict')
    assert.equal(state.rows.length, 1)
  })

  const refused: readonly (readonly [string, Partial<SendOrder>, Code])[] = [
    ['a session that is not there', { session: 'nobody' }, 'session_missing'],
    ['a blank message', { message: ' \u001b ' }, 'unprocessable'],
    ['a blank sender', { from: '\u0007' }, 'unprocessable'],
    ['an empty idempotency key', { idempotencyKey: '' }, 'unprocessable'],
    ['an idempotency key of 256 bytes', { idempotencyKey: 'k'.repeat(256) }, 'unprocessable'],
  ]
  for (const [what, over, code] of refused)
    it(`refuses ${what} and stores nothing`, async () => {
      const { state, started, deps } = setUp({ pushes: true })
      await refuses(send(deps, order(over)), code)
      assert.equal(state.rows.length, 0)
      assert.deepEqual(started, [])
    })

  it('refuses what the queue has no room for', async () => {
    const { deps } = setUp()
    await send(deps, order())
    await send(deps, order())
    await refuses(send(deps, order()), 'queue_full')
  })
})

const refuses = (promise: Promise<unknown>, code: Code) =>
  assert.rejects(promise, (thrown) => thrown instanceof Failure && thrown.code === code)
