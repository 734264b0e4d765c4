import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../../src/domain/error.ts'
import { createLiveStreams } from '../../../src/http/dashboard/live.ts'
import { createPageWatch, type PageNews } from '../../../src/http/dashboard/page-watch.ts'

const origin = 'http://localhost'
const page = new URL('/dashboard', origin)

/** A follower that can wait for its next news. */
function follower() {
  const news: PageNews[] = []
  let told = Promise.withResolvers<void>()
  return {
    news,
    hear: (what: PageNews) => {
      news.push(what)
      told.resolve()
      told = Promise.withResolvers()
    },
    next: () => told.promise,
  }
}

describe('createPageWatch', () => {
  it('looks at a page once for two hundred who follow it', async () => {
    let looks = 0
    let shown = 'as before'
    const watch = createPageWatch(async () => {
      looks += 1
      return shown
    })
    const followers = Array.from({ length: 200 }, follower)
    const stops = followers.map(({ hear }) => watch(page, hear))
    await Promise.all(followers.map(({ next }) => next()))
    assert.equal(looks, 1)
    shown = 'different'
    await Promise.all(followers.map(({ next }) => next()))
    assert.deepEqual(new Set(followers.map(({ news }) => news.join())), new Set(['changed,changed']))
    assert.ok(looks < 200)
    for (const stop of stops) stop()
  })

  it('tells at once who comes later', async () => {
    const watch = createPageWatch(async () => 'something')
    const [early, late] = [follower(), follower()]
    const stop = watch(page, early.hear)
    await early.next()
    const leave = watch(page, late.hear)
    assert.deepEqual(late.news, ['changed'])
    stop()
    leave()
  })

  it('tells of a page that is gone, and of one that is back', async () => {
    let there = false
    const watch = createPageWatch(async () => {
      if (!there) throw new Failure('not_found', 'gone')
      return 'there'
    })
    const { news, hear, next } = follower()
    const stop = watch(page, hear)
    await next()
    there = true
    await next()
    assert.deepEqual(news, ['gone', 'changed'])
    stop()
  })

  it('begins anew where nobody was left', async () => {
    let looks = 0
    const watch = createPageWatch(async () => String(++looks))
    const [first, second] = [follower(), follower()]
    const stop = watch(page, first.hear)
    await first.next()
    stop()
    const leave = watch(page, second.hear)
    assert.deepEqual(second.news, [])
    await second.next()
    assert.deepEqual([first.news, second.news, looks], [['changed'], ['changed'], 2])
    leave()
  })
})

describe('createLiveStreams among a crowd', () => {
  it('says once what changed many times meanwhile', async () => {
    const told: ((news: PageNews) => void)[] = []
    const leaving = new AbortController()
    const open = createLiveStreams((_, onNews) => {
      told.push(onNews)
      return () => {}
    })
    const { body } = open({ pages: ['/dashboard'], origin, wanted: () => true, signal: leaving.signal })
    const reader = (body ?? new ReadableStream<Uint8Array>()).getReader()
    const next = async () => new TextDecoder().decode((await reader.read()).value)
    await next()
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 50; i++) told[0]?.('changed')
      assert.equal(await next(), 'event: changed\ndata: /dashboard\n\n')
    }
    leaving.abort()
    assert.equal(await next(), '')
  })
})
