import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection } from '../../../src/domain/driver.ts'
import { eventually } from '../../suites/driver.ts'
import { deliveryId, ownedTest, patience, turn } from '../../suites/owned-driver.ts'
import { createFakeDecisions, type FakeDecisions } from '../../support/fake-decisions.ts'
import { type Bench, openBench, openSharedBench, type SharedBench } from './harness.ts'

const noted = (bench: Bench, name: string, count: number) =>
  eventually(async () => (await bench.notes(name)).length >= count, `${count} in ${name}`)

const on = ownedTest('codex of our own', openBench)

on('asks people, and tells it their word', async (bench) => {
  const decisions = createFakeDecisions()
  const connection = bench.connect(undefined, { decisions })
  const allowed = turn(connection, 'TOOL')
  const [first] = await decisions.countAsked(1)
  assert.ok(first)
  assert.equal(first.request.title, "bash -lc 'touch x'")
  assert.equal(first.request.delivery, deliveryId)
  assert.equal(JSON.parse(first.request.detail).command, "bash -lc 'touch x'")
  const state = await connection.state(patience())
  assert.ok(
    state.kind === 'blocked' && state.asks === "permission: bash -lc 'touch x'",
    JSON.stringify(state),
  )
  assert.equal(await first.decide('allow'), undefined)
  assert.equal((await allowed).kind, 'completed')
  void turn(connection, 'TOOL')
  const [, second] = await decisions.countAsked(2)
  second?.expire()
  await noted(bench, 'approvals.jsonl', 2)
  assert.deepEqual(await bench.notes('approvals.jsonl'), [{ decision: 'accept' }, { decision: 'cancel' }])
})

on('withdraws what it asked when its turn is cancelled', async (bench) => {
  const decisions = createFakeDecisions()
  const connection = bench.connect(undefined, { decisions })
  const running = turn(connection, 'TOOL')
  const [asked] = await decisions.countAsked(1)
  assert.equal(await connection.cancelTurn?.(), true)
  assert.deepEqual(await asked?.closed, { how: 'withdrawn', why: 'its turn was over' })
  assert.equal((await running).kind, 'turn_failed')
})

const shared = (
  title: string,
  body: (
    bench: SharedBench,
    decisions: FakeDecisions,
    ask: () => Promise<void>,
    connection: Connection,
  ) => Promise<void>,
) =>
  test(`codex that a person uses: ${title}`, async () => {
    const bench = await openSharedBench()
    const { person, threadId } = bench
    const say = async (text: string) => {
      const input = [{ type: 'text', text, text_elements: [] }]
      await person.call('turn/start', { threadId, input })
    }
    const idle = Promise.withResolvers<void>()
    person.listen({
      onNotification: (method) => {
        if (method === 'turn/completed') idle.resolve()
      },
      onRequest: () => new Promise(() => {}),
      onGone: () => {},
    })
    await say('hello')
    await idle.promise
    const decisions = createFakeDecisions()
    const connection = bench.connect(undefined, { decisions })
    await noted(bench, 'resumed.jsonl', 1)
    try {
      await body(bench, decisions, () => say('TOOL'), connection)
    } finally {
      await connection.close()
      await bench.remove()
    }
  })

shared('people afar decide what a turn of the person asks', async (bench, decisions, ask, connection) => {
  await ask()
  const [asked] = await decisions.countAsked(1)
  assert.equal(asked?.request.title, "bash -lc 'touch x'")
  const state = await connection.state(patience())
  assert.ok(
    state.kind === 'blocked' && state.asks === "permission: bash -lc 'touch x'",
    JSON.stringify(state),
  )
  assert.equal(await asked?.decide('allow'), undefined)
  await noted(bench, 'approvals.jsonl', 1)
  assert.deepEqual(await bench.notes('approvals.jsonl'), [{ decision: 'accept' }])
})

shared(
  'answered there it is over, and what nobody decides is not answered',
  async (bench, decisions, ask) => {
    const { person, threadId } = bench
    await ask()
    const [first] = await decisions.countAsked(1)
    await person.call('fake/decide', { threadId, decision: 'accept' })
    assert.equal((await first?.closed)?.how, 'elsewhere')
    await ask()
    const [, second] = await decisions.countAsked(2)
    second?.expire()
    const read = await person.call('thread/read', { threadId })
    assert.match(JSON.stringify(read), /waitingOnApproval/)
  },
)
