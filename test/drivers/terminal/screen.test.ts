import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  evidenceOf,
  fingerprint,
  type Screen,
  sameScreen,
  submitted,
} from '../../../src/drivers/terminal/screen.ts'
import { screenOf } from '../../support/program.ts'

describe('fingerprint', () => {
  for (const [text, print] of [
    ['hello there', 'hellothere'],
    ['a'.repeat(40), 'a'.repeat(24)],
    ['│ boxed │', 'boxed'],
    ['line one\nline two', 'lineonelinetwo'],
    ['e\u0301', 'e'],
    ['\u200b\u2060', ''],
  ] as const)
    it(`of ${JSON.stringify(text)}`, () => assert.equal(fingerprint(text), print))

  it('holds the end of any text, at most 24 characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        const print = fingerprint(text)
        assert.ok([...print].length <= 24)
        assert.ok(fingerprint(`before ${text}`).endsWith(print))
      }),
    )
  })
})

describe('evidenceOf', () => {
  const before = screenOf(['say hello', '> '])
  const long = 'x'.repeat(2000)
  const rows: readonly (readonly [string, Screen, Screen, string, 'echo' | 'marker' | undefined])[] = [
    ['the text in the box', before, screenOf(['say hello', '> fix the build']), 'fix the build', 'echo'],
    ['nothing', before, before, 'fix the build', undefined],
    [
      'what was there before',
      screenOf(['fix the build']),
      screenOf(['fix the build']),
      'fix the build',
      undefined,
    ],
    [
      'it once more',
      screenOf(['fix the build']),
      screenOf(['fix the build', '> fix the build']),
      'fix the build',
      'echo',
    ],
    ['it across borders', before, screenOf(['│ fix the │', '│ build   │']), 'fix the build', 'echo'],
    ['a paste marker', before, screenOf(['> [Pasted text #1 +12 lines]']), long, 'marker'],
    ['another paste marker', before, screenOf(['> [paste #1 +80 lines]']), long, 'marker'],
    [
      'a marker that the text spells itself',
      before,
      screenOf(['[paste #1 +80 lines]']),
      'see [paste #1 +80 lines] there',
      undefined,
    ],
    [
      'a marker for a text that spells another',
      before,
      screenOf(['> [Pasted Content 2027 chars]']),
      `[Pasted text #1 +12 lines] ${long}`,
      'marker',
    ],
    [
      'a marker alone in the box for a text that spells it',
      before,
      screenOf(['> [Pasted Content 2028 chars]'], { input: '[Pasted Content 2028 chars]' }),
      `[Pasted Content 2028 chars] ${long}`,
      'marker',
    ],
    [
      'one letter amid a redrawn screen',
      before,
      screenOf(['a y b', 'two', 'three', 'four', 'five']),
      'y',
      undefined,
    ],
    ['one letter alone', before, screenOf(['say hello', '> y']), 'y', 'echo'],
    [
      'one letter instead of a hint that has it twice',
      screenOf(['> Type your message']),
      screenOf(['> y']),
      'y',
      'echo',
    ],
    ['a number', before, screenOf(['say hello', '> 42']), '42', 'echo'],
    ['a few letters on two lines', before, screenOf(['say hello', '> a', 'rm -rf']), 'a\nrm -rf', 'echo'],
    [
      'a few letters on five lines',
      before,
      screenOf(['> a', 'b', '', 'c', 'd', 'e']),
      'a\nb\n\nc\nd\ne',
      'echo',
    ],
    ['two lines of which only one came', before, screenOf(['say hello', '> a']), 'a\nrm -rf', undefined],
    ['only the beginning', before, screenOf(['> fix the']), 'fix the build', undefined],
  ]
  for (const [title, from, to, text, expected] of rows)
    it(`${expected ?? 'nothing'} for ${title}`, () => assert.equal(evidenceOf(from, to, text), expected))

  it('is never found on an unchanged screen', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), (lines, text) => {
        assert.equal(evidenceOf(screenOf(lines), screenOf(lines), text), undefined)
      }),
    )
  })

  it('is found wherever a box wraps the text', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z ]*[a-z]{8,60}$/),
        fc.integer({ min: 4, max: 30 }),
        (text, width) => {
          const rows = text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
          const after = screenOf(rows.map((row) => `│ ${row} │`))
          assert.equal(evidenceOf(screenOf(['│ │']), after, text), 'echo')
        },
      ),
    )
  })
})

