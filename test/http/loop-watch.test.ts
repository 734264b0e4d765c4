import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLoopWatch, during } from '../../src/http/loop-watch.ts'

function setUp() {
  let now = 0
  const logged: object[] = []
  const watch = createLoopWatch(
    () => now,
    (level, event, fields) => logged.push({ level, event, ...fields }),
  )
  watch.tick()
  /** Holds the loop. */
  const hold = (ms: number) => {
    now += ms
  }
  /** The loop comes round after so many milliseconds. */
  const tickAfter = (ms: number) => {
    now += ms
    watch.tick()
  }
  return { watch, logged, hold, tickAfter, stalls: () => Object.fromEntries(watch.stalls()) }
}

describe('createLoopWatch', () => {
  it('counts what comes more than 50 ms late, and nothing else', () => {
    const { tickAfter, stalls, logged } = setUp()
    for (const ms of [50, 60, 100]) tickAfter(ms)
    assert.deepEqual(stalls(), { other: 0 })
    assert.deepEqual(logged, [])
    tickAfter(101)
    assert.deepEqual(stalls(), { other: 1 })
  })

  it('names the work that began last of what was under way, also when it has ended since', () => {
    const { watch, hold, tickAfter, stalls } = setUp()
    const endPurge = watch.begin('purge')
    const endWebhook = watch.begin('webhook')
    hold(150)
    endWebhook()
    tickAfter(50)
    assert.deepEqual(stalls(), { other: 0, webhook: 1 })
    tickAfter(200)
    assert.deepEqual(stalls(), { other: 0, webhook: 1, purge: 1 })
    endPurge()
    tickAfter(200)
    assert.deepEqual(stalls(), { other: 1, webhook: 1, purge: 1 })
  })

  it('blames nothing that was over in a moment, as what looks for the writes of others every 50 ms', () => {
    const { watch, hold, tickAfter, stalls } = setUp()
    const end = watch.begin('follow')
    hold(1)
    end()
    tickAfter(300)
    assert.deepEqual(stalls(), { other: 1 })
  })

  it('logs at most once a minute, the longest', () => {
    const { watch, logged, tickAfter } = setUp()
    tickAfter(150)
    assert.deepEqual(logged, [{ level: 'warn', event: 'loop.stalled', ms: 100, during: 'other', count: 1 }])
    const end = watch.begin('metrics')
    tickAfter(450)
    end()
    tickAfter(250)
    for (let i = 0; i < 1185; i++) tickAfter(50)
    assert.equal(logged.length, 1)
    tickAfter(50)
    assert.deepEqual(logged[1], {
      level: 'warn',
      event: 'loop.stalled',
      ms: 400,
      during: 'metrics',
      count: 2,
    })
    for (let i = 0; i < 3000; i++) tickAfter(50)
    assert.equal(logged.length, 2)
  })
})

describe('during', () => {
  it('ends the work also when it fails', async () => {
    const { watch, tickAfter, stalls } = setUp()
    const failing = during(watch.begin, 'dashboard', () => Promise.reject(new Error('no')))
    await assert.rejects(failing)
    tickAfter(50)
    tickAfter(500)
    assert.deepEqual(stalls(), { other: 1 })
  })
})
