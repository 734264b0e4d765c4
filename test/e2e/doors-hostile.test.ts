import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AdminProgram, adminOf } from '../support/admin-api.ts'
import { type Door, knock, openDoor } from '../support/fleet.ts'
import { adminToken } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'

// Two doors of one store, and somebody who goes to one of them with what he was refused at the other, in the same instant.

const skip = withoutPostgres()

describe('two doors of one store', { skip, timeout: 200_000 }, () => {
  let database: TestPostgres
  let doors: readonly [Door, Door]
  let admins: readonly [AdminProgram, AdminProgram]

  before(async () => {
    if (skip) return
    database = await startPostgres()
    const options = {
      config: { limits: { knocksPerMinute: 0, authFailuresPerMinute: 0 } },
      args: ['--store', database.newSchema()],
    }
    const a = await openDoor({ ...options, name: 'door-a' })
    doors = [a, await openDoor({ ...options, name: 'door-b', beside: a.home })]
    admins = [adminOf(a.home, () => a.server), adminOf(a.home, () => doors[1].server)]
    await a.postern('session', 'add', 'box', '--driver', 'inbox')
  })
  after(async () => {
    for (const door of doors ?? []) await door.server.stop()
    await database?.stop()
  })

  const statuses = async (path: string, message: string) =>
    (await Promise.all(doors.map(({ url }) => knock(url + path, message)))).map(({ status }) => status)

  it('let a new URL in at once, and the one before it no more, whichever of them has rotated it', async () => {
    for (let n = 0; n < 60; n += 1) {
      const [minting, rotating] = n % 2 === 0 ? admins : [admins[1], admins[0]]
      const { path, grantId } = await minting.mint({ session: 'box' })
      assert.deepEqual(await statuses(path, `before ${n}`), [202, 202])
      const { webhook } = await rotating.ask<{ webhook: string }>('POST', `grants/${grantId}/rotate`, {
        grace: 0,
      })
      const fresh = new URL(webhook).pathname
      const [old, young] = await Promise.all([statuses(path, `old ${n}`), statuses(fresh, `new ${n}`)])
      assert.deepEqual(
        [old, young],
        [
          [403, 403],
          [202, 202],
        ],
        `round ${n}`,
      )
    }
  })

  it('let a URL in at once that was paused, and no more once it is', async () => {
    for (let n = 0; n < 30; n += 1) {
      const [one, other] = n % 2 === 0 ? admins : [admins[1], admins[0]]
      const { path, grantId } = await one.mint({ session: 'box' })
      assert.deepEqual(await statuses(path, `before ${n}`), [202, 202])
      await other.ask('POST', `grants/${grantId}/pause`)
      assert.deepEqual(await statuses(path, `paused ${n}`), [403, 403])
      await one.ask('POST', `grants/${grantId}/resume`)
      assert.deepEqual(await statuses(path, `resumed ${n}`), [202, 202])
    }
  })

  it('let a URL of a session in at once that was opened anew, mint for it, and no more once it has ended', async () => {
    for (let n = 0; n < 30; n += 1) {
      const [one, other] = n % 2 === 0 ? admins : [admins[1], admins[0]]
      const inbox = { id: 'again', driver: 'inbox' }
      await one.ask('POST', 'sessions', inbox)
      const { path } = await other.mint({ session: 'again' })
      assert.deepEqual(await statuses(path, `open ${n}`), [202, 202])
      await other.ask('DELETE', 'sessions/again')
      assert.deepEqual(await statuses(path, `ended ${n}`), [410, 410])
      await one.ask('POST', 'sessions', inbox)
      const [knocked, minted] = await Promise.all([
        statuses(path, `again ${n}`),
        other.call('POST', 'grants', { session: 'again' }),
      ])
      assert.deepEqual([...knocked, minted.status], [202, 202, 201])
      await one.ask('DELETE', 'sessions/again')
    }
  })

  const get = (at: Door, path: string, cookie = '') =>
    fetch(at.url + path, { headers: { cookie }, redirect: 'manual' })
  const post = (at: Door, path: string, fields: Record<string, string>, cookie = '') =>
    fetch(at.url + path, {
      ...{ method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' },
      headers: { origin: at.url, cookie },
    })
  const cookieIn = (response: Response) => (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const logIn = async (at: Door) =>
    cookieIn(await post(at, '/dashboard/login', { token: await adminToken(doors[0].home) }))
  const csrfOf = async (at: Door, cookie: string) =>
    /name="csrf" value="([^"]+)"/.exec(await (await get(at, '/dashboard', cookie)).text())?.[1] ?? ''

  it('let one browser in by a link that both are asked for in one instant', async () => {
    for (let n = 0; n < 20; n += 1) {
      const { url } = await (n % 2 === 0 ? admins[0] : admins[1]).ask<{ url: string }>(
        'POST',
        'dashboard/links',
      )
      const { pathname } = new URL(url)
      const answers = await Promise.all([...doors, ...doors].map((door) => get(door, pathname)))
      assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 401, 401, 401])
      const cookies = answers.map(cookieIn).filter((cookie) => cookie !== '')
      assert.equal(cookies.length, 1)
      for (const door of doors) assert.equal((await get(door, '/dashboard', cookies[0])).status, 200)
    }
  })

  it('know a login no more once it has ended at one of them', async () => {
    for (let n = 0; n < 20; n += 1) {
      const [here, there] = n % 2 === 0 ? doors : [doors[1], doors[0]]
      const cookie = await logIn(here)
      const csrf = await csrfOf(there, cookie)
      assert.notEqual(csrf, '')
      assert.equal((await post(here, '/dashboard/logout', { csrf }, cookie)).status, 303)
      const pages = await Promise.all(doors.map((door) => get(door, '/dashboard', cookie)))
      assert.deepEqual(
        pages.map(({ status }) => status),
        [303, 303],
      )
      const acts = await Promise.all(
        doors.map((door) => post(door, '/dashboard/channels', mint(csrf), cookie)),
      )
      assert.ok(
        acts.every(({ status }) => status === 401 || status === 303),
        acts.map(({ status }) => status).join(),
      )
      for (const act of acts) assert.doesNotMatch(await act.text(), /\/hook\//)
    }
  })

  const mint = (csrf: string) => ({ csrf, session: 'box', verb: 'send_input', label: 'forged', ttl: '3600' })

  it('take no form that carries no token, a wrong one, or that of another login', async () => {
    const [a, b] = doors
    const [mine, yours] = [await logIn(a), await logIn(b)]
    const own = await csrfOf(b, mine)
    const foreign = await csrfOf(a, yours)
    assert.notEqual(own, foreign)
    const before = (await admins[0].ask<readonly unknown[]>('GET', 'grants')).length
    for (const csrf of ['', 'x', own.slice(1), `${own}x`, foreign])
      for (const door of doors)
        for (const path of ['/dashboard/channels', '/dashboard/logout'])
          assert.equal((await post(door, path, mint(csrf), mine)).status, 403, `${path} with "${csrf}"`)
    for (const origin of ['http://evil.example', a.url])
      assert.equal(
        (
          await fetch(`${b.url}/dashboard/logout`, {
            ...{ method: 'POST', body: new URLSearchParams({ csrf: own }), redirect: 'manual' },
            headers: { origin, cookie: mine },
          })
        ).status,
        403,
      )
    assert.equal((await admins[0].ask<readonly unknown[]>('GET', 'grants')).length, before)
    assert.equal((await post(b, '/dashboard/logout', { csrf: own }, mine)).status, 303)
  })
})
