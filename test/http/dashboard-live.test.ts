import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Delivery, DeliveryState } from '../../src/domain/delivery.ts'
import type { DeliveryFilter } from '../../src/domain/ports.ts'
import { createHistory } from '../../src/http/dashboard/history.ts'
import { liveStream } from '../../src/http/dashboard/live.ts'
import type { Reading } from '../../src/http/dashboard/shown.ts'

function openStream(contents: () => Promise<string>, wanted = () => true) {
  const leaving = new AbortController()
  const response = liveStream({ contents, wanted, signal: leaving.signal })
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
  const next = async () => {
    const { value, done } = await reader.read()
    return done ? 'over' : new TextDecoder().decode(value)
  }
  return { response, reader, next, leave: () => leaving.abort() }
}

describe('liveStream', () => {
  it('speaks once at first, and then only when the page would look different', async () => {
    let looks = 0
    const { response, next, leave } = openStream(async () => (++looks < 4 ? 'as before' : 'different'))
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    assert.equal(await next(), 'retry: 1000\nevent: changed\ndata:\n\n')
    assert.equal(await next(), 'event: changed\ndata:\n\n')
    assert.equal(looks, 4)
    leave()
    assert.equal(await next(), 'over')
  })

  it('ends when it is not wanted any more', async () => {
    let wanted = true
    const { next } = openStream(
      async () => '',
      () => wanted,
    )
    await next()
    wanted = false
    assert.equal(await next(), 'over')
  })

  it('ends when the page cannot be looked at any more', async () => {
    let looks = 0
    const { next } = openStream(async () => {
      if (++looks > 1) throw new Error('the store is gone')
      return ''
    })
    await next()
    assert.equal(await next(), 'over')
  })

  it('looks no more once the reader has left', async () => {
    const looked = Promise.withResolvers<void>()
    let looks = 0
    const { reader, next } = openStream(async () => {
      looks += 1
      if (looks === 2) looked.resolve()
      return String(looks)
    })
    await next()
    await looked.promise
    await reader.cancel()
    const before = looks
    const other = openStream(async () => String(Math.random()))
    for (let i = 0; i < 3; i++) await other.next()
    other.leave()
    assert.equal(looks, before)
  })
})

const hour = 3_600_000
const now = 1_000 * hour + 30 * 60_000

function historyOf(received: readonly (readonly [at: number, state: DeliveryState])[]) {
  const all = received
    .map(([receivedAt, state], i) => ({ seq: i + 1, receivedAt, state }) as Delivery)
    .sort((a, b) => b.seq - a.seq)
  const asked: DeliveryFilter[] = []
  const listDeliveries = async (filter: DeliveryFilter) => {
    asked.push(filter)
    return all.filter(({ seq }) => filter.after === undefined || seq < filter.after).slice(0, filter.limit)
  }
  const reading = { store: { listDeliveries }, now: () => now } as unknown as Reading
  return { look: createHistory(reading), asked }
}

describe('createHistory', () => {
  it('draws nothing where nothing knocked for a day', async () => {
    assert.equal(await historyOf([]).look(), null)
    assert.equal(await historyOf([[now - 25 * hour, 'FAILED']]).look(), null)
  })

  it('draws knocks and failures hour by hour', async () => {
    const drawn = await historyOf([
      [now - 30 * hour, 'FAILED'],
      [now - 2 * hour, 'DELIVERED'],
      [now - 1000, 'PENDING'],
      [now, 'FAILED'],
    ]).look()
    assert.match(String(drawn?.caption), /: 3 knocks, 1 failed; at most 2 an hour/)
    const bars = drawn?.bars as readonly { x: number; h: number; tone: string }[]
    assert.deepEqual(
      bars.map(({ x, h, tone }) => [x, h, tone]),
      [
        [211, 23, 'all'],
        [231, 46, 'all'],
        [231, 23, 'bad'],
      ],
    )
  })

  it('looks back at the newest five thousand at most, and says so', async () => {
    const { look, asked } = historyOf(Array.from({ length: 6000 }, () => [now, 'DELIVERED'] as const))
    assert.match(String((await look())?.caption), /the newest 5000 knocks/)
    assert.equal(asked.length, 5)
  })

  it('looks once for all who look within five seconds', async () => {
    const { look, asked } = historyOf([[now, 'DELIVERED']])
    await Promise.all([look(), look(), look()])
    assert.equal(asked.length, 1)
  })
})
