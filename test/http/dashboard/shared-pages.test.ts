import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../../src/domain/error.ts'
import type { Page } from '../../../src/http/dashboard/page.ts'
import { createPageResponses } from '../../../src/http/dashboard/responses.ts'
import { createSharedPages } from '../../../src/http/dashboard/shared-pages.ts'

const pageOf = (view: Page['view']): Page => ({
  ...{ template: 'problem', title: 'Deliveries', section: 'deliveries', view },
})

function setUp() {
  const made: string[] = []
  let drawn = 0
  let now = 0
  let tookMs = 0
  const shared = createSharedPages({
    pageAt: async ({ pathname }) => {
      made.push(pathname)
      now += tookMs
      if (pathname === '/gone') throw new Failure('not_found', 'There is no such page.')
      return pageOf({ made: made.length })
    },
    draw: () => {
      drawn += 1
      return (csrf) => Buffer.from(csrf)
    },
    elapsed: () => now,
  })
  const look = (path: string) => shared.at(new URL(path, 'http://localhost'))
  const lookAnew = (path: string) => shared.anew(new URL(path, 'http://localhost'))
  return {
    ...{ made, look, lookAnew, drawn: () => drawn },
    after: (ms: number) => {
      now += ms
    },
    slow: (ms: number) => {
      tookMs = ms
    },
  }
}

describe('createSharedPages', () => {
  it('makes and draws a page once for two hundred who look at the same time', async () => {
    const { look, made, drawn } = setUp()
    const pages = await Promise.all(Array.from({ length: 200 }, () => look('/dashboard')))
    assert.deepEqual(made, ['/dashboard'])
    assert.equal(new Set(pages.map(({ digest }) => digest)).size, 1)
    assert.deepEqual(
      pages.slice(0, 2).map((page, i) => `${page.drawn()(`login ${i}`)}`),
      ['login 0', 'login 1'],
    )
    assert.equal(drawn(), 1)
    await look('/dashboard?state=FAILED')
    assert.equal(made.length, 2)
  })

  it('makes it anew a moment later, after a slow one rarer', async () => {
    const { look, made, after, slow } = setUp()
    const { digest } = await look('/')
    after(129)
    assert.equal((await look('/')).digest, digest)
    after(1)
    slow(100)
    assert.notEqual((await look('/')).digest, digest)
    after(1999)
    await look('/')
    assert.equal(made.length, 2)
    after(1)
    await look('/')
    assert.equal(made.length, 3)
  })

  it('makes it anew for who must see a change, and shows that one to the others', async () => {
    const { look, lookAnew, made } = setUp()
    const { digest } = await look('/')
    const changed = await lookAnew('/')
    assert.notEqual(changed.digest, digest)
    assert.equal((await look('/')).digest, changed.digest)
    assert.equal(made.length, 2)
  })

  it('keeps no failure', async () => {
    const { look, made } = setUp()
    for (let i = 0; i < 2; i++)
      await assert.rejects(
        look('/gone'),
        (thrown) => thrown instanceof Failure && thrown.code === 'not_found',
      )
    assert.equal(made.length, 2)
  })
})

describe('createPageResponses', () => {
  it('draws a page once, with the secret of each login in its forms', async () => {
    const { draw, drawn } = createPageResponses({ version: '1', log: () => {} })
    const page = draw(pageOf({ detail: '$& csrf' }))
    for (const csrf of ['first$&', 'second']) {
      const text = await drawn(page, { csrf, id: 'one', expiresAt: 0 }).text()
      assert.ok(text.includes(`name="csrf" value="${csrf}"`), text)
      assert.ok(text.includes('$&amp; csrf'))
    }
  })
})
