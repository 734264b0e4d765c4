import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLimiter } from '../../src/inbound/rate-limiter.ts'

const start = 1_800_000_000_000

describe('createLimiter', () => {
  it('allows a minute at once, then says how long to wait', () => {
    const limiter = createLimiter(() => 3)
    assert.deepEqual(
      [1, 2, 3].map(() => limiter.take('a', start)),
      [0, 0, 0],
    )
    assert.equal(limiter.take('a', start), 20_000)
    assert.equal(limiter.take('a', start + 20_000), 0)
    assert.equal(limiter.take('b', start), 0)
  })

  it('takes the own limit of a key before that of all', () => {
    const limiter = createLimiter(() => 3)
    assert.deepEqual(
      [1, 2, 3].map(() => limiter.take('a', start, 2)),
      [0, 0, 30_000],
    )
    for (let i = 0; i < 10; i++) assert.equal(limiter.take('b', start, 0), 0)
  })

  it('knows no limit at 0', () => {
    const limiter = createLimiter(() => 0)
    for (let i = 0; i < 1000; i++) assert.equal(limiter.take('a', start), 0)
  })

  it('does not give more when the clock steps back', () => {
    const limiter = createLimiter(() => 1)
    assert.equal(limiter.take('a', start), 0)
    assert.ok(limiter.take('a', start - 3_600_000) > 0)
  })

  it('forgets the oldest keys rather than grow', () => {
    const limiter = createLimiter(() => 1, 2)
    for (const key of ['a', 'b', 'c']) assert.equal(limiter.take(key, start), 0)
    assert.ok(limiter.take('c', start) > 0)
    assert.equal(limiter.take('a', start), 0)
  })

  it('createLimiter goes on refilling after the clock was set back by a day', () => {
    const limiter = createLimiter(() => 60)
    const now = 10 * 86_400_000
    for (let i = 0; i < 60; i++) limiter.take('a', now)
    assert.ok(limiter.take('a', now) > 0)
    const set = now - 86_400_000
    assert.ok(limiter.take('a', set) > 0)
    assert.equal(limiter.take('a', set + 1000), 0)
  })
})
