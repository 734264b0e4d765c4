import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Failure } from '../../src/domain/error.ts'
import { compilePattern } from '../../src/payload/pattern.ts'

describe('compilePattern', () => {
  const sources = [
    'abc',
    '^abc$',
    'a|b|',
    '^(a|bc)*$',
    'a+b?c*',
    '^a{2}$',
    '^a{2,}$',
    '^a{1,3}b$',
    'a.c',
    '[abc]+',
    '[^abc]',
    '[a-c]{2}',
    '\\d+\\.\\d',
    '^\\w+$',
    '\\s',
    '\\S\\s\\S',
    '\\bab\\b',
    '\\Bb',
    '^$',
    '(?:ab)+',
    'a+?b',
    '\\(a\\)',
    '[\\]a]',
    '(a*)*b',
    '((a|b)(b|c))+',
    'refs/heads/(main|release-.*)',
    '[-a]',
    '\\u0061',
    '\\x61',
    '\\p{L}c',
    '^a{0}b',
    '^(|a)b',
    '()*a',
  ]
  it('agrees with RegExp on what it knows', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', 'c', '1', '.', ' ', '(', ')', ']', '-', '\n', 'é'),
      maxLength: 12,
    })
    for (const source of sources) {
      const expected = new RegExp(source, 'u')
      const { matches } = compilePattern(source)
      fc.assert(fc.property(text, (sample) => assert.equal(matches(sample), expected.test(sample), source)))
    }
  })

  it('agrees with RegExp on composed patterns', () => {
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\b', '^', '$'),
        fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `${a}${b}`),
        fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `(?:${a}|${b})`),
        fc
          .tuple(tie('tree'), fc.constantFrom('*', '+', '?', '{2}', '{0,2}'))
          .map(([a, sign]) => `(?:${a})${sign}`),
      ),
    }))
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 8 })
    fc.assert(
      fc.property(tree, text, (source, sample) => {
        fc.pre(source.length < 60)
        assert.equal(compilePattern(source).matches(sample), new RegExp(source, 'u').test(sample))
      }),
      { numRuns: 2000 },
    )
  })

  it('ignores case when told so', () => {
    assert.equal(compilePattern('(?i)^main$').matches('MAIN'), true)
    assert.equal(compilePattern('(?i)[a-c]').matches('B'), true)
    assert.equal(compilePattern('main').matches('MAIN'), false)
  })

  it('is not stalled by patterns that stall others', () => {
    const text = `${'a'.repeat(4000)}!`
    for (const source of [
      '^(a+)+$',
      '^(a|aa)*$',
      '(a*)*(a*)*b',
      '^(([a-z])+.)+[A-Z]([a-z])+$',
      '(.*)(.*)(.*)(.*)=b',
    ])
      assert.equal(compilePattern(source).matches(text), false)
    assert.equal(compilePattern('(a?){60}a{60}!$').matches(text), true)
  })

  it('finds plain characters in a megabyte', () => {
    for (const source of ['x', '^a|x$', '(?i)X', 'a(?:x)$'])
      assert.equal(compilePattern(source).matches(`${'a'.repeat(1_000_000)}x`), true, source)
  })

  it('looks at no more of a text than it can in some milliseconds, and says how much that is', () => {
    for (const source of ['x+$', '(a?){60}x', 'b*x{200}']) {
      const { matches, examined } = compilePattern(source)
      const most = examined('a'.repeat(1_000_000))
      assert(most >= 4096 && most < 150_000, `${source} ${most}`)
      const tail = source.endsWith('{200}') ? 'x'.repeat(200) : 'x'
      assert.equal(matches('a'.repeat(most - tail.length) + tail), true, source)
      assert.equal(matches('a'.repeat(most + 1) + tail), false, source)
    }
    assert.equal(compilePattern('a+$').matches(`${'a'.repeat(200_000)}b`), false)
    assert.equal(compilePattern('x').examined('abc'), 3)
  })

  const refused = [
    '(a',
    'a)',
    '[a',
    '*a',
    'a**',
    'a{3,2}',
    '(?=a)',
    '(?<n>a)',
    '(?<!a)b',
    '\\1',
    '(a)\\1',
    '\\k<n>',
    '\\q',
    '[z-a]',
    'a{500}b{500}',
    '((a{20}){20}){20}',
    'a'.repeat(501),
    `${'('.repeat(21)}a${')'.repeat(21)}`,
    '\\',
  ]
  for (const source of refused)
    it(`refuses ${source.slice(0, 30)}`, () =>
      assert.throws(
        () => compilePattern(source),
        (thrown) =>
          thrown instanceof Failure &&
          thrown.code === 'config_invalid' &&
          /pattern does not work/.test(thrown.message),
      ))
})
