import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { spanText } from '../../src/domain/span.ts'

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000]

const cases: readonly (readonly [ms: number, text: string])[] = [
  [-5, '0 ms'],
  [0, '0 ms'],
  [240.4, '240 ms'],
  [999, '999 ms'],
  [second, '1 s'],
  [1340, '1.3 s'],
  [9949, '9.9 s'],
  [9950, '10 s'],
  [59_499, '59 s'],
  [59_500, '1 min'],
  [3 * minute + 20 * second, '3 min 20 s'],
  [hour - 1, '1 h'],
  [2 * hour + 5 * minute, '2 h 5 min'],
  [day, '1 d'],
  [day + 3 * hour + 59 * minute, '1 d 3 h'],
]

describe('spanText', () => {
  for (const [ms, text] of cases) it(`says ${text} of ${ms}`, () => assert.equal(spanText(ms), text))
})
