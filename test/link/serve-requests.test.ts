import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection } from '../../src/domain/driver.ts'
import { Failure } from '../../src/domain/error.ts'
import { applied, type ScreenChange, type ScreenSnapshot } from '../../src/domain/screen-snapshot.ts'
import { createRequestServer } from '../../src/link/serve-requests.ts'
import { build, noon, sessionCalled } from '../support/drafts.ts'
import { until } from '../support/hooks.ts'

const lineOf = (text: string) => [{ text, width: text.length }]
const [first, second, changed] = ['first', 'second', 'changed'].map(lineOf)
const screenOf = (...lines: readonly (typeof first)[]): ScreenSnapshot => ({
  ...{ columns: 10, rows: lines.length, changedAt: noon, lines: lines.map((line) => line ?? []) },
})

/** A door that sees the screen of `build` until `isAway` says that it cannot be reached; what it was told then it may have heard. */
function openBench() {
  const session = sessionCalled(build)
  const door = { isAway: false, screen: undefined as ScreenSnapshot | undefined, last: '', wants: true }
  let show: (screen: ScreenSnapshot) => void = () => assert.fail('nobody looks')
  const watchScreen: NonNullable<Connection['watchScreen']> = (shown, signal) => {
    show = shown
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve('nobody looks')))
  }
  const server = createRequestServer({
    findSession: async () => session,
    connect: () => ({ watchScreen }) as unknown as Connection,
    skills: async () => [],
    answer: async (answer) => {
      if ('refusal' in answer) assert.fail(answer.refusal)
      if (answer.more) door.screen = applied(door.screen, answer.value as ScreenChange)
      else door.last = String(answer.value)
      if (door.isAway) throw new Failure('unreachable', 'The door cannot be reached.')
      return door.wants
    },
  })
  server.serve({ id: '1', session: build, generation: session.generation, ask: 'screen' })
  const looks = () => door.screen?.lines.map((line) => line[0]?.text)
  return { ...{ server, door, looks }, show: (screen: ScreenSnapshot) => show(screen) }
}

test('a screen goes on as it is when the door can be reached again, and ends when that wants no more', async () => {
  const { door, looks, show, server } = openBench()
  await Promise.resolve()
  show(screenOf(first, second))
  await until('it is seen', () => looks()?.[0] === 'first' || undefined)
  door.isAway = true
  show(screenOf(changed, second))
  await until('it is heard, without an answer', () => looks()?.[0] === 'changed' || undefined)
  show(screenOf(first, second))
  door.isAway = false
  await until('it is as it is', () => looks()?.[0] === 'first' || undefined)
  assert.equal(door.last, '')
  door.wants = false
  show(screenOf(second, second))
  await until('it is over', () => door.last !== '' || undefined)
  server.close()
})
