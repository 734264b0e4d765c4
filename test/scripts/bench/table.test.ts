import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fullPlan } from '../../../scripts/bench/plan.ts'
import { rowsOf } from '../../../scripts/bench/rows.ts'
import { median, percentile, ratios } from '../../../scripts/bench/stats.ts'
import { shown, table, verdict } from '../../../scripts/bench/table.ts'

test('median is the middle, or the mean of the two in the middle', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.equal(median([7]), 7)
  assert.ok(Number.isNaN(median([])))
})

test('percentile is the sample below which that share lies', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
  assert.equal(percentile(hundred, 0.99), 100)
  assert.equal(percentile(hundred, 0.5), 51)
  assert.equal(percentile([5], 0.99), 5)
  assert.ok(Number.isNaN(percentile([], 0.99)))
})

test('ratios divides round by round', () => {
  assert.deepEqual(ratios([1, 9], [2, 3]), [0.5, 3])
})

const bound = { better: 'lower', must: 15, aim: 8 } as const
const verdicts: readonly [readonly number[], string][] = [
  [[7, 8, 9], 'aim'],
  [[9, 10, 11], 'must'],
  [[16, 17, 18], 'NO'],
  [[9, 10, 16], 'must; the spread crosses the must'],
  [[14, 17, 18], 'NO; the spread crosses the must'],
]

for (const [samples, expected] of verdicts)
  test(`verdict of ${samples} where at most 15 must be: ${expected}`, () => {
    assert.equal(verdict(bound, samples), expected)
  })

test('verdict turns round where higher is better', () => {
  assert.equal(
    verdict({ better: 'higher', must: 0.55, aim: 0.75 }, [0.5, 0.6, 0.7]),
    'must; the spread crosses the must',
  )
})

test('shown keeps three digits and every whole one', () => {
  assert.deepEqual([0.4567, 12.345, 99.96, 12_345.6].map(shown), ['0.457', '12.3', '100', '12,346'])
})

test('table has median, spread and units, and says what was not measured', () => {
  const rows = [
    { key: 'p99', title: 'p99', unit: 'ms', bound },
    { key: 'rate', title: 'rate', unit: '/s' },
    { key: 'gone', title: 'gone' },
  ]
  assert.deepEqual(
    table(rows, { p99: [9, 7, 8], rate: [1000] })
      .split('\n')
      .slice(2),
    [
      '| p99 | 8.00 ms | 7.00–9.00 | ≤ 15 ms | ≤ 8 ms | aim |',
      '| rate | 1,000 /s |  |  |  |  |',
      '| gone | not measured |  |  |  |  |',
    ],
  )
})

test('rowsOf says of every figure with a bound what limits it', () => {
  const silent = rowsOf(fullPlan).filter(({ bound, limit }) => bound !== undefined && limit === undefined)
  assert.deepEqual(silent, [])
})

test('rowsOf names no key twice, and says how much was stored', () => {
  const rows = rowsOf(fullPlan)
  assert.equal(new Set(rows.map(({ key }) => key)).size, rows.length)
  assert.match(rows.map(({ title }) => title).join(), /1,000,000 deliveries and 100,000 grants stored/)
})
