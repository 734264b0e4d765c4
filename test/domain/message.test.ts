import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Failure } from '../../src/domain/error.ts'
import { clean, cleanFrom, compose } from '../../src/domain/message.ts'
import naughty from '../vectors/strings/blns.json' with { type: 'json' }

const ESC = '\x1b'

describe('compose', () => {
  const table: readonly [message: string, from: string | undefined, expected: string][] = [
    ['hi', 'ci', '[ci] hi'],
    ['deploy finished', undefined, 'deploy finished'],
    ['!rm -rf .', undefined, '[webhook] !rm -rf .'],
    ['  /exit', undefined, '[webhook]   /exit'],
    ['\n@/etc/passwd', undefined, '[webhook] \n@/etc/passwd'],
    ['#1 is broken', undefined, '[webhook] #1 is broken'],
    ['$skill do it', undefined, '[webhook] $skill do it'],
    ['!rm', 'ci', '[ci] !rm'],
    ['a\r\nb\rc\u2028d', undefined, 'a\nb\nc\nd'],
    [`x${ESC}[201~${ESC}[31mred`, undefined, 'x[31mred'],
    ['tab\tstays', undefined, 'tab\tstays'],
    ['bidi \u202eoverride\u2069', undefined, 'bidi override'],
    ['tag \u{e0041}\u{e007f}', undefined, 'tag '],
    ['lone \ud800 half', undefined, 'lone \ufffd half'],
    ['hi', 'dependabot[bot]', '[dependabot(bot)] hi'],
    ['hi', 'two\nlines', '[two lines] hi'],
  ]
  for (const [message, from, expected] of table)
    it(`makes ${JSON.stringify(expected)}`, () => assert.equal(compose(message, cleanFrom(from)), expected))

  for (const blank of ['', ' \n\t', '\x00\x1b', `${ESC}[201~`])
    it(`refuses the blank ${JSON.stringify(blank)}`, () =>
      assert.throws(() => compose(blank, undefined), Failure))

  it('refuses a from with nothing in it', () => assert.throws(() => cleanFrom(' \x1b '), Failure))
})

const hostile = fc.array(
  fc.oneof(
    fc.constantFrom(
      ESC,
      '[201~',
      '[200~',
      '\x9b',
      '\r',
      '\n',
      '\x00',
      '20',
      '1~',
      '[',
      '\u202e',
      '\u{e0020}',
    ),
    fc.string({ unit: 'grapheme', maxLength: 4 }),
  ),
  { maxLength: 30 },
)

describe('clean', () => {
  it('leaves nothing a terminal obeys, however it is nested', () => {
    fc.assert(
      fc.property(hostile, (parts) => {
        const text = clean(parts.join(''))
        assert.doesNotMatch(
          text,
          /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|[\u{e0000}-\u{e007f}]/u,
        )
        assert.doesNotMatch(text, /\[20[01]~/)
      }),
    )
  })

  it('changes nothing the second time', () => {
    fc.assert(fc.property(hostile, (parts) => clean(clean(parts.join(''))) === clean(parts.join(''))))
  })

  it('takes paste marks out that are nested a hundred thousand deep, without going over the text again and again', () => {
    const deep = `a${`${ESC}[20`.repeat(100_000)}${'1~'.repeat(100_000)}b`
    const startedAt = performance.now()
    assert.equal(clean(deep), 'ab')
    assert.ok(performance.now() - startedAt < 5000)
  })

  it('keeps every printable ASCII text without paste marks', () => {
    const printable = fc.string({ unit: fc.constantFrom(...' abcXYZ019~!@#$%^&*()_+{}|:"<>?-=;,./`\'\\') })
    fc.assert(fc.property(printable, (text) => clean(text) === text))
  })

  it('takes every naughty string without throwing', () => {
    for (const text of naughty) assert.equal(clean(clean(text)), clean(text))
  })
})

describe('cleanFrom', () => {
  it('is one line of at most 128 characters that cannot close its bracket', () => {
    fc.assert(
      fc.property(hostile, (parts) => {
        const from = cleanFrom(`x${parts.join('')}`) ?? '\n'
        assert.doesNotMatch(from, /[[\]\n\t]/)
        assert.ok([...from].length <= 128)
      }),
    )
  })
})
