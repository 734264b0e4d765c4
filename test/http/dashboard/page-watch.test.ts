import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../../src/domain/error.ts'
import { createLiveStreams } from '../../../src/http/dashboard/live.ts'
import { createPageWatch, type PageNews } from '../../../src/http/dashboard/page-watch.ts'

const origin = 'http://localhost'
const page = new URL('/dashboard', origin)

/** Of a store in which nothing happens. */
const watchOf = (digest: () => Promise<string>) =>
  createPageWatch({ digest, commits: async () => 0, elapsed: () => performance.now() })

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
    const watch = watchOf(async () => {
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
    const watch = watchOf(async () => 'something')
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
    const watch = watchOf(async () => {
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
    const watch = watchOf(async () => String(++looks))
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

describe('createPageWatch of a page that takes long to make', () => {
  /** Whose clock goes on only while a page is made, and by hand. */
  function slowPage(tookMs: number) {
    let [now, commits, looks] = [0, 0, 0]
    const clock = follower()
    const watch = createPageWatch({
      digest: async () => {
        now += tookMs
        return String(++looks)
      },
      commits: async () => commits,
      elapsed: () => {
        clock.hear('changed')
        return now
      },
    })
    const { hear, next } = follower()
    const stop = watch(page, hear)
    return {
      ...{ next, stop, looks: () => looks },
      commit: () => {
        commits += 1
      },
      /** So much later, and after the watch has read the clock again and again. */
      after: async (ms: number) => {
        now += ms
        for (let reads = 0; reads < 5; reads++) await clock.next()
      },
    }
  }

  it('looks at once when the store has changed, else rarely', async () => {
    const { next, looks, commit, after, stop } = slowPage(400)
    await next()
    await after(7999)
    assert.equal(looks(), 1)
    commit()
    await next()
    assert.equal(looks(), 2)
    stop()
  })

  it('takes no more than its share of the time where the store changes all the time', async () => {
    const { next, looks, commit, after, stop } = slowPage(400)
    await next()
    commit()
    await next()
    commit()
    // Two looks are worth 16 seconds, and 10 may be taken in advance.
    await after(5199)
    assert.equal(looks(), 2)
    void after(1)
    await next()
    assert.equal(looks(), 3)
    stop()
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
