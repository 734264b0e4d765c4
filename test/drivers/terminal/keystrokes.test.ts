import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  cleanKeys,
  keystrokes,
  type Multiline,
  typingRules,
} from '../../../src/drivers/terminal/keystrokes.ts'
import type { Screen } from '../../../src/drivers/terminal/screen.ts'
import { screenOf } from '../../support/program.ts'

const screen = (bracketedPaste: boolean | undefined, cooked = false): Screen =>
  screenOf([], { bracketedPaste, cooked, echo: cooked })

const typed = (text: string, on: Screen, multiline?: Multiline) =>
  keystrokes(text, on, typingRules('linux', multiline))

describe('cleanKeys', () => {
  it('leaves nothing that a terminal or a line editor obeys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const keys = cleanKeys(text)
        assert.doesNotMatch(keys, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]/)
        assert.equal(cleanKeys(keys), keys)
      }),
    )
  })

  it('spells a tab as four spaces and drops line ends around the text', () => {
    assert.equal(cleanKeys('\n\ta\r\nb\n\n'), '    a\nb')
  })
})

describe('keystrokes', () => {
  it('keeps lines for a program that takes pastes', () => {
    assert.deepEqual(typed('a\n\nb', screen(true)), { text: 'a\n\nb' })
  })

  it('joins or refuses lines for a program that would take each for a message', () => {
    assert.deepEqual(typed('a\n\nb', screen(false)), { text: 'a b' })
    assert.deepEqual(typed('a\nb', screen(undefined)), { text: 'a b' })
    assert.ok('refused' in typed('a\nb', screen(false), 'refuse'))
  })

  it('closes the menu that a name at the end would open, where there may be one', () => {
    for (const text of ['[webhook] @/etc/passwd', '/compact', 'ask $review', 'see #12', 'one\n@/srv/größe'])
      assert.deepEqual(typed(text, screen(true)), { text: `${text} ` })
    for (const text of ['mail me@host.org', 'see @a, me@b.c', 'a/b', 'costs 5 $', '/compact now'])
      assert.deepEqual(typed(text, screen(true)), { text })
    assert.deepEqual(typed('cat /etc/hosts', screen(false, true)), { text: 'cat /etc/hosts' })
  })

  it('keeps Enter behind a backslash from beginning a new line', () => {
    for (const text of ['in C:\\temp\\', '\\', 'one\ntwo\\'])
      assert.deepEqual(typed(text, screen(true)), { text: `${text} ` })
    assert.deepEqual(typed('a\\b', screen(true)), { text: 'a\\b' })
    assert.deepEqual(typed('dir C:\\', screen(false, true)), { text: 'dir C:\\' })
  })

  it('trusts an unknown program only where told so', () => {
    assert.deepEqual(typed('a\nb', screen(undefined), 'paste'), { text: 'a\nb' })
    assert.deepEqual(typed('a\nb', screen(false), 'paste'), { text: 'a b' })
  })

  it('refuses a line that line mode would cut, counted in bytes and after joining', () => {
    assert.deepEqual(typed('x'.repeat(4095), screen(false, true)), { text: 'x'.repeat(4095) })
    assert.ok('refused' in typed('x'.repeat(4096), screen(false, true)))
    assert.ok('refused' in typed('é'.repeat(2048), screen(false, true)))
    assert.ok('refused' in typed(`${'x'.repeat(4000)}\n${'y'.repeat(95)}`, screen(false, true)))
    assert.deepEqual(typed('x'.repeat(5000), screen(false, false)), { text: 'x'.repeat(5000) })
    assert.ok('refused' in keystrokes('x'.repeat(1024), screen(false, true), typingRules('darwin')))
  })
})
