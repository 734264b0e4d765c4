import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../src/domain/error.ts'
import { createLiveStreams } from '../../src/http/dashboard/live.ts'
import { createPageWatch } from '../../src/http/dashboard/page-watch.ts'

function openStream(
  contents: (page: string) => Promise<string>,
  wanted = () => true,
  pages: readonly string[] = ['/dashboard'],
) {
  const leaving = new AbortController()
  const watch = createPageWatch({
    digest: ({ pathname }) => contents(pathname),
    commits: async () => 0,
    elapsed: () => performance.now(),
  })
  const origin = 'http://localhost'
  const response = createLiveStreams(watch)({ pages, origin, wanted, signal: leaving.signal })
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
  const next = async () => {
    const { value, done } = await reader.read()
    return done ? 'over' : new TextDecoder().decode(value)
  }
  return { response, reader, next, leave: () => leaving.abort() }
}

describe('createLiveStreams', () => {
  it('speaks once at first, and then only when the page would look different', async () => {
    let looks = 0
    const { response, next, leave } = openStream(async () => (++looks < 4 ? 'as before' : 'different'))
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    assert.equal(await next(), 'retry: 1000\n\n')
    assert.equal(await next(), 'event: changed\ndata: /dashboard\n\n')
    assert.equal(await next(), 'event: changed\ndata: /dashboard\n\n')
    assert.equal(looks, 4)
    leave()
    assert.equal(await next(), 'over')
  })

  it('follows several pages, and says which one changed or is gone', async () => {
    const shows = new Map([
      ['/dashboard', 'list'],
      ['/dashboard/deliveries/x', 'one'],
    ])
    const contents = async (page: string) => {
      const found = shows.get(page)
      if (found === undefined) throw new Failure('not_found', 'gone')
      return found
    }
    const { next, leave } = openStream(contents, () => true, [...shows.keys()])
    await next()
    assert.equal((await next()).match(/event: changed/g)?.length, 2)
    shows.set('/dashboard', 'longer list')
    assert.equal(await next(), 'event: changed\ndata: /dashboard\n\n')
    shows.delete('/dashboard/deliveries/x')
    assert.equal(await next(), 'event: gone\ndata: /dashboard/deliveries/x\n\n')
    leave()
  })

  it('ends when it is not wanted any more', async () => {
    let wanted = true
    const { next } = openStream(
      async () => '',
      () => wanted,
    )
    await next()
    await next()
    wanted = false
    assert.equal(await next(), 'over')
  })

  it('ends a crowd that is not wanted any more before it has looked twice at who is', async () => {
    const open = createLiveStreams(() => () => {})
    const leaving = new AbortController()
    let [wanted, looks] = [true, 0]
    const join = (isWanted: () => boolean) => {
      const { body } = open({
        ...{ pages: [], origin: 'http://localhost' },
        ...{ wanted: isWanted, signal: leaving.signal },
      })
      return (body ?? new ReadableStream<Uint8Array>()).getReader()
    }
    const crowd = Array.from({ length: 100 }, () => join(() => wanted))
    const other = join(() => ++looks > 0)
    await Promise.all([...crowd, other].map((reader) => reader.read()))
    ;[wanted, looks] = [false, 0]
    const ended = await Promise.all(crowd.map((reader) => reader.read()))
    assert.ok(ended.every(({ done }) => done))
    assert.ok(looks <= 2, `${looks} looks`)
    leaving.abort()
  })

  it('ends when the page cannot be looked at any more', async () => {
    let looks = 0
    const { next } = openStream(async () => {
      if (++looks > 1) throw new Error('the store is gone')
      return ''
    })
    await next()
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
