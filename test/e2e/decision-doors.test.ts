import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AdminProgram, adminOf } from '../support/admin-api.ts'
import { addAsking, answeredAfter, answersIn, isIdle, type ShownDecision } from '../support/asking.ts'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { openHook } from '../support/claude-hook.ts'
import { form, proofAt } from '../support/decide-page.ts'
import { adminToken, configure, hooks, until } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'

/** Also for many rounds, and a busy machine. */
const timeout = 1_200_000

describe('the doors of a decision', () => {
  let home: string
  let server: Served
  let admin: AdminProgram

  before(async () => {
    home = await scratchHome()
    configure(home, hooks())
    server = await serve(home)
    admin = adminOf(home, () => server)
    await addAsking(home, 'coder', '--decisions')
    for (const [session, ...flags] of [['desk', '--decisions'], ['silent']] as const)
      await cli(['session', 'add', session, '--driver', 'inbox', ...flags], { home })
  })
  after(() => server.stop())

  const openOf = (session: string) =>
    admin.ask<readonly ShownDecision[]>('GET', `decisions?open=yes&session=${session}`)
  const asked = (session: string) => until(`${session} asks`, async () => (await openOf(session))[0])
  const shown = ({ id }: ShownDecision) => admin.ask<ShownDecision>('GET', `decisions/${id}`)
  const byApi = async ({ id }: ShownDecision, verdict: string) =>
    (await admin.call('POST', `decisions/${id}`, { verdict })).status
  const linkOf = async ({ id }: ShownDecision) => {
    const { url } = JSON.parse((await cli(['decide', id, '--json'], { home })).stdout) as { url: string }
    return { url, proof: await proofAt(url) }
  }
  const byLink = async ({ url, proof }: Awaited<ReturnType<typeof linkOf>>, verdict: string) => {
    const response = await fetch(server.url + new URL(url).pathname, form({ verdict, proof }))
    return { status: response.status, page: await response.text() }
  }
  const byCli = async ({ id }: ShownDecision, verdict: string) =>
    (await cli(['decide', id, verdict], { home })).code

  it('let one verdict in of those that come at one instant, and the agent hears that one', {
    timeout,
  }, async () => {
    for (let round = 0; round < rounds(2, 40); round++) {
      const before = (await answersIn(home)).length
      await admin.ask('POST', 'deliveries', { session: 'coder', message: `TOOL ${round}` })
      const one = await asked('coder')
      const link = await linkOf(one)
      const tries = [
        ...[0, 1, 2].map(() => byApi(one, 'allow')),
        ...[0, 1, 2].map(async () => (await byLink(link, 'deny')).status),
        byCli(one, 'allow').then((code) => (code === 0 ? 200 : code === 4 ? 409 : code)),
      ]
      const statuses = await Promise.all(tries)
      assert.deepEqual(
        statuses.toSorted((a, b) => a - b),
        [200, ...Array.from({ length: tries.length - 1 }, () => 409)],
      )
      const winner = statuses.indexOf(200)
      const option = winner >= 3 && winner < 6 ? 'no' : 'once'
      assert.deepEqual(await answeredAfter(home, before, 1), [{ title: 'touch x', option }])
      const { state, door } = await shown(one)
      assert.deepEqual(
        [state, door],
        [option === 'no' ? 'denied' : 'allowed', ['api', 'url', 'cli'][Math.floor(winner / 3)]],
      )
      await isIdle({ url: server.url, admin: await adminToken(home) }, 'coder')
    }
  })

  it('answer 409 with what happened once somebody answered at the desk', { timeout }, async () => {
    const hook = await openHook(home, 'desk')
    const one = await asked('desk')
    const link = await linkOf(one)
    await hook.status('busy')
    assert.equal(await hook.printed(), '')
    const late = await byLink(link, 'allow')
    assert.equal(late.status, 409)
    assert.match(late.page, /It was answered where the agent runs/)
    assert.deepEqual([await byApi(one, 'allow'), await byCli(one, 'deny')], [409, 4])
    assert.equal((await shown(one)).state, 'elsewhere')
  })

  it('stay open through kill -9 of the server where another process asks', { timeout }, async () => {
    const hook = await openHook(home, 'desk')
    const one = await asked('desk')
    const link = await linkOf(one)
    await server.kill9()
    server = await serve(home)
    assert.equal((await shown(one)).state, 'open')
    assert.equal((await byLink(link, 'deny')).status, 200)
    assert.equal(JSON.parse(await hook.printed()).hookSpecificOutput.decision.behavior, 'deny')
    assert.equal((await byLink(link, 'allow')).status, 409)
  })

  it('close when the process that asks is killed', { timeout }, async () => {
    const hook = await openHook(home, 'desk')
    const one = await asked('desk')
    await hook.kill9()
    await until('it is withdrawn', async () => ((await shown(one)).state === 'withdrawn' ? true : undefined))
    assert.equal(await byApi(one, 'allow'), 409)
  })

  it('do not exist where the session does not say decisions', { timeout }, async () => {
    const hook = await openHook(home, 'silent')
    assert.equal(await hook.printed(), '')
    assert.deepEqual(await admin.ask('GET', 'decisions?session=silent'), [])
  })

  it('are no others: forged ids and looks decide nothing', { timeout }, async () => {
    const hook = await openHook(home, 'desk')
    const one = await asked('desk')
    const { url } = await linkOf(one)
    for (const id of [
      'dec_0000000000000000',
      'x',
      `${one.id}0`,
      one.id.toUpperCase(),
      '..%2f',
      one.id.slice(0, -1),
    ]) {
      const response = await admin.call('POST', `decisions/${id}`, { verdict: 'allow' })
      assert.equal(response.status, 404, id)
    }
    for (const bearer of ['', 'x', new URL(url).pathname.slice('/decide/'.length)]) {
      const response = await fetch(`${server.url}/api/decisions/${one.id}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
        body: '{"verdict":"allow"}',
      })
      assert.equal(response.status, 401)
    }
    for (const [method, query] of [
      ['GET', '?verdict=allow'],
      ['HEAD', '?verdict=allow'],
      ['GET', ''],
      ['OPTIONS', ''],
    ] as const)
      await (await fetch(url + query, { method })).body?.cancel()
    for (const verdict of ['', 'always', 'ALLOW']) {
      const { status } = await admin.call('POST', `decisions/${one.id}`, { verdict })
      assert.equal(status, 422, verdict)
    }
    assert.equal((await shown(one)).state, 'open')
    assert.equal(await byApi(one, 'deny'), 200)
    await hook.printed()
  })
})
