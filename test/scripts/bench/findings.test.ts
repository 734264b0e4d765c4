import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findingsPage, growth, heading, missed } from '../../../scripts/bench/findings.ts'
import { fullPlan, type Samples } from '../../../scripts/bench/plan.ts'

const machine = {
  date: '2026-01-02T03:04:05.000Z',
  cpu: 'a processor',
  cores: 2,
  memoryGb: 24,
  bun: '1.0',
  loadBefore: 0.1,
}
const of = (samples: Samples) => ({ ...machine, plan: fullPlan, samples, others: ['One is not installed.'] })

test('heading says whether the machine was quiet', () => {
  assert.match(heading(machine), /quiet before \(load average 0\.10\)/)
  assert.match(heading({ ...machine, loadBefore: 3 }), /busy before \(load average 3\.00\)/)
})

test('findingsPage shows every figure, and what people use instead', () => {
  const page = findingsPage(of({ p99: [7] }))
  assert.match(
    page,
    /^\| p99 of a knock at half the peak rate \| 7\.00 ms \| {2}\| ≤ 15 ms \| ≤ 8 ms \| aim \|$/m,
  )
  assert.match(page, /\| memory, idle \| not measured \|/)
  assert.match(page, /One is not installed\.$/)
})

test('missed lists what is short of the aim or of the must, and nothing else', () => {
  const lines = missed(of({ p99: [7], typed: [300], fetched: [16], rate: [1] })).split('\n')
  assert.equal(lines.length, 2)
  assert.match(lines[0] ?? '', /^- knock until typed and taken in an idle terminal: 300 ms; aim ≤ 250 ms\./)
  assert.match(lines[1] ?? '', /^- knock until printed by a waiting .*: 16\.0 ms; must ≤ 15 ms\./)
  assert.equal(missed(of({ p99: [7, 7, 16] })), 'Nothing.')
})

test('growth compares the ends of a curve', () => {
  const points = [
    { size: 0, cpuMicros: [100], perSecond: [8000] },
    { size: 10, cpuMicros: [500], perSecond: [1] },
    { size: 2000, cpuMicros: [120], perSecond: [7500] },
  ]
  assert.equal(
    growth([{ of: 'callers', points }])
      .split('\n')
      .at(-1),
    '| callers | 0 → 2,000 | 100 → 120 | 1.20 | 8,000 → 7,500 |',
  )
})
