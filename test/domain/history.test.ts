import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { latencyBound, merged, percentile, spanNames, spanUntil } from '../../src/domain/history.ts'

test('latencyBound is the least bound not below, about ten in each power of ten', () => {
  for (const [ms, bound] of [
    ...([
      [-5, 1],
      [0, 1],
      [1, 1],
      [2, 2],
      [7, 8],
      [8, 8],
    ] as const),
    ...([
      [9, 10],
      [10, 10],
      [11, 12],
      [99, 100],
      [101, 120],
      [1234, 1500],
    ] as const),
    ...([
      [86_400_000, 100_000_000],
      [1e12, 8_000_000_000],
    ] as const),
  ])
    assert.equal(latencyBound(ms), bound, `${ms}`)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7_000_000_000 }), (ms) => {
      const bound = latencyBound(ms)
      assert.ok(bound >= ms && (ms < 9 || bound <= ms * 1.34))
      assert.equal(latencyBound(bound), bound)
    }),
  )
})

test('percentile is what so large a share does not exceed', () => {
  const latencies = [
    [2, 98],
    [10, 1],
    [500, 1],
  ] as const
  assert.equal(percentile(latencies, 0.5), 2)
  assert.equal(percentile(latencies, 0.99), 10)
  assert.equal(percentile(latencies, 1), 500)
  assert.equal(percentile([[30, 1]], 0.01), 30)
  assert.equal(percentile([], 0.5), undefined)
})

test('merged adds up what steps count', () => {
  const one = { stored: [[1, 2]], taken: [], failed: { turn: 1 } } as const
  const two = {
    stored: [
      [1, 1],
      [8, 1],
    ],
    taken: [[4, 1]],
    failed: { turn: 2, skill: 1 },
  } as const
  assert.deepEqual(merged([one, two]), {
    stored: [
      [1, 3],
      [8, 1],
    ],
    taken: [[4, 1]],
    failed: { turn: 3, skill: 1 },
  })
  assert.deepEqual(merged([]), { stored: [], taken: [], failed: {} })
})

test('spanUntil ends with the step that goes on, at whole hours of UTC', () => {
  const now = Date.parse('2026-11-22T13:37:00Z')
  const edges = spanNames.map((name) => {
    const { from, stepMs, steps } = spanUntil(name, now)
    return [name, new Date(from).toISOString(), new Date(from + steps * stepMs).toISOString()]
  })
  assert.deepEqual(edges, [
    ['24h', '2026-11-21T14:00:00.000Z', '2026-11-22T14:00:00.000Z'],
    ['7d', '2026-11-15T16:00:00.000Z', '2026-11-22T16:00:00.000Z'],
    ['30d', '2026-10-24T00:00:00.000Z', '2026-11-23T00:00:00.000Z'],
  ])
})
