import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { backoffMs, defaultRetryPolicy, retryAfterMs } from '../../src/domain/retry-policy.ts'

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

describe('retryAfterMs', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  const rows: readonly (readonly [string | undefined, number | undefined])[] = [
    [undefined, undefined],
    ['7', 7000],
    ['Thu, 01 Jan 2026 00:00:09 GMT', 9000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['999999999', 86_400_000],
    ['soon', undefined],
    ['', undefined],
  ]
  for (const [header, ms] of rows)
    it(`reads ${JSON.stringify(header)}`, () => assert.equal(retryAfterMs(header, now), ms))
})
