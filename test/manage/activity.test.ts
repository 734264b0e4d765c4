import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { activityOf, type SessionActivity } from '../../src/domain/activity.ts'
import type { Connection, Driver, Readiness } from '../../src/domain/driver.ts'
import type { Session, SessionId } from '../../src/domain/session.ts'
import { askSessions, createActivityBoard } from '../../src/manage/activity.ts'
import { sessionCalled } from '../support/drafts.ts'

const opened = { generation: 'first', driver: 'told', settings: {}, openedAt: 0 }
const sessionOf = (id: string, change: Partial<Session> = {}) =>
  sessionCalled(id as SessionId, { ...opened, ...change })
const driverOf = (kind: string, change: Partial<Driver> = {}): Driver => ({
  ...{ kind, summary: '', delivery: 'push', prepare: async () => ({}) },
  connect: () => connectionOf(async () => ({ kind: 'idle' })),
  ...change,
})
const drivers = new Map(
  [driverOf('told'), driverOf('silent', { silent: true }), driverOf('pulls', { delivery: 'pull' })].map(
    (driver) => [driver.kind, driver],
  ),
)
const connectionOf = (state: Connection['state']): Connection => ({
  state,
  inject: async () => ({ kind: 'busy', why: 'test' }),
  turn: async () => ({ kind: 'busy', why: 'test' }),
  skills: async () => undefined,
  recall: async () => undefined,
  end: async () => {},
  close: async () => {},
})
const asked: Readiness = {
  kind: 'blocked',
  why: 'it waits for permission: Bash(ls)',
  asks: 'permission: Bash(ls)',
}

describe('activityOf', () => {
  const live = sessionOf('a')
  const rows: readonly (readonly [string, Readiness | undefined, SessionActivity])[] = [
    ['idle', { kind: 'idle' }, { state: 'live', activity: 'idle', since: 7 }],
    ['busy', { kind: 'busy', why: 'a turn runs' }, { state: 'live', activity: 'busy', since: 7 }],
    ['blocked', asked, { state: 'live', activity: 'blocked', since: 7, asks: 'permission: Bash(ls)' }],
    [
      'blocked, as the agent tells since when',
      { kind: 'blocked', why: 'somebody\nhas begun to type', since: 3 },
      { state: 'live', activity: 'blocked', since: 3, asks: 'somebody has begun to type' },
    ],
    ['offline', { kind: 'offline', why: 'no server' }, { state: 'offline', why: 'no server' }],
    ['ended', { kind: 'ended', exitCode: 3 }, { state: 'ended', exitCode: 3 }],
    ['missing', { kind: 'missing' }, { state: 'ended', why: 'its agent is not there' }],
    ['no answer', undefined, { state: 'live' }],
  ]
  for (const [title, readiness, expected] of rows)
    it(`shows ${title}`, () => assert.deepEqual(activityOf(live, {}, readiness, 7), expected))

  it('does not call idle what does not tell', () => {
    assert.deepEqual(activityOf(live, { silent: true }, { kind: 'idle' }, 7), { state: 'live' })
    const busy = activityOf(live, { silent: true }, { kind: 'busy', why: 'a request' }, 7)
    assert.equal(busy.activity, 'busy')
  })

  it('does not guess since when, at a single look', () => {
    assert.deepEqual(activityOf(live, {}, { kind: 'idle' }), { state: 'live', activity: 'idle' })
  })

  it('keeps since while nothing else is asked', () => {
    const first = activityOf(live, {}, asked, 7)
    assert.equal(activityOf(live, {}, asked, 9, first).since, 7)
    assert.equal(activityOf(live, {}, { ...asked, asks: 'permission: Bash(rm)' }, 9, first).since, 9)
    assert.equal(activityOf(live, {}, { kind: 'idle' }, 9, first).since, 9)
  })

  it('cuts what is asked', () => {
    const { asks } = activityOf(live, {}, { kind: 'blocked', why: 'x'.repeat(5000) }, 7)
    assert.equal(asks?.length, 300)
  })
})

