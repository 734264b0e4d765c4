import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../src/domain/error.ts'
import type { ScreenSnapshot } from '../../src/domain/screen-snapshot.ts'
import type { Session, SessionId } from '../../src/domain/session.ts'
import { createScreens } from '../../src/manage/screens.ts'

const session: Session = {
  id: 'build' as SessionId,
  generation: '00c0ffee00c0ffee',
  driver: 'pty',
  settings: {},
  state: 'live',
  openedAt: 0,
}

const screenOf = (text: string): ScreenSnapshot => ({
  ...{ columns: 9, rows: 1, lines: [[{ text, width: text.length }]], changedAt: 0 },
})

/** A terminal that shows what a test says. */
function createTerminal() {
  const readings: { show: (text: string) => void; over: (why: string) => void; signal: AbortSignal }[] = []
  const screens = createScreens({
    connect: ({ driver }) =>
      driver === 'pty'
        ? {
            watchScreen: (show, signal) => {
              const { promise, resolve } = Promise.withResolvers<string>()
              signal.addEventListener('abort', () => resolve('nobody looks'))
              readings.push({ show: (text) => show(screenOf(text)), over: resolve, signal })
              return promise
            },
          }
        : {},
    isOpen: async () => true,
  })
  return { screens, readings }
}

function createFollower() {
  const seen: string[] = []
  const { promise, resolve } = Promise.withResolvers<string>()
  const show = ({ lines }: ScreenSnapshot) => seen.push(lines[0]?.[0]?.text ?? '')
  return { seen, ended: promise, follower: { show, over: resolve } }
}

describe('createScreens', () => {
  it('reads a screen once for all who follow it, and no more once nobody does', () => {
    const { screens, readings } = createTerminal()
    const [first, second] = [createFollower(), createFollower()]
    const leaveFirst = screens.follow(session, first.follower)
    readings[0]?.show('one')
    const leaveSecond = screens.follow(session, second.follower)
    readings[0]?.show('two')
    assert.equal(readings.length, 1)
    assert.deepEqual(
      [first.seen, second.seen],
      [
        ['one', 'two'],
        ['one', 'two'],
      ],
    )
    leaveFirst()
    leaveFirst()
    assert.equal(readings[0]?.signal.aborted, false)
    assert.equal(screens.reading(), 1)
    leaveSecond()
    assert.equal(readings[0]?.signal.aborted, true)
    assert.equal(screens.reading(), 0)
  })

  it('tells everybody why there is nothing to see any more, and then begins anew', async () => {
    const { screens, readings } = createTerminal()
    const { seen, ended, follower } = createFollower()
    screens.follow(session, follower)
    readings[0]?.over('its program has ended')
    assert.equal(await ended, 'its program has ended')
    assert.equal(screens.reading(), 0)
    screens.follow(session, follower)
    readings[1]?.show('anew')
    assert.deepEqual(seen, ['anew'])
  })

  it('looks once', async () => {
    const { screens, readings } = createTerminal()
    const looking = screens.look(session)
    readings[0]?.show('now')
    assert.equal((await looking).lines[0]?.[0]?.text, 'now')
    assert.equal(readings[0]?.signal.aborted, true)
  })

  const refused: readonly (readonly [string, Partial<Session>, string])[] = [
    ['an agent without a terminal', { driver: 'http' }, 'unsupported'],
    ['a session that has ended', { state: 'ended' }, 'session_ended'],
  ]
  for (const [what, differs, code] of refused)
    it(`refuses ${what}, and reads nothing`, async () => {
      const { screens, readings } = createTerminal()
      assert.equal(screens.has({ ...session, ...differs }), false)
      await assert.rejects(
        screens.look({ ...session, ...differs }),
        (thrown) => thrown instanceof Failure && thrown.code === code,
      )
      assert.equal(readings.length, 0)
    })

  it('refuses a screen that cannot be seen, and says why', async () => {
    const { screens, readings } = createTerminal()
    const looking = screens.look(session)
    readings[0]?.over('tmux is not installed')
    await assert.rejects(looking, /tmux is not installed/)
  })
})
