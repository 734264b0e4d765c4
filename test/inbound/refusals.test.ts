import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../src/domain/error.ts'
import { guessesAnHour, mostAlike, type NewRefusal, type RefusalCount } from '../../src/domain/refusal.ts'
import { createGuessAlarm } from '../../src/inbound/guess-alarm.ts'
import { createRefusalLog } from '../../src/inbound/refusal-log.ts'
import { createRefusals } from '../../src/inbound/refusals.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import { refusalOf } from '../support/refusals.ts'

interface Line {
  readonly level: string
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

function listening() {
  const lines: Line[] = []
  const log = (level: string, event: string, fields: Readonly<Record<string, unknown>> = {}) => {
    lines.push({ level, event, fields })
  }
  return { lines, log }
}

describe('createRefusalLog', () => {
  it('writes ten of one cause and peer, then one line a minute with the count', () => {
    const { lines, log } = listening()
    const clock = { now: 0 }
    const refusals = createRefusalLog({ log, now: () => clock.now })
    for (let i = 0; i < 534; i++) refusals.write(refusalOf({ cause: `timestamp is ${i} s old` }))
    assert.equal(lines.length, 10)
    clock.now = 60_000
    refusals.sweep()
    assert.equal(lines.length, 11)
    assert.equal(lines[10]?.fields.more, 524)
    for (let i = 0; i < 50; i++) refusals.write(refusalOf({ cause: 'timestamp is 5 s old' }))
    assert.equal(lines.length, 11, 'the flood goes on')
    clock.now = 120_000
    refusals.sweep()
    assert.equal(lines[11]?.fields.more, 50)
    clock.now = 180_000
    refusals.sweep()
    assert.equal(refusals.busy(), false)
    refusals.write(refusalOf({ cause: 'timestamp is 5 s old' }))
    assert.equal(lines.length, 13)
  })

  it('keeps causes and peers apart', () => {
    const { lines, log } = listening()
    const refusals = createRefusalLog({ log, now: () => 0 })
    for (const peer of ['192.0.2.1', '192.0.2.2'])
      for (const cause of ['a', 'b']) for (let i = 0; i < 20; i++) refusals.write(refusalOf({ peer, cause }))
    assert.equal(lines.length, 40)
  })

  it('writes a bounded number of lines whatever strangers make up', () => {
    const { lines, log } = listening()
    const refusals = createRefusalLog({ log, now: () => 0 })
    for (let i = 0; i < 5000; i++) refusals.write(refusalOf({ peer: `peer ${i}` }))
    assert.equal(lines.length, 2001)
    refusals.close()
    assert.equal(lines.at(-1)?.fields.more, 2999)
  })

  it('says what it is by level and event', () => {
    const cases = [
      [refusalOf(), 'info', 'knock.refused'],
      [refusalOf({ status: 503, code: 'store_unavailable' }), 'warn', 'knock.refused'],
      [refusalOf({ status: 202, code: 'ignored' }), 'debug', 'knock.ignored'],
    ] as const
    for (const [refusal, level, event] of cases) {
      const { lines, log } = listening()
      createRefusalLog({ log, now: () => 0 }).write(refusal)
      assert.deepEqual([lines[0]?.level, lines[0]?.event], [level, event])
    }
  })
})

describe('createGuessAlarm', () => {
  const minute = 60_000
  const guess = (at: number) => ({ at, door: '/hook', peer: '192.0.2.1' })

  it('a thousand wrong guesses an hour raise the alarm, once an hour', () => {
    const { lines, log } = listening()
    const alarm = createGuessAlarm({ log, doors: () => 1 })
    for (let i = 0; i < guessesAnHour - 1; i++) alarm.guessed(guess(i))
    assert.equal(lines.length, 0)
    for (let i = 0; i < 500; i++) alarm.guessed(guess(30 * minute))
    assert.deepEqual(
      lines.map(({ level, event }) => [level, event]),
      [['warn', 'guessing.alarm']],
    )
    for (let i = 0; i < 2 * guessesAnHour; i++) alarm.guessed(guess(100 * minute))
    assert.equal(lines.length, 2)
    assert.equal(alarm.total(), 3 * guessesAnHour + 499)
  })

  it('counts what a guesser sent to other doors as well as it can', () => {
    const { lines, log } = listening()
    const alarm = createGuessAlarm({ log, doors: () => 4 })
    for (let i = 0; i < guessesAnHour / 4 - 1; i++) alarm.guessed(guess(i))
    assert.equal(lines.length, 0)
    alarm.guessed(guess(minute))
    assert.equal(lines.length, 1)
  })

  it('is silent about guesses that are spread over more than an hour', () => {
    const { lines, log } = listening()
    const alarm = createGuessAlarm({ log, doors: () => 1 })
    for (let i = 0; i < 3000; i++) alarm.guessed(guess(i * 5000))
    assert.equal(lines.length, 0)
  })
})

describe('createRefusals', () => {
  const silent = { log: () => {}, now: () => 0 }

  it('stores what was noted, in one act, and counts all of it', async () => {
    const store = openMemoryStore(() => 0)
    const refusals = createRefusals({ store, ...silent })
    for (let i = 0; i < 5000; i++) refusals.note(refusalOf(), true)
    refusals.note(refusalOf({ cause: 'other' }), false)
    assert.equal((await refusals.list({ limit: 5000 })).length, mostAlike + 1)
    await refusals.close()
    const listed = await store.listRefusals({ limit: 5000 })
    assert.equal(listed.length, mostAlike + 1)
    assert.equal(listed[0]?.cause, 'other')
    const counts = await store.countRefusals(0)
    assert.deepEqual(
      counts.map(({ count, guesses }) => [count, guesses]),
      [
        [1, 0],
        [5000, 5000],
      ],
    )
  })

  it('keeps in memory what a full disk does not take', async () => {
    const kept: [readonly NewRefusal[], readonly RefusalCount[]][] = []
    let full = true
    const store = {
      listRefusals: async () => [],
      recordRefusals: async (...act: (typeof kept)[number]) => {
        if (full) throw new Failure('store_unavailable', 'The disk is full.')
        kept.push(act)
      },
    }
    const refusals = createRefusals({ store, ...silent })
    const refused = refusalOf({ status: 503, code: 'store_unavailable', cause: 'The disk is full.' })
    for (let i = 0; i < 534; i++) refusals.note(refused, false)
    await refusals.close()
    assert.equal((await refusals.list({ limit: 5000 })).length, mostAlike)
    full = false
    await refusals.close()
    assert.equal(kept[0]?.[0].length, mostAlike)
    assert.equal(kept[0]?.[1][0]?.count, 534)
  })

  it('counts under the paths of hooks, and what strangers make up under one', () => {
    const refusals = createRefusals({ store: openMemoryStore(() => 0), ...silent })
    for (let i = 0; i < 2000; i++) refusals.note(refusalOf({ door: `/api/hooks/x${i}` }), false)
    refusals.note(refusalOf({ hook: 'github' }), true)
    assert.deepEqual(refusals.totals(), [
      { door: '/api/hooks/…', code: 'unauthorized', count: 2000 },
      { door: '/api/hooks/github', code: 'unauthorized', count: 1 },
    ])
    assert.equal(refusals.guesses(), 1)
    return refusals.close()
  })
})
