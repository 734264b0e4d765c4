import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { createSharedLogins, inStep, type LoginStore } from '../../../src/http/dashboard/shared-logins.ts'
import { createSharedState, memoryShared } from '../../support/memory-shared.ts'

/** Two doors at one store, and what happens to it. */
function setUp() {
  const clock = { now: 1_000_000, token: 'one' }
  const state = createSharedState()
  const calls: string[] = []
  let broken: string | undefined
  const known = memoryShared(state, () => clock.now)
  const store = new Proxy(known, {
    get: (target, name: keyof LoginStore) => {
      calls.push(name)
      return name === broken ? () => Promise.reject(new Error('away')) : target[name]
    },
  })
  const door = () =>
    createSharedLogins({ store, under: () => clock.token, now: () => clock.now, bytes: randomBytes })
  const all = { clock, state, calls, doors: [door(), door()] as const }
  return Object.assign(all, { breakDown: (name: keyof LoginStore | undefined) => (broken = name) })
}

describe('createSharedLogins', () => {
  it('knows at each door who logged in at the other, and nobody who logged out there', async () => {
    const { doors, state } = setUp()
    const [left, right] = doors
    const { secret, login } = left.open()
    await left.saved()
    assert.ok(!JSON.stringify([...state.logins]).includes(secret))
    await right.refresh()
    assert.equal(right.find(secret, { from: '192.0.2.1', browser: 'b' })?.csrf, login.csrf)
    await right.saved()
    await left.refresh()
    assert.equal(left.find(secret)?.seen?.from, '192.0.2.1')
    right.close(secret)
    await right.saved()
    await left.refresh()
    assert.equal(left.find(secret), undefined)
    assert.equal(state.logins.size, 0)
  })

  it('brings back no login that the other door ended, however late it is seen', async () => {
    const { doors, state } = setUp()
    const [left, right] = doors
    const { secret } = left.open()
    await left.saved()
    await right.refresh()
    left.close(secret)
    await left.saved()
    assert.ok(right.find(secret, { from: '192.0.2.1', browser: 'b' }), 'as it was a moment ago')
    await right.saved()
    assert.equal(state.logins.size, 0)
  })

  it('lists and ends those of the other door', async () => {
    const { doors } = setUp()
    const [left, right] = doors
    const [first, second] = [left.open(), left.open()]
    await left.saved()
    await right.refresh()
    assert.equal(right.list().length, 2)
    assert.equal(right.endOthers(first.login.id), 1)
    await right.saved()
    await left.refresh()
    assert.equal(left.find(second.secret), undefined)
    assert.ok(left.find(first.secret))
  })

  it('lets one login in for each link, at whichever door', async () => {
    const { doors, clock } = setUp()
    const [left, right] = doors
    const { code } = left.invite()
    await left.saved()
    const redeemed = await Promise.all([left.redeem(code), right.redeem(code), right.redeem(`${code}x`)])
    assert.deepEqual(redeemed.filter(Boolean), [true])
    const late = left.invite()
    await left.saved()
    clock.now += 5 * 60_000
    assert.equal(await right.redeem(late.code), false)
  })

  it('has notes for the pages of a login at the other door, sealed with its secret', async () => {
    const { doors, state } = setUp()
    const [left, right] = doors
    const { secret } = left.open()
    await left.saved()
    await left.leaveNote(secret, 'fresh', 'https://door.example/hook/x')
    assert.ok(![...state.notes.values()].join().includes('door.example'))
    assert.equal(await right.findNote(secret, 'fresh'), 'https://door.example/hook/x')
    assert.equal(await right.takeNote(secret, 'fresh'), 'https://door.example/hook/x')
    assert.equal(await left.takeNote(secret, 'fresh'), undefined)
  })

  it('ends all of them with the admin token', async () => {
    const { doors, clock } = setUp()
    const [left, right] = doors
    const { secret } = left.open()
    const { code } = left.invite()
    await left.saved()
    clock.token = 'two'
    await right.refresh()
    assert.equal(right.find(secret), undefined)
    assert.equal(left.find(secret), undefined)
    assert.equal(await right.redeem(code), false)
    assert.ok(left.open())
    await left.saved()
  })

  it('hears within a second, while a stream goes on, that it is over', async () => {
    const { doors, clock } = setUp()
    const [left, right] = doors
    const { secret } = left.open()
    await left.saved()
    await right.refresh()
    left.close(secret)
    await left.saved()
    clock.now += 1001
    right.find(secret)
    await new Promise(setImmediate)
    assert.equal(right.find(secret), undefined)
  })
})

describe('inStep', () => {
  const ask = (path: string, headers: Record<string, string> = {}) =>
    new Request(`http://127.0.0.1:7717${path}`, { headers })
  const answer = () => new Response('fine')
  const refusal = () => new Response('refused', { status: 503 })

  it('asks the store for requests of people alone', async () => {
    const { doors, calls } = setUp()
    const handle = inStep(doors[0], answer, refusal)
    for (const path of ['/hook/x', '/api/hooks/wake', '/api/sessions', '/dashboard/assets/a.css', '/healthz'])
      await handle(ask(path))
    assert.deepEqual(calls, [])
    for (const path of ['/dashboard', '/dashboard/sessions/a', '/docs', '/api/dashboard/links'])
      await handle(ask(path))
    await handle(ask('/api/sessions', { authorization: 'Bearer login_x' }))
    assert.deepEqual(calls, Array(5).fill('listLogins'))
  })

  it('answers when it is stored, and refuses what is not', async () => {
    const { doors, state, breakDown } = setUp()
    const [left] = doors
    const opening = inStep(left, () => new Response(left.open().secret), refusal)
    const secret = await (await opening(ask('/dashboard/login'))).text()
    assert.equal(state.logins.size, 1)
    breakDown('endLogins')
    const closing = () => {
      left.close(secret)
      return answer()
    }
    assert.equal((await inStep(left, closing, refusal)(ask('/dashboard/logout'))).status, 503)
    breakDown(undefined)
    await left.refresh()
    assert.ok(left.find(secret), 'it holds as before')
    assert.equal((await inStep(left, closing, refusal)(ask('/dashboard/logout'))).status, 200)
    assert.equal(state.logins.size, 0)
  })

  it('goes on with what it knows while the store is away', async () => {
    const { doors, breakDown } = setUp()
    const [left] = doors
    const { secret } = left.open()
    await left.saved()
    breakDown('listLogins')
    const handle = inStep(left, () => new Response(left.find(secret) ? 'in' : 'out'), refusal)
    assert.equal(await (await handle(ask('/dashboard'))).text(), 'in')
  })
})
