import assert from 'node:assert/strict'
import { ownedTest, turn } from '../../suites/owned-driver.ts'
import { decideThree } from '../../suites/three-requests.ts'
import { createFakeDecisions } from '../../support/fake-decisions.ts'
import { openBench } from './harness.ts'

const on = ownedTest('acp', openBench)

on('asks people for several things at once, and takes decisions in any order', async (bench) => {
  await decideThree(bench, {
    titles: ['touch x', 'touch y', 'touch z'],
    asks: 'permission: touch x',
    checkDetail: (detail) => assert.match(detail, /"rawInput": \{\n\s+"command": "touch x"/),
  })
  assert.deepEqual(await bench.notes('decided.jsonl'), [
    { title: 'touch z', option: 'once' },
    { title: 'touch x', option: 'no' },
    { title: 'touch y', option: 'no' },
  ])
})

on('withdraws what it asked when its turn is over', async (bench) => {
  const decisions = createFakeDecisions()
  const connection = bench.connect(undefined, { decisions })
  const running = turn(connection, 'TOOL')
  const [asked] = await decisions.countAsked(1)
  assert.equal(await connection.cancelTurn?.(), true)
  assert.deepEqual(await asked?.closed, { how: 'withdrawn', why: 'its turn was over' })
  assert.equal((await running).kind, 'turn_failed')
  assert.deepEqual(await bench.notes('permissions.jsonl'), [{ outcome: { outcome: 'cancelled' } }])
})

on('asks nobody for what its configuration allows', async (bench) => {
  const decisions = createFakeDecisions()
  const connection = bench.connect({ ...bench.session.settings, permissions: ['execute'] }, { decisions })
  assert.equal((await turn(connection, 'TOOL')).kind, 'completed')
  assert.deepEqual(decisions.asked, [])
})
