import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keptMs, keyWindowMs } from '../../src/domain/hook.ts'

const day = 86_400_000

describe('keyWindowMs', () => {
  it('is a day unless the hook says otherwise', () => {
    assert.equal(keyWindowMs(undefined), day)
    assert.equal(keyWindowMs({}), day)
    assert.equal(keyWindowMs({ idempotencySeconds: 60 }), 60_000)
  })
})

describe('keptMs', () => {
  const month = { idempotencySeconds: 30 * 86_400 }
  const cases: readonly (readonly [days: number, hooks: Parameters<typeof keptMs>[1], kept: number])[] = [
    [30, [], 30 * day],
    [1, [], day],
    [1, [{ idempotencySeconds: 60 }], day],
    [1, [{}, month], 30 * day],
    [60, [month], 60 * day],
    [0, [month], 0],
  ]
  for (const [days, hooks, kept] of cases)
    it(`keeps what is finished ${kept / day} days of ${days} with ${hooks.length} hooks`, () =>
      assert.equal(keptMs(days, hooks), kept))
})
