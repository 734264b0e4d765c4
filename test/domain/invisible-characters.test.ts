import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { clean } from '../../src/domain/message.ts'

const smuggled = [...'ignore'].map((sign) => String.fromCodePoint(0xe0100 + sign.charCodeAt(0) - 16)).join('')
const bits = '\u200b\u200c\u200b\u200d\u2060\u200b'

/** What nobody sees, as it comes, and what reaches the agent. */
const table: readonly [name: string, text: string, expected: string][] = [
  ['variation selectors 17 to 256 behind an emoji', `😀${smuggled}`, '😀'],
  ['a lone variation selector', 'a\ufe0fb\ufe0e', 'ab'],
  ['variation selectors 1 to 14', 'x\ufe00\ufe0d', 'x'],
  ['a second selector behind an emoji', '❤\ufe0f\ufe0f', '❤\ufe0f'],
  ['a selector behind a digit that is no keycap', '1\ufe0f2', '12'],
  ['tag characters', '🏴\u{e0067}\u{e0062}\u{e007f}', '🏴'],
  ['zero-width signs as bits', `he${bits}llo`, 'hello'],
  ['a joiner behind an emoji that joins nothing', '👩\u200d x', '👩 x'],
  ['soft hyphen, grapheme joiner, word joiner, byte order mark', 'a\xad\u034f\u2060\ufeffb', 'ab'],
  ['Hangul fillers', '\u3164a\uffa0\u115f\u1160b', 'ab'],
  ['invisible operators and deprecated format signs', 'f\u2061\u2063\u206a(x)', 'f(x)'],
  ['musical and shorthand format signs', 'a\u{1d173}\u{1bca0}b', 'ab'],
  ['direction marks without anything to direct', 'a\u200eb\u200fc\u061c', 'abc'],
  ['direction marks in a row', 'שלום\u200f\u200e\u200f!', 'שלום\u200f!'],
]

/** What shows otherwise without its invisible sign. */
const needed: readonly string[] = [
  ...[
    '❤\ufe0f',
    '☎\ufe0e',
    '1\ufe0f\u20e3',
    '👨\u200d👩\u200d👧\u200d👦',
    '👩🏽\u200d💻',
    '🏳\ufe0f\u200d🌈',
    '👩\u200d❤\ufe0f\u200d👨',
  ],
  ...[
    'می\u200cخواهم',
    'र\u094d\u200dय',
    'क\u094d\u200cष',
    'שלום\u200f!',
    'ภาษา\u200bไทย',
    '日本語',
    'e\u0301',
    '한글',
    '🇩🇪',
  ],
]

describe('invisible characters that reach an agent', () => {
  for (const [name, text, expected] of table) it(`none: ${name}`, () => assert.equal(clean(text), expected))

  for (const text of needed)
    it(`those that show: ${JSON.stringify(text)}`, () => assert.equal(clean(text), text))

  it('once taken out, none is left for a second time', () => {
    const sign = fc.constantFrom(
      ...[
        'a',
        '1',
        '❤',
        '👩',
        '🏽',
        'क',
        'ไ',
        'ש',
        '\u180b',
        'ᠠ',
        '\ufe0e',
        '\ufe0f',
        '\u20e3',
        '\u200b',
        '\u200c',
      ],
      ...['\u200d', '\u200e', '\u200f', '\u061c', '\u{e0101}', '[20', '0~', '[200~', '\xad', '~', '0'],
    )
    fc.assert(
      fc.property(fc.array(sign, { maxLength: 12 }), (signs) => {
        const once = clean(signs.join(''))
        assert.equal(clean(once), once)
        assert.doesNotMatch(once, /\[20[01]~/)
      }),
      { numRuns: 2000 },
    )
  })
})
