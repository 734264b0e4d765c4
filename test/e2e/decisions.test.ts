import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  addAsking,
  answeredAfter,
  answersIn,
  asked,
  isIdle,
  openDecisions,
  type ShownDecision,
} from '../support/asking.ts'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { form, pageAt, proofAt } from '../support/decide-page.ts'
import { adminToken, configure, get, hooks, until } from '../support/hooks.ts'

describe('what an agent asks is decided by people', () => {
  let home: string
  let server: Served
  let admin: string

  before(async () => {
    home = await scratchHome()
    configure(home, hooks())
    server = await serve(home)
    admin = await adminToken(home)
    await addAsking(home, 'coder', '--decisions')
  })
  after(() => server.stop())

  const linkOf = async ({ id }: ShownDecision): Promise<string> =>
    JSON.parse((await cli(['decide', id, '--json'], { home })).stdout).url
  const shown = async ({ id }: ShownDecision): Promise<ShownDecision> =>
    JSON.parse((await get(`${server.url}/api/decisions/${id}`, admin)).text)
  const decideByApi = (id: string, verdict: string) =>
    fetch(`${server.url}/api/decisions/${id}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
      body: JSON.stringify({ verdict }),
    })

  it('three requests at once are decided out of order, by three doors', async () => {
    const before = (await answersIn(home)).length
    const [x, y, z] = await asked({ url: server.url, admin }, 'coder', 'TOOL:3 please', 3)
    assert.ok(x && y && z)
    const { text } = await get(`${server.url}/api/sessions/coder`, admin)
    const session = JSON.parse(text)
    assert.deepEqual(
      [session.activity, session.asks, session.decision],
      ['blocked', 'permission: touch x', x.id],
    )
    assert.match(
      await (await fetch(`${server.url}/metrics`)).text(),
      /^postern_open_decisions\{session="coder"\} 3$/m,
    )

    const byApi = await decideByApi(z.id, 'allow')
    assert.equal(byApi.status, 200)
    assert.deepEqual(await answeredAfter(home, before, 1), [{ title: 'touch z', option: 'once' }])
    const byCli = await cli(['decide', x.id, 'deny'], { home })
    assert.deepEqual([byCli.code, byCli.stderr], [0, 'It was denied on the command line.\n'])
    const url = await linkOf(y)
    const byLink = await fetch(url, form({ verdict: 'allow', proof: await proofAt(url) }))
    assert.equal(byLink.status, 200)
    assert.match(await byLink.text(), /It was allowed by its link\./)

    assert.deepEqual(await answeredAfter(home, before, 3), [
      { title: 'touch z', option: 'once' },
      { title: 'touch x', option: 'no' },
      { title: 'touch y', option: 'once' },
    ])
    await isIdle({ url: server.url, admin }, 'coder')
    const delivery = (await shown(y)).delivery ?? ''
    const record = JSON.parse((await get(`${server.url}/api/deliveries/${delivery}`, admin)).text)
    const told = record.events.filter(({ kind }: { kind: string }) => ['asked', 'decided'].includes(kind))
    assert.deepEqual(
      told.map(({ kind, detail }: { kind: string; detail: string }) => [kind, detail]),
      [
        ...[x, y, z].map(({ id, title }) => ['asked', `permission: ${title} (${id})`]),
        ['decided', `touch z (${z.id}): It was allowed by the API.`],
        ['decided', `touch x (${x.id}): It was denied on the command line.`],
        ['decided', `touch y (${y.id}): It was allowed by its link.`],
      ],
    )
  })

  it('looking decides nothing, and only the form of the page does', async () => {
    const [one] = await asked({ url: server.url, admin }, 'coder', 'TOOL again')
    assert.ok(one)
    const url = await linkOf(one)
    const { response, text } = await pageAt(url)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.get('referrer-policy'), 'no-referrer')
    assert.match(
      response.headers.get('content-security-policy') ?? '',
      /default-src 'none'; style-src 'sha256-/,
    )
    assert.doesNotMatch(text, /<script/)
    assert.match(text, /touch x/)
    const head = await fetch(url, { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
    for (const [fields, status] of [
      [{ verdict: 'allow' }, 403],
      [{ verdict: 'allow', proof: 'x' }, 403],
      [{ verdict: 'yes', proof: await proofAt(url) }, 422],
    ] as const)
      assert.equal((await fetch(url, form(fields))).status, status)
    const proof = await proofAt(url)
    for (const headers of [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
    ])
      assert.equal((await fetch(url, form({ verdict: 'allow', proof }, headers))).status, 403)
    const json = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"verdict":"allow"}',
    }
    assert.equal((await fetch(url, json)).status, 415)
    for (const method of ['PUT', 'DELETE']) assert.equal((await fetch(url, { method })).status, 405)
    assert.equal((await shown(one)).state, 'open')
    assert.deepEqual((await decideByApi(one.id, 'deny')).status, 200)
    await isIdle({ url: server.url, admin }, 'coder')
  })

  it('a double click is decided once, and the second is told what happened', async () => {
    const [one] = await asked({ url: server.url, admin }, 'coder', 'TOOL once more')
    assert.ok(one)
    const url = await linkOf(one)
    const proof = await proofAt(url)
    const both = await Promise.all(
      (['allow', 'deny'] as const).map((verdict) => fetch(url, form({ verdict, proof }))),
    )
    assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 409])
    const again = await fetch(url, form({ verdict: 'deny', proof }))
    assert.equal(again.status, 409)
    assert.match(await again.text(), /It was (allowed|denied) by its link\./)
    assert.match((await pageAt(url)).text, /It was (allowed|denied) by its link\./)
    assert.doesNotMatch((await pageAt(url)).text, /<form/)
    const byApi = await decideByApi(one.id, 'allow')
    assert.deepEqual([byApi.status, (await byApi.json()).code], [409, 'decided_already'])
    assert.equal((await cli(['decide', one.id, 'allow'], { home })).code, 4)
    await isIdle({ url: server.url, admin }, 'coder')
  })

  it('what its turn took along is withdrawn, and nobody decides it any more', async () => {
    const [one] = await asked({ url: server.url, admin }, 'coder', 'TOOL to be cancelled')
    assert.ok(one)
    const url = await linkOf(one)
    const proof = await proofAt(url)
    assert.equal((await cli(['session', 'cancel', 'coder'], { home })).code, 0)
    await until('it is withdrawn', async () => (await shown(one)).state === 'withdrawn' || undefined)
    const late = await fetch(url, form({ verdict: 'allow', proof }))
    assert.equal(late.status, 409)
    assert.match(await late.text(), /The agent asks no more: its turn was over/)
  })

  it('tokens that are forged, of another verb or opened elsewhere are refused alike', async () => {
    const [one] = await asked({ url: server.url, admin }, 'coder', 'TOOL for tokens')
    assert.ok(one)
    const url = await linkOf(one)
    const token = url.slice(url.lastIndexOf('/') + 1)
    const grant = (await cli(['expose', '--session', 'coder', '--quiet'], { home })).stdout.trim()
    const other = grant.slice(grant.lastIndexOf('/') + 1)
    for (const forged of ['x', `${token}A`, other, token.split('.').reverse().join('.')]) {
      const proof = await proofAt(url)
      const refused = await fetch(`${server.url}/decide/${forged}`, form({ verdict: 'allow', proof }))
      assert.equal(refused.status, 403, forged)
      assert.match(await refused.text(), /This URL or token opens nothing/)
      assert.equal((await pageAt(`${server.url}/decide/${forged}`)).response.status, 403)
    }
    const knock = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"message":"hi"}',
    }
    assert.equal((await fetch(`${server.url}/hook/${token}`, knock)).status, 403)
    const minted = await cli(['expose', '--session', 'coder', '--verb', 'decide'], { home })
    assert.notEqual(minted.code, 0)
    assert.equal((await shown(one)).state, 'open')
    assert.equal((await cli(['decide', one.id, 'deny'], { home })).code, 0)
    await isIdle({ url: server.url, admin }, 'coder')
  })

  it('without decisions nothing is put before anybody, and nothing is answered', async () => {
    await addAsking(home, 'plain')
    const before = (await answersIn(home)).length
    assert.equal((await cli(['send', '--session', 'plain', 'TOOL'], { home })).code, 0)
    await until('it is blocked', async () => {
      const { text } = await get(`${server.url}/api/sessions/plain`, admin)
      return JSON.parse(text).activity === 'blocked' || undefined
    })
    assert.deepEqual(await openDecisions({ url: server.url, admin }, 'plain'), [])
    assert.equal((await answersIn(home)).length, before)
    assert.equal((await cli(['session', 'end', 'plain'], { home })).code, 0)
  })

  it('a server that is killed takes the request of its agent along', async () => {
    const [one] = await asked({ url: server.url, admin }, 'coder', 'TOOL before the crash')
    assert.ok(one)
    await server.kill9()
    server = await serve(home)
    const found = await shown(one)
    assert.deepEqual([found.state, found.why], ['withdrawn', 'the server that asked has ended'])
    assert.equal((await decideByApi(one.id, 'allow')).status, 409)
  })
})

describe('the time of a decision', () => {
  it('at its end an agent of ours is denied what it asks, and its link opens nothing', async () => {
    const home = await scratchHome()
    configure(home, { ...hooks(), limits: { decisionSeconds: 3 } })
    const server = await serve(home)
    const admin = await adminToken(home)
    await addAsking(home, 'coder', '--decisions')
    const [one] = await asked({ url: server.url, admin }, 'coder', 'TOOL')
    assert.ok(one)
    const { url } = JSON.parse((await cli(['decide', one.id, '--json'], { home })).stdout)
    const answers = await until('it is denied', async () => {
      const found = await answersIn(home)
      return found.length > 0 ? found : undefined
    })
    assert.deepEqual(answers, [{ title: 'touch x', option: 'no' }])
    const shown = JSON.parse((await cli(['decide', one.id, '--json'], { home })).stdout)
    assert.deepEqual([shown.state, shown.verdict], ['expired', null])
    if (url !== null) assert.equal((await fetch(url)).status, 403)
    const late = await cli(['decide', one.id, 'allow'], { home })
    assert.deepEqual([late.code, /Nobody decided in time/.test(late.stderr)], [4, true])
    assert.equal(await server.stop(), 0)
  })
})
