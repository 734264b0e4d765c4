import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { spelledLines, spelledOut } from '../../src/domain/control-characters.ts'
import { withoutInvisible } from '../../src/domain/invisible-characters.ts'

const table: readonly (readonly [what: string, text: string, shown: string])[] = [
  ['an override of direction', 'rm \u202efdp.txt', 'rm \\u202efdp.txt'],
  ['a zero-width space', 'a\u200bb', 'a\\u200bb'],
  ['a joiner between letters', 'a\u200db', 'a\\u200db'],
  ['tags', 'ok\u{e0041}', 'ok\\u{e0041}'],
  ['variation selectors 17 to 256', 'ok\u{e0100}\u{e01ef}', 'ok\\u{e0100}\\u{e01ef}'],
  ['Hangul fillers', 'x\u3164\uffa0y', 'x\\u3164\\uffa0y'],
  ['a soft hyphen and a grapheme joiner', 'a\xadb\u034fc', 'a\\xadb\\u034fc'],
  ['an escape', '\x1b[2J', '\\x1b[2J'],
  ['half of a pair', 'a\ud800b', 'a\\ud800b'],
  ['what an emoji needs', '👩\u200d💻 ❤\ufe0f 1\ufe0f\u20e3', '👩\u200d💻 ❤\ufe0f 1\ufe0f\u20e3'],
  ['what a script needs', 'می\u200cخواهم', 'می\u200cخواهم'],
]
for (const [what, text, shown] of table)
  test(`spelledOut and ${what}`, () => assert.equal(spelledOut(text), shown))

test('spelledLines leaves lines and tabs', () => {
  assert.equal(spelledLines('a\n\tb\rc'), 'a\n\tb\\x0dc')
  assert.equal(spelledOut('a\n\tb'), 'a\\x0a\\x09b')
})

test('spelledOut leaves nothing that nobody sees', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = spelledOut(text)
      assert.equal(withoutInvisible(shown), shown)
      assert.doesNotMatch(shown, /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/)
    }),
  )
})
