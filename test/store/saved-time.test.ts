import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { migrate } from '../../src/store/migrate.ts'
import { createStoreTime } from '../../src/store/saved-time.ts'
import { createSteadyClock } from '../../src/store/steady-clock.ts'
import { noon } from '../support/drafts.ts'
import { currentPlatform } from '../support/platform.ts'

const minute = 60_000

/** A server whose wall clock is set ahead by a minute, so many times, a second apart. */
async function jumping(times: number) {
  const database = (await currentPlatform()).openDatabase(':memory:')
  migrate(database)
  let [wall, monotonic] = [noon, 0]
  const steady = createSteadyClock({ wall: () => wall, monotonic: () => monotonic, uptime: () => 0 })
  const time = createStoreTime(database.prepare, { now: () => wall, steady, role: 'server' })
  const seen: { readonly at: number; readonly wall: number }[] = []
  for (let i = 0; i < times; i++) {
    wall += minute + 1000
    monotonic += 1000
    time.save()
    seen.push({ at: time.now(), wall })
  }
  const stored = Number(database.prepare('SELECT COUNT(*) AS n FROM clock_jumps').get()?.n)
  database.close()
  return { time, seen, stored }
}

describe('createStoreTime', () => {
  it('shows times as the clock showed them', async () => {
    const { time, seen, stored } = await jumping(5)
    assert.deepEqual(
      seen.map(({ at }) => time.toWall(at)),
      seen.map(({ wall }) => wall),
    )
    assert.equal(time.toWall(noon - 1), noon - 1)
    assert.equal(stored, 5)
  })

  it('a clock that jumps for ever fills neither memory nor table', async () => {
    const { time, seen, stored } = await jumping(1200)
    assert.equal(stored, 1000)
    assert.deepEqual(
      seen.slice(-1000).map(({ at }) => time.toWall(at)),
      seen.slice(-1000).map(({ wall }) => wall),
    )
  })
})
