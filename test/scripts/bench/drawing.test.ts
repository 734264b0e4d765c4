import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawing, roundedUp } from '../../../scripts/bench/drawing.ts'

test('roundedUp gives the axis a short end that no sample exceeds', () => {
  assert.deepEqual([9, 10, 11, 101, 430, 8200].map(roundedUp), [10, 10, 20, 200, 500, 10_000])
})

test('drawing has a panel for each curve and measure, every size on it, and no address but its own name', () => {
  const point = (size: number) => ({ size, cpuMicros: [80, 100, 90], perSecond: [9000, 8000] })
  const svg = drawing([
    { of: 'grants', points: [point(4), point(100_000)] },
    { of: 'callers', points: [point(0), point(2000)] },
  ])
  assert.equal(svg.match(/class="line"/g)?.length, 4)
  for (const text of ['grants', '100K', 'callers', '2K', 'processor time of a knock, µs', '10K'])
    assert.ok(svg.includes(`>${text}</text>`), text)
  assert.deepEqual(svg.match(/https?:\/\/[^"]*/g), ['http://www.w3.org/2000/svg'])
  assert.doesNotMatch(svg, /NaN|undefined/)
})
