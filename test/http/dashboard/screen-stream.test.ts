import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../../src/domain/error.ts'
import { keptLines, type ScreenSnapshot } from '../../../src/domain/screen-snapshot.ts'
import { createScreenStreams, restAfter } from '../../../src/http/dashboard/screen-stream.ts'
import type { ScreenFollower } from '../../../src/manage/screens.ts'

const screenOf = (texts: readonly string[], before?: ScreenSnapshot): ScreenSnapshot => ({
  ...{ columns: 9, rows: texts.length, changedAt: 0 },
  lines: keptLines(
    before?.lines ?? [],
    texts.map((text) => [{ text, width: text.length }]),
  ),
})

function openStream(wanted = () => true) {
  const leaving = new AbortController()
  let follower: ScreenFollower | undefined
  const left = Promise.withResolvers<void>()
  const response = createScreenStreams()({
    ...{ wanted, signal: leaving.signal },
    follow: (following) => {
      follower = following
      return () => left.resolve()
    },
  })
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
  const next = async () => {
    const { value, done } = await reader.read()
    return done ? 'over' : new TextDecoder().decode(value)
  }
  const nextScreen = async () => {
    const [, name, data = ''] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(await next()) ?? []
    assert.equal(name, 'screen')
    return JSON.parse(data)
  }
  return {
    ...{ response, reader, next, nextScreen, left: left.promise, leave: () => leaving.abort() },
    show: (screen: ScreenSnapshot) => follower?.show(screen),
    over: (why: string) => follower?.over(why),
  }
}

describe('createScreenStreams', () => {
  it('sends the whole screen, and then only the lines that are others', async () => {
    const { response, next, nextScreen, show, leave, left } = openStream()
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    assert.equal(await next(), 'retry: 2000\n\n')
    const first = screenOf(['one', '<two>'])
    show(first)
    const whole = await nextScreen()
    assert.deepEqual([whole.whole, whole.lines], [true, { 0: 'one', 1: '&lt;two&gt;' }])
    show(screenOf(['one', 'passing'], first))
    show(screenOf(['one', 'last'], first))
    const change = await nextScreen()
    assert.deepEqual([change.whole, change.lines], [false, { 1: 'last' }])
    leave()
    assert.equal(await next(), 'over')
    await left
  })

  it('says why it is over', async () => {
    const { next, over } = openStream()
    await next()
    over('its pane was closed')
    assert.equal(await next(), 'event: over\ndata: "its pane was closed"\n\n')
    assert.equal(await next(), 'over')
  })

  it('ends, and follows no more, once it is not wanted', async () => {
    let wanted = true
    const { next, left } = openStream(() => wanted)
    await next()
    wanted = false
    assert.equal(await next(), 'over')
    await left
  })

  it('follows no more once the reader has left', async () => {
    const { next, reader, left } = openStream()
    await next()
    await reader.cancel()
    await left
  })
})

describe('many screen streams', () => {
  it('are refused beyond the most, until one ends', async () => {
    const streams = createScreenStreams()
    const leaving = new AbortController()
    const left = Promise.withResolvers<void>()
    const open = () =>
      streams({ wanted: () => true, signal: leaving.signal, follow: () => () => left.resolve() })
    const all = Array.from({ length: 128 }, open)
    assert.throws(open, (thrown) => thrown instanceof Failure && thrown.code === 'rate_limited')
    leaving.abort()
    for (const { body } of all) for await (const _ of body ?? []);
    await left.promise
    assert.equal(open().status, 200)
  })
})

describe('restAfter', () => {
  it('lets no stream, and not all together, send more than they may', () => {
    assert.equal(restAfter(100, 1), 200)
    assert.equal(restAfter(262_144, 1), 1000)
    assert.equal(restAfter(262_144, 64), 4000)
  })
})
