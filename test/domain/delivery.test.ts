import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { deliveryIdBytes, deliveryIdOf, isDeliveryId, seqOf } from '../../src/domain/delivery.ts'

const time = fc.integer({ min: 0, max: 4_000_000_000_000 })
const seq = fc.integer({ min: 1, max: 50_000_000_000 })
const chance = fc.uint8Array({ minLength: deliveryIdBytes, maxLength: deliveryIdBytes })

describe('a delivery id', () => {
  it('holds its seq for those who know how, and shows no order', () => {
    fc.assert(
      fc.property(time, seq, chance, (at, n, random) => {
        const id = deliveryIdOf(at, n, random)
        assert.ok(isDeliveryId(id), id)
        assert.equal(seqOf(id), n)
      }),
    )
    const random = () => crypto.getRandomValues(new Uint8Array(deliveryIdBytes))
    const ends = Array.from({ length: 200 }, (_, n) => deliveryIdOf(0, n + 1, random()).slice(-6))
    assert.equal(new Set(ends).size, 200)
    assert.notDeepEqual(ends, ends.toSorted())
  })

  it('sorts by time', () => {
    fc.assert(
      fc.property(time, time, seq, seq, chance, chance, (a, b, m, n, one, other) => {
        if (a !== b) assert.equal(deliveryIdOf(a, m, one) < deliveryIdOf(b, n, other), a < b)
      }),
    )
  })
})
