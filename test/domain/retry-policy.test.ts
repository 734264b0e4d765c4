import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { backoffMs, defaultRetryPolicy } from '../../src/domain/retry-policy.ts'

describe('backoffMs', () => {
  it('doubles from one second to five minutes, between half and whole', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, jitter) => {
          const full = Math.min(300_000, 1000 * 2 ** (attempts - 1))
          const ms = backoffMs(attempts, jitter, defaultRetryPolicy)
          assert.ok(ms >= full / 2 && ms <= full)
        },
      ),
    )
  })
})
