import assert from 'node:assert/strict'
import { ownedTest, turn } from '../../suites/owned-driver.ts'
import { decideThree } from '../../suites/three-requests.ts'
import { createFakeDecisions } from '../../support/fake-decisions.ts'
import { openBench } from './harness.ts'

const on = ownedTest('claude-stream', openBench)

on('asks people for several things at once, and takes decisions in any order', async (bench) => {
  await decideThree(bench, {
    titles: ['Bash: touch x', 'Bash: touch y', 'Bash: touch z'],
    asks: 'permission: Bash(touch x)',
    checkDetail: (detail) =>
      assert.deepEqual(JSON.parse(detail), {
        tool_name: 'Bash',
        input: { command: 'touch x' },
        tool_use_id: 't1',
      }),
  })
  assert.deepEqual(await bench.notes('decided.jsonl'), [
    { command: 'touch z', behavior: 'allow' },
    { command: 'touch x', behavior: 'deny' },
    { command: 'touch y', behavior: 'deny' },
  ])
  assert.deepEqual((await bench.notes('answers.jsonl')).slice(0, 2), [
    { behavior: 'allow', updatedInput: { command: 'touch z' } },
    { behavior: 'deny', message: 'The user denied this.', interrupt: false },
  ])
})

on('withdraws what it asked when the agent asks no more, or its turn is over', async (bench) => {
  const decisions = createFakeDecisions()
  const connection = bench.connect(undefined, { decisions })
  assert.equal((await turn(connection, 'TOOL MOOT')).kind, 'completed')
  const running = turn(connection, 'TOOL')
  const [moot, asked] = await decisions.countAsked(2)
  assert.deepEqual(await moot?.closed, { how: 'withdrawn', why: 'the agent took it back' })
  assert.equal(await connection.cancelTurn?.(), true)
  assert.deepEqual(await asked?.closed, { how: 'withdrawn', why: 'its turn was over' })
  assert.equal((await running).kind, 'turn_failed')
  assert.deepEqual(await bench.notes('answers.jsonl'), [
    { behavior: 'deny', message: 'Its turn was cancelled.', interrupt: true },
  ])
})

on('leaves a question that no yes or no answers to who sits there', async (bench) => {
  const decisions = createFakeDecisions()
  const connection = bench.connect(undefined, { decisions })
  const cut = new AbortController()
  const { promise: held, resolve } = Promise.withResolvers<string | undefined>()
  const running = turn(connection, 'QUESTION', cut.signal, {
    accepted: async () => {},
    progress: ({ kind, detail }) => kind === 'held' && resolve(detail),
  })
  assert.equal(await held, 'an answer: Which colour?')
  cut.abort()
  await running
  assert.deepEqual(decisions.asked, [])
})
