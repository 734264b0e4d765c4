import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createDraftTracker } from '../../../src/drivers/pty/draft-tracker.ts'

const after = (...chunks: readonly string[]) => {
  const follower = createDraftTracker()
  const seen = chunks.map((chunk) => follower.follow(Buffer.from(chunk)))
  return {
    draft: follower.draft(),
    enter: seen.some(({ enter }) => enter),
    keys: seen.some(({ keys }) => keys),
  }
}

describe('createKeyFollower', () => {
  const drafts: readonly (readonly [string, boolean, ...string[]])[] = [
    ['printable keys', true, 'h', 'i'],
    ['keys and Enter', false, 'hi', '\r'],
    ['keys and ^C', false, 'hi\x03'],
    ['keys and ^U', false, 'hi', '\x15'],
    ['keys all taken back', false, 'hi', '\x7f\x7f'],
    ['one of two taken back', true, 'hi', '\x7f'],
    ['more taken back than typed, then a key', true, '\x7f\x7f\x7fa'],
    ['a wide character taken back', false, '語\x7f'],
    ['cursor keys', false, '\x1b[A\x1b[B\x1bOC'],
    ['a mouse report', false, '\x1b[<0;12;5M\x1b[<0;12;5m'],
    ['an old mouse report', false, '\x1b[M !!'],
    ['focus', false, '\x1b[I\x1b[O'],
    [
      'answers of a terminal',
      false,
      '\x1b[?1;2c\x1b[12;1R\x1b]11;rgb:0000/0000/0000\x1b\\\x1bP>|xterm(390)\x1b\\',
    ],
    ['an answer in two pieces', false, '\x1b]11;rgb:00', '00/0000/0000\x07'],
    ['escape, then a word', true, '\x1b', 'Oh'],
    ['a paste', true, '\x1b[200~one\rtwo\x1b[201~'],
    ['a paste with a line end last', true, '\x1b[200~one\r\x1b[201~'],
    ['a paste, sent', false, '\x1b[200~one\x1b[201~', '\r'],
    ['kitty Enter', false, 'hi', '\x1b[13u'],
    ['kitty ^C', false, 'hi', '\x1b[99;5u'],
    ['kitty a', true, '\x1b[97u'],
    ['a kitty answer', false, '\x1b[?1u'],
  ]
  for (const [title, draft, ...chunks] of drafts)
    it(`${draft ? 'a' : 'no'} draft after ${title}`, () => assert.equal(after(...chunks).draft, draft))

  it('tells Enter and keys from answers', () => {
    assert.deepEqual(after('\r'), { draft: false, enter: true, keys: true })
    assert.deepEqual(after('\x1b[A'), { draft: false, enter: false, keys: true })
    assert.deepEqual(after('\x1b[?1;2c'), { draft: false, enter: false, keys: false })
    assert.equal(after('\x1b[200~one\rtwo\x1b[201~').enter, false)
  })

  it('is sure of no draft after any printable text and Enter', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ -~]*$/)), (chunks) => {
        assert.equal(after(...chunks, '\r').draft, false)
        assert.equal(after(...chunks).draft, chunks.join('') !== '')
      }),
    )
  })
})
