import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type AdminProgram, adminOf, knockAt } from '../support/admin-api.ts'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { addCommand, configure, until } from '../support/hooks.ts'

/** Also for many rounds, and a busy machine. */
const timeout = 1_200_000

interface Listed {
  readonly id: string
  readonly state: string
  readonly failedStep: string | null
  readonly attempts: number
}

interface Result {
  readonly found: number
  readonly done: number
  readonly refused: Readonly<Record<string, number>>
}

describe('retry and cancel of all that a filter finds, over HTTP', () => {
  let home: string
  let server: Served
  let admin: AdminProgram

  before(async () => {
    home = await scratchHome()
    configure(home, { limits: { knocksPerMinute: 0, queuePerSession: 0 } })
    await cli(['session', 'add', 'box', '--driver', 'inbox'], { home })
    await addCommand(home, 'bad', 'exit 1')
    await addCommand(home, 'slow', `until test -e ${home}/go; do sleep 0.02; done`)
    server = await serve(home)
    admin = adminOf(home, () => server)
  })
  after(() => server.stop())

  const knocks = async (session: string, texts: readonly string[]) => {
    const { path } = await admin.mint({ session })
    for (const text of texts) assert.equal((await knockAt(server.url + path, text)).status, 202)
  }
  const list = (query: string) => admin.ask<readonly Listed[]>('GET', `deliveries?limit=1000&${query}`)
  const act = (what: 'retry' | 'cancel', query: string) =>
    admin.ask<Result>('POST', `deliveries/${what}?${query}`)

  it('wants a filter, and one that there is', { timeout }, async () => {
    await knocks('box', ['stays'])
    for (const [query, status] of [
      ['', 422],
      ['?limit=5', 422],
      ['?state=OPEN', 422],
      ['?since=yesterday', 422],
      ['?sesion=box', 422],
      ['?session=', 422],
      ['?session=box&text=', 200],
    ] as const)
      for (const what of ['retry', 'cancel'] as const) {
        if (status === 200 && what === 'cancel') continue
        const response = await admin.call('POST', `deliveries/${what}${query}`)
        await response.body?.cancel()
        assert.equal(response.status, status, `${what}${query}`)
      }
    const bare = await fetch(`${server.url}/api/deliveries/cancel?session=box`, { method: 'POST' })
    assert.equal(bare.status, 401)
    assert.deepEqual(
      (await list('session=box')).map(({ state }) => state),
      ['PENDING'],
    )
  })

  it('cancels what the filter finds, counted, and nothing else', { timeout }, async () => {
    await knocks('box', ['red 1', 'green', 'RED 2'])
    assert.deepEqual(await act('cancel', 'session=box&text=red'), { found: 2, done: 2, refused: {} })
    assert.deepEqual(await act('cancel', 'session=box&text=red'), { found: 0, done: 0, refused: {} })
    const states = (await list('session=box')).map(({ state, failedStep }) => failedStep ?? state)
    assert.deepEqual(states, ['cancelled', 'PENDING', 'cancelled', 'PENDING'])
  })

  it('refuses what is under way, and cancels the rest', { timeout }, async () => {
    await knocks('slow', ['under way', 'behind it', 'and behind that'])
    await until('it is under way', async () =>
      (await list('session=slow')).find(({ attempts }) => attempts > 0),
    )
    assert.deepEqual(await act('cancel', 'session=slow'), { found: 3, done: 2, refused: { in_flight: 1 } })
    await writeFile(join(home, 'go'), '')
    await until('it is delivered', async () =>
      (await list('session=slow&state=DELIVERED')).length === 1 ? true : undefined,
    )
    assert.equal((await list('session=slow&state=FAILED')).length, 2)
  })

  it('retries each once where two come at one instant', { timeout }, async () => {
    const count = 12
    await knocks(
      'bad',
      Array.from({ length: count }, (_, n) => `no. ${n}`),
    )
    const allFailed = () =>
      until('all have failed', async () =>
        (await list('session=bad&state=FAILED')).length === count ? true : undefined,
      )
    await allFailed()
    const before = (await list('session=bad')).map(({ attempts }) => attempts)
    await admin.ask('POST', 'sessions/bad/pause')
    const both = await Promise.all([act('retry', 'session=bad'), act('retry', 'state=failed&session=bad')])
    assert.equal(both[0].done + both[1].done, count)
    assert.equal(
      (both[0].refused.in_flight ?? 0) + (both[1].refused.in_flight ?? 0),
      both[0].found + both[1].found - count,
    )
    await admin.ask('POST', 'sessions/bad/resume')
    await allFailed()
    assert.deepEqual(
      (await list('session=bad')).map(({ attempts }) => attempts),
      before.map((attempts) => attempts + 1),
    )
    assert.deepEqual(await act('retry', 'session=box&state=DELIVERED'), { found: 0, done: 0, refused: {} })
  })

  it('cancels a thousand in one go', { timeout }, async () => {
    const { path } = await admin.mint({ session: 'box' })
    const texts = Array.from({ length: 1000 }, (_, n) => `many ${n}`)
    await Promise.all(
      Array.from({ length: 20 }, async (_, sender) => {
        for (const text of texts.filter((__, n) => n % 20 === sender)) await knockAt(server.url + path, text)
      }),
    )
    assert.deepEqual(await act('cancel', 'text=many'), { found: 1000, done: 1000, refused: {} })
  })
})
