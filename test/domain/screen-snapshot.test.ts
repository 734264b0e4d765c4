import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  applied,
  changeBetween,
  keptLines,
  looksSame,
  type ScreenLine,
  type ScreenSnapshot,
  textOfScreen,
} from '../../src/domain/screen-snapshot.ts'

const line = (text: string): ScreenLine => (text === '' ? [] : [{ text, width: text.length }])

const screen = (texts: readonly string[], more: Partial<ScreenSnapshot> = {}): ScreenSnapshot => ({
  ...{ columns: 20, rows: texts.length, lines: texts.map(line), changedAt: 1 },
  ...more,
})

describe('changeBetween', () => {
  it('is everything of a first screen, and of one of another size', () => {
    const after = screen(['a', ''])
    assert.deepEqual(Object.keys(changeBetween(undefined, after).lines), ['0', '1'])
    assert.deepEqual(Object.keys(changeBetween(screen(['a', ''], { columns: 9 }), after).lines), ['0', '1'])
  })

  it('is the lines that are others, and all else as it is', () => {
    const before = screen(['a', 'b', 'c'], { cursor: { column: 1, row: 1 } })
    const after = { ...before, lines: keptLines(before.lines, ['a', 'x', 'c'].map(line)), changedAt: 2 }
    assert.deepEqual(changeBetween(before, after), { ...after, lines: { 1: line('x') } })
  })
})

describe('applied', () => {
  it('gives the later screen, with the lines that are known', () => {
    const before = screen(['a', 'b'])
    const after = { ...before, lines: keptLines(before.lines, ['a', 'x'].map(line)), typing: true as const }
    const again = applied(before, changeBetween(before, after))
    assert.deepEqual(again, after)
    assert.equal(again.lines[0], before.lines[0])
    assert.deepEqual(applied(before, changeBetween(undefined, screen(['z']))), screen(['z']))
  })
})

describe('looksSame', () => {
  it('tells a cursor, a size, a line and typing apart, but not the time', () => {
    const one = screen(['a'], { cursor: { column: 0, row: 0 } })
    assert.ok(looksSame(one, { ...one, changedAt: 9 }))
    for (const other of [
      { ...one, cursor: { column: 1, row: 0 } },
      screen(['a']),
      { ...one, columns: 5 },
      { ...one, lines: [line('b')] },
      { ...one, typing: true as const },
    ])
      assert.ok(!looksSame(one, other))
  })
})

describe('textOfScreen', () => {
  it('has no empty ends', () => {
    assert.equal(textOfScreen(screen(['a  ', '', ' b', '', ''])), 'a\n\n b')
  })
})
