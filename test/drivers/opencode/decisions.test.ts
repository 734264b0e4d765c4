import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeliveryId } from '../../../src/domain/delivery.ts'
import type { Connection } from '../../../src/domain/driver.ts'
import { createFakeDecisions, type FakeDecisions } from '../../support/fake-decisions.ts'
import { type Bench, openBench } from './harness.ts'

const on = (
  title: string,
  body: (bench: Bench, decisions: FakeDecisions, connection: Connection) => Promise<void>,
) =>
  test(`opencode ${title}`, async () => {
    const bench = await openBench()
    const decisions = createFakeDecisions()
    const connection = bench.connect(undefined, 0, { decisions })
    try {
      await body(bench, decisions, connection)
    } finally {
      await connection.close()
      await bench.remove()
    }
  })

const turn = (connection: Connection, text: string) =>
  connection.turn(
    { deliveryId: 'whd_000000000000000000000001' as DeliveryId, text },
    AbortSignal.timeout(20_000),
    { accepted: async () => {}, progress: () => {} },
  )

on(
  'asks people what its conversation asks, and tells it their word',
  async ({ fake }, decisions, connection) => {
    for (const verdict of ['allow', 'deny'] as const) {
      const running = turn(connection, 'PERMIT')
      const asked = (await decisions.countAsked(verdict === 'allow' ? 1 : 2)).at(-1)
      assert.ok(asked)
      assert.equal(asked.request.title, 'bash: rm -r x')
      assert.deepEqual(JSON.parse(asked.request.detail).patterns, ['rm -r x'])
      assert.equal(await asked.decide(verdict), undefined)
      assert.equal((await running).kind, 'completed')
    }
    assert.deepEqual(fake.replies, ['once', 'reject'])
  },
)

on('asks for a turn that a person began, and finds what was asked before', async ({ fake }, decisions) => {
  fake.say('PERMIT')
  const [asked] = await decisions.countAsked(1)
  assert.equal(await asked?.decide('allow'), undefined)
  assert.deepEqual(fake.replies, ['once'])
})

on(
  'says when somebody answered in opencode, and never answers what nobody decides',
  async ({ fake }, decisions, connection) => {
    fake.say('PERMIT')
    const [first] = await decisions.countAsked(1)
    fake.permit()
    assert.equal((await first?.closed)?.how, 'elsewhere')
    fake.say('PERMIT')
    const [, second] = await decisions.countAsked(2)
    second?.expire()
    const state = await connection.state(AbortSignal.timeout(20_000))
    assert.equal(state.kind, 'blocked', JSON.stringify(state))
    assert.deepEqual(fake.replies, ['once'])
  },
)

on('says that it was too late to tell opencode', async ({ fake }, decisions) => {
  fake.say('PERMIT')
  const [asked] = await decisions.countAsked(1)
  await fake.away()
  assert.ok((await asked?.decide('allow')) !== undefined)
  await fake.back()
})
