import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AdminProgram, adminOf } from '../support/admin-api.ts'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { configure, get, hooks, post, until } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'
import { postAtOnce, type RawAnswer } from '../support/raw-http.ts'

/** Also for many rounds, and a busy machine. */
const timeout = 1_200_000

const news = { messageTemplate: 'News: {{text}}', session: 'build' }

describe('a URL of so many uses', () => {
  let home: string
  let server: Served
  let admin: AdminProgram

  before(async () => {
    home = await scratchHome()
    configure(home, { ...hooks({ news }), limits: { knocksPerMinute: 0, queuePerSession: 0 } })
    server = await serve(home)
    await cli(['session', 'add', 'build', '--driver', 'inbox'], { home })
    admin = adminOf(home, () => server)
  })
  after(() => server.stop())

  const mint = async (order: object) => {
    const { path, ...minted } = await admin.mint(order)
    return { ...minted, url: server.url + path }
  }
  const revoke = ({ grantId }: { readonly grantId: string }) => admin.ask('DELETE', `grants/${grantId}`)
  const usesOf = async (grantId: string): Promise<number> => {
    const all = await admin.ask<readonly { id: string; uses: number }[]>('GET', 'grants')
    return all.find(({ id }) => id === grantId)?.uses ?? Number.NaN
  }
  const delivered = async (grantId: string): Promise<number> =>
    (await admin.ask<readonly unknown[]>('GET', `deliveries?grant=${grantId}`)).length
  const body = (n: number) => JSON.stringify({ message: `no. ${n}`, text: `no. ${n}` })
  /** What tells refusals apart: all but the time and the number of the request. */
  const bare = ({ status, headers: { date: _, 'x-request-id': __, ...headers }, body: text }: RawAnswer) => ({
    status,
    headers,
    text,
  })

  for (const [what, opened] of [
    ['a session', { session: 'build' }],
    ['a hook', { hook: 'news' }],
  ] as const)
    it(`takes exactly one of 64 that were let in at once, for ${what}; the others get the answer of a dead one`, {
      timeout,
    }, async () => {
      const revoked = await mint(opened)
      await revoke(revoked)
      const [dead] = await postAtOnce([{ url: revoked.url, body: body(0) }])
      assert.equal(dead?.status, 403)
      for (let round = 0; round < rounds(10, 100); round++) {
        const { url, grantId } = await mint({ ...opened, uses: 1 })
        const answers = await postAtOnce(Array.from({ length: 64 }, (_, n) => ({ url, body: body(n) })))
        const refused = answers.filter(({ status }) => status !== 202)
        assert.equal(refused.length, 63)
        for (const answer of refused) assert.deepEqual(bare(answer), bare(dead as RawAnswer))
        assert.deepEqual([await delivered(grantId), await usesOf(grantId)], [1, 1])
      }
    })

  it('takes exactly 5 of 64 with --uses 5', { timeout }, async () => {
    for (let round = 0; round < rounds(3, 50); round++) {
      const { url, grantId } = await mint({ session: 'build', uses: 5 })
      const answers = await postAtOnce(Array.from({ length: 64 }, (_, n) => ({ url, body: body(n) })))
      assert.deepEqual(
        answers.map(({ status }) => status).toSorted((a, b) => a - b),
        [...Array.from({ length: 5 }, () => 202), ...Array.from({ length: 59 }, () => 403)],
      )
      assert.equal(await usesOf(grantId), 5)
    }
  })

  it('spends one use for 64 repeats at once under one key, and each gets the one delivery', {
    timeout,
  }, async () => {
    for (let round = 0; round < rounds(5, 100); round++) {
      const { url, grantId } = await mint({ session: 'build', uses: 1 })
      const headers = { 'idempotency-key': `k${round}` }
      const answers = await postAtOnce(Array.from({ length: 64 }, () => ({ url, body: body(0), headers })))
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]))
      assert.equal(new Set(answers.map(({ body: text }) => JSON.parse(text).deliveryId)).size, 1)
      assert.equal(answers.filter(({ headers: got }) => got['idempotency-replayed'] === 'true').length, 63)
      assert.equal(await usesOf(grantId), 1)
    }
  })

  it('spends none for a look, nor for what is refused', { timeout }, async () => {
    const { url, grantId } = await mint({ session: 'build', uses: 1 })
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])
      assert.equal((await fetch(url, { method })).status, 405, method)
    for (const [sent, headers, status] of [
      ['{', {}, 400],
      ['[]', {}, 422],
      ['{"message":" "}', {}, 422],
      ['{"message":1}', {}, 422],
      [`{"message":"${'x'.repeat(70_000)}"}`, {}, 413],
      ['x', { 'content-type': 'image/png' }, 415],
      ['{"message":"x"}', { host: 'elsewhere.example' }, 421],
      [`{"message":"x","idempotency_key":"${'k'.repeat(256)}"}`, {}, 422],
    ] as const) {
      const [answer] = await postAtOnce([{ url, body: sent, headers }])
      assert.equal(answer?.status, status, sent.slice(0, 40))
    }
    const hook = await mint({ hook: 'news', uses: 1 })
    assert.equal((await post(hook.url, '{', { authorization: '' })).status, 400)
    assert.deepEqual([await usesOf(grantId), await usesOf(hook.grantId)], [0, 0])
    assert.equal((await post(url, { message: 'now' }, { prefer: 'wait=0', authorization: '' })).status, 202)
    assert.equal((await post(hook.url, { text: 'now' }, { authorization: '' })).status, 202)
  })

  it('reads its own deliveries when it is used up or expired, and no more when it is revoked', {
    timeout,
  }, async () => {
    const [usedUp, expired, other] = [
      await mint({ session: 'build', uses: 1 }),
      await mint({ session: 'build', ttl: 3 }),
      await mint({ session: 'build' }),
    ]
    const idOf = async ({ url }: { readonly url: string }) => {
      const answer = await post(url, { message: 'mine' }, { prefer: 'wait=0', authorization: '' })
      assert.equal(answer.status, 202, answer.text)
      return String(answer.body.deliveryId)
    }
    const mine = [await idOf(usedUp), await idOf(expired)] as const
    const read = async (id: string, { token }: { readonly token: string }) =>
      (await get(`${server.url}/api/deliveries/${id}`, token)).status
    await until('it has expired', async () =>
      (await post(expired.url, { message: ' ' }, { authorization: '' })).status === 403 ? true : undefined,
    )
    assert.equal((await post(usedUp.url, { message: 'more' }, { authorization: '' })).status, 403)
    for (const [n, grant] of [usedUp, expired].entries()) {
      assert.equal(await read(mine[n] ?? '', grant), 200)
      assert.equal(await read(mine[1 - n] ?? '', grant), 404)
      assert.equal(await read(mine[n] ?? '', other), 404)
      await revoke(grant)
      assert.equal(await read(mine[n] ?? '', grant), 401)
    }
  })
})