describe('submitted', () => {
  const echoed = screenOf(['• done', '──────', '> fix the build'])
  const cat = { bracketedPaste: false, cooked: true, echo: true } as const
  const rows: readonly (readonly [string, Screen, Screen, boolean])[] = [
    ['nothing changed', echoed, echoed, false],
    [
      'the text went up and the box is empty',
      echoed,
      screenOf(['• done', '> fix the build', '──────', '> ']),
      true,
    ],
    ['a spinner has appeared', echoed, screenOf([...echoed.lines, '⠋ Thinking']), true],
    ['the box grew by an empty line', echoed, screenOf([...echoed.lines, ''], { cursor: '0,3' }), false],
    [
      'only a spinner turned',
      screenOf(['| Working 3s', '> a text']),
      screenOf(['/ Working 4s', '> a text']),
      false,
    ],
    ['a paste marker appeared', echoed, screenOf(['• done', '──────', '> [Pasted text #1 +6 lines]']), false],
    [
      'a paste marker counts on',
      screenOf(['> [paste #1 +6 lines]']),
      screenOf(['> [paste #1 +7 lines]']),
      false,
    ],
    ['the paste mode is put away', echoed, screenOf(echoed.lines, { bracketedPaste: false }), true],
    [
      'the cursor moved in line mode',
      screenOf(['fix the build'], cat),
      screenOf(['fix the build', ''], { ...cat, cursor: '0,1' }),
      true,
    ],
    [
      'the cursor moved in an unknown mode',
      screenOf(['fix the build'], { bracketedPaste: undefined, cooked: undefined }),
      screenOf(['fix the build'], { bracketedPaste: undefined, cooked: undefined, cursor: '0,1' }),
      false,
    ],
    [
      'Enter closed a list of suggestions',
      screenOf(['  ❯ the build.log', '──────', '> fix the build'], { cursorRow: '> fix the build' }),
      screenOf(['──────', '> fix the build', 'manual mode'], { cursorRow: '> fix the build ' }),
      false,
    ],
    [
      'the cursor is behind the text no more',
      screenOf(['──────', '> fix the build'], { cursorRow: '> fix the build' }),
      screenOf(['> fix the build', '──────', '> '], { cursorRow: '> ' }),
      true,
    ],
    ['the screen was cleared', echoed, screenOf(['• done']), true],
    [
      'a menu closed and the text still stands in the box',
      screenOf(['menu', '> fix the build'], { cursorRow: '> fix the build' }),
      screenOf(['> fix the build'], { cursorRow: '> fix the build' }),
      false,
    ],
    [
      'a menu opened and the text still stands in the box',
      screenOf(['> fix the build'], { cursorRow: '> fix the build' }),
      screenOf(['a choice', '> fix the build'], { cursorRow: '> fix the build' }),
      false,
    ],
    [
      'an equal line scrolled up',
      screenOf(['> fix the build', 'ok', '> fix the build']),
      screenOf(['ok', '> fix the build', 'fix the build', '> fix the build']),
      true,
    ],
  ]
  for (const [title, from, to, expected] of rows)
    it(`${expected} when ${title}`, () => assert.equal(submitted(from, to, 'fix the build'), expected))
})

describe('sameScreen', () => {
  it('overlooks spinners, counters and empty lines, and nothing else', () => {
    assert.ok(sameScreen(screenOf(['⠋ 12 s', '', 'text']), screenOf(['⠙ 13 s', 'text'])))
    assert.ok(!sameScreen(screenOf(['text']), screenOf(['text', 'text'])))
  })
})
