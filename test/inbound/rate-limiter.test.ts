import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLimiter, type Limiter } from '../../src/inbound/rate-limiter.ts'

const start = 1_800_000_000_000

const limiterOf = (perMinute: number, more: { doors?: () => number; maxKeys?: number } = {}) =>
  createLimiter({ perMinute: () => perMinute, doors: () => 1, ...more })

/** How many of many it lets through at once. */
const letThrough = (limiter: Limiter, ownLimit?: number): number =>
  Array.from({ length: 200 }, () => limiter.take('a', start, ownLimit)).filter((ms) => ms === 0).length

describe('createLimiter', () => {
  it('allows a minute at once, then says how long to wait', () => {
    const limiter = limiterOf(3)
    assert.deepEqual(
      [1, 2, 3].map(() => limiter.take('a', start)),
      [0, 0, 0],
    )
    assert.equal(limiter.take('a', start), 20_000)
    assert.equal(limiter.take('a', start + 20_000), 0)
    assert.equal(limiter.take('b', start), 0)
  })

  it('takes the own limit of a key before that of all', () => {
    const limiter = limiterOf(3)
    assert.deepEqual(
      [1, 2, 3].map(() => limiter.take('a', start, 2)),
      [0, 0, 30_000],
    )
    for (let i = 0; i < 10; i++) assert.equal(limiter.take('b', start, 0), 0)
  })

  it('knows no limit at 0', () => {
    const limiter = limiterOf(0)
    for (let i = 0; i < 1000; i++) assert.equal(limiter.take('a', start), 0)
  })

  it('does not give more when the clock steps back', () => {
    const limiter = limiterOf(1)
    assert.equal(limiter.take('a', start), 0)
    assert.ok(limiter.take('a', start - 3_600_000) > 0)
  })

  it('forgets the oldest keys rather than grow', () => {
    const limiter = limiterOf(1, { maxKeys: 2 })
    for (const key of ['a', 'b', 'c']) assert.equal(limiter.take(key, start), 0)
    assert.ok(limiter.take('c', start) > 0)
    assert.equal(limiter.take('a', start), 0)
  })

  it('createLimiter goes on refilling after the clock was set back by a day', () => {
    const limiter = limiterOf(60)
    const now = 10 * 86_400_000
    for (let i = 0; i < 60; i++) limiter.take('a', now)
    assert.ok(limiter.take('a', now) > 0)
    const set = now - 86_400_000
    assert.ok(limiter.take('a', set) > 0)
    assert.equal(limiter.take('a', set + 1000), 0)
  })

  it('gives each door its share: together never more than the limit, but one each', () => {
    for (const [limit, doors, share] of [
      [60, 1, 60],
      [60, 2, 30],
      [60, 7, 8],
      [3, 2, 1],
      [2, 3, 1],
      [1, 9, 1],
      [60, 0, 60],
    ] as const) {
      const limiter = limiterOf(limit, { doors: () => doors })
      assert.equal(letThrough(limiter), share, `${limit} among ${doors}`)
      assert.equal(letThrough(limiterOf(7, { doors: () => doors }), limit), share, `${limit}, its own`)
    }
    assert.equal(letThrough(limiterOf(0, { doors: () => 3 })), 200)
  })

  it('follows how many doors there are', () => {
    let doors = 1
    const limiter = limiterOf(12, { doors: () => doors })
    assert.equal(letThrough(limiter), 12)
    doors = 3
    assert.equal(limiter.take('a', start), 15_000)
    assert.equal(limiter.take('b', start), 0)
    doors = 1
    assert.equal(limiter.take('c', start), 0)
  })
})
