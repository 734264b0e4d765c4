import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createSteadyClock } from '../../src/store/steady-clock.ts'
import { noon } from '../support/drafts.ts'

const day = 86_400_000

/** A machine: `pass` lets time go by, `set` moves its wall clock, `sleep` stops all but the wall clock and the uptime. */
function machine() {
  let [wall, monotonic, up] = [noon, 5000, 900_000]
  const pass = (ms: number) => {
    wall += ms
    monotonic += ms
    up += ms
  }
  const set = (ms: number) => {
    wall += ms
  }
  const sleep = (ms: number) => {
    wall += ms
    up += ms
  }
  const open = () =>
    createSteadyClock({
      wall: () => wall,
      monotonic: () => monotonic,
      uptime: () => Math.floor(up / 1000),
    })
  return { pass, set, sleep, open, wall: () => wall }
}

type Step = readonly [act: 'pass' | 'set' | 'sleep', ms: number]

describe('createSteadyClock', () => {
  const table: readonly [name: string, steps: readonly Step[], passed: number][] = [
    [
      'goes with the wall clock',
      [
        ['pass', 1000],
        ['pass', day],
      ],
      day + 1000,
    ],
    [
      'is not set back',
      [
        ['pass', 1000],
        ['set', -day],
        ['pass', 500],
      ],
      1500,
    ],
    [
      'is not set ahead',
      [
        ['pass', 1000],
        ['set', 365 * day],
        ['pass', 500],
      ],
      1500,
    ],
    [
      'is back where it was',
      [
        ['set', 365 * day],
        ['pass', 100],
        ['set', -365 * day],
        ['pass', 100],
      ],
      200,
    ],
    [
      'takes every jump',
      [
        ['set', -day],
        ['set', -day],
        ['pass', 10],
        ['set', 3 * day],
      ],
      10,
    ],
    [
      'follows small corrections',
      [
        ['pass', 1000],
        ['set', 300],
        ['pass', 1000],
      ],
      2300,
    ],
    [
      'counts the sleep of the machine',
      [
        ['pass', 1000],
        ['sleep', day],
        ['pass', 1000],
      ],
      day + 2000,
    ],
    [
      'tells sleep from a jump',
      [
        ['sleep', 60_000],
        ['set', day],
        ['pass', 1000],
      ],
      61_000,
    ],
  ]
  for (const [name, steps, passed] of table)
    it(name, () => {
      const world = machine()
      const clock = world.open()
      for (const [act, ms] of steps) {
        world[act](ms)
        clock.now()
      }
      assert.ok(Math.abs(clock.now() - noon - passed) < 1000, String(clock.now() - noon))
      assert.equal(clock.now() + clock.skew(), world.wall())
    })

  it('never goes back', () => {
    const world = machine()
    const clock = world.open()
    for (const ms of [-900, 10, -900, -900, 400, -day]) {
      const before = clock.now()
      world.set(ms)
      assert.ok(clock.now() >= before)
    }
  })

  const restarts: readonly [name: string, setMs: number, skew: number, back: boolean, later: number][] = [
    ['a clock that goes on', 0, 0, false, 60_000],
    ['a clock that went back: no time has passed', -day, 0, true, 0],
    ['a clock that went ahead: downtime', day, 0, false, day + 60_000],
    ['a clock that was off and stays so', 365 * day, 365 * day, false, 60_000],
    ['a clock that was off and is right again', 0, 365 * day, true, 0],
  ]
  for (const [name, setMs, skew, back, later] of restarts)
    it(`resume takes ${name}`, () => {
      const world = machine()
      world.pass(60_000)
      world.set(setMs)
      const clock = world.open()
      assert.equal(clock.resume({ skew, seen: noon }), back)
      assert.equal(clock.now() - noon, later)
      assert.equal(clock.now() + clock.skew(), world.wall())
    })
})