describe('askSessions', () => {
  const ask = (sessions: readonly Session[], state: Connection['state']) =>
    askSessions({ drivers, connect: async () => connectionOf(state), now: () => 7 }, sessions)

  it('asks no inbox, nothing that has ended and nothing of another build', async () => {
    const sessions = [
      sessionOf('pulled', { driver: 'pulls' }),
      sessionOf('over', { state: 'ended', why: 'crashed' }),
      sessionOf('strange', { driver: 'nobody knows' }),
    ]
    const seen = await ask(sessions, () => assert.fail('it was asked'))
    assert.deepEqual(
      [...seen.values()],
      [{ state: 'live' }, { state: 'ended', why: 'crashed' }, { state: 'live' }],
    )
  })

  it('shows as stored what does not answer or fails', async () => {
    for (const state of [() => new Promise<never>(() => {}), () => Promise.reject(new Error('broken'))])
      assert.deepEqual(
        [...(await ask([sessionOf('a'), sessionOf('b')], state)).values()],
        [{ state: 'live' }, { state: 'live' }],
      )
  })
})

describe('the activity board', () => {
  const openBoard = () => {
    const world = { sessions: [sessionOf('a')], readiness: asked, elapsed: 0, asked: 0 } as {
      sessions: Session[]
      readiness: Readiness
      elapsed: number
      asked: number
    }
    const connection = connectionOf(async () => {
      world.asked++
      return world.readiness
    })
    const board = createActivityBoard(
      {
        drivers,
        sessions: async () => world.sessions,
        connect: async () => connection,
        now: () => world.elapsed,
      },
      () => world.elapsed,
    )
    const look = async (id = 'a', shownMs?: number) => (await board(shownMs)).get(id as SessionId)
    return { world, look }
  }

  it('asks once for many who look at once, and anew after a while', async () => {
    const { world, look } = openBoard()
    const all = await Promise.all([look(), look(), look()])
    assert.deepEqual([world.asked, all[2]?.asks], [1, 'permission: Bash(ls)'])
    world.readiness = { kind: 'idle' }
    world.elapsed = 150
    assert.equal((await look())?.activity, 'blocked')
    world.elapsed = 5000
    assert.deepEqual([(await look())?.activity, world.asked], ['idle', 2])
  })

  it('shows a page what is a little old, and asks meanwhile', async () => {
    const { world, look } = openBoard()
    await look()
    world.readiness = { kind: 'idle' }
    world.elapsed = 1000
    assert.equal((await look('a', 2000))?.activity, 'blocked')
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal((await look('a', 2000))?.activity, 'idle')
    world.elapsed = 2000
    assert.deepEqual([(await look())?.activity, world.asked], ['idle', 3])
  })

  it('asks at once about a session that was opened, opened anew or ended', async () => {
    const { world, look } = openBoard()
    await look()
    world.sessions = [sessionOf('a', { generation: 'second' }), sessionOf('b')]
    world.readiness = { kind: 'idle' }
    assert.equal((await look('b'))?.activity, 'idle')
    assert.equal((await look())?.activity, 'idle')
    world.sessions = [sessionOf('a', { generation: 'second', state: 'ended', why: 'by hand' })]
    assert.deepEqual(await look(), { state: 'ended', why: 'by hand' })
  })

  it('tells what an agent answers, so that an end is noted', async () => {
    const heard: string[] = []
    const board = createActivityBoard(
      {
        drivers,
        sessions: async () => [sessionOf('a')],
        connect: async () => connectionOf(async () => ({ kind: 'ended', why: 'gone' })),
        now: () => 0,
        heard: ({ id }, { kind }) => void heard.push(`${id} ${kind}`),
      },
      () => 0,
    )
    await board()
    assert.deepEqual(heard, ['a ended'])
  })
})
