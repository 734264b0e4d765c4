import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isForeign, ownPart, restOf } from '../../../src/drivers/terminal/own-text.ts'

describe('isForeign', () => {
  const rows: readonly (readonly [string, string | undefined, boolean, string, boolean])[] = [
    ['an empty box', undefined, false, '', false],
    ['a draft', undefined, false, 'hello', true],
    ['our text', 'hello there', false, 'hello there', false],
    ['our text, half drawn', 'hello there', false, 'hello th', false],
    ['a key behind our text', 'hello there', false, 'hello therek', true],
    ['a key before our text', 'hello there', false, 'khello there', true],
    ['our text, of which tmux drops signs', 'a 🩷 family 👨‍👩‍👧‍👦 b', false, 'a   family 👨‍👩‍👧‍ b', false],
    ['a letter of our text, once that was sent', 'hello there', true, 'h', true],
    ['our text, not put away yet', 'hello there', true, 'hello there', false],
    ['a marker of our paste', 'line\n'.repeat(40), false, '[Pasted text #1 +40 lines]', false],
    [
      "Qwen Code's marker with the invisible sign behind it",
      'x'.repeat(2000),
      false,
      '[Pasted Content 2000 chars] \u200b',
      false,
    ],
    ['a key behind a marker', 'x'.repeat(2000), false, '[Pasted Content 2000 chars] k', true],
    ['a marker of nobody', undefined, false, '[Pasted text #1 +40 lines]', true],
  ]
  for (const [title, text, entered, input, expected] of rows)
    it(`${expected} for ${title}`, () =>
      assert.equal(isForeign(text === undefined ? undefined : { text, entered }, input), expected))
})

describe('ownPart', () => {
  const rows = [
    ['alone', 'fix it', 'fix it', { before: '', after: '', keys: 6 }],
    ['before a draft', 'fix it', 'fix itkim was', { before: '', after: 'kim was', keys: 6 }],
    ['behind a draft', 'fix it', 'kim fix it', { before: 'kim ', after: '', keys: 6 }],
    ['amid a draft', 'fix it', 'kim fix it was', { before: 'kim ', after: ' was', keys: 6 }],
    [
      'as a marker',
      'line\n'.repeat(40),
      '[Pasted text #1 +40 lines]kim',
      { before: '', after: 'kim', keys: 1 },
    ],
    [
      'as its end, where the box shows no more',
      `${'x '.repeat(50)}the very end of a long message`,
      'the very end of a long messagekim',
      { before: '', after: 'kim', keys: 130 },
    ],
    [
      'as a marker, of a text that spells another',
      `[Pasted text #1 +12 lines] ${'x '.repeat(500)}`,
      '[Pasted Content 1028 chars]kim',
      { before: '', after: 'kim', keys: 1 },
    ],
    [
      'as a marker alone, of a text that spells it',
      `[Pasted Content 1030 chars] ${'x '.repeat(500)}`,
      '[Pasted Content 1030 chars]',
      { before: '', after: '', keys: 1 },
    ],
    ['as a text that spells a marker', '[Paste 12]', '[Paste 12]', { before: '', after: '', keys: 10 }],
    ['not at all', 'fix it', 'kim was here', undefined],
  ] as const
  for (const [title, text, input, expected] of rows)
    it(title, () => assert.deepEqual(ownPart(text, input), expected))
})

describe('restOf', () => {
  const beside = (before: string, after: string) => ({ before, after, keys: 0 })
  const rows = [
    ['nothing is left', 'fix it', 'kim', beside('', 'kim'), undefined],
    ['nothing is left and the person goes on', 'fix it', 'kim was', beside('', 'kim'), undefined],
    [
      'a key on its way was taken for one of ours',
      'fix it',
      'fkim',
      beside('', 'kim'),
      { before: '', after: 'kim', keys: 1 },
    ],
    ['a first letter alone may be a person', 'fix it', 'f', beside('', ''), undefined],
    ['a sign took more than one key', 'go 🎉🎉', 'go', beside('', ''), { before: '', after: '', keys: 2 }],
    ['what nobody knows is left alone', 'fix it', 'other', beside('', ''), undefined],
  ] as const
  for (const [title, text, input, known, expected] of rows)
    it(title, () => assert.deepEqual(restOf(text, input, known), expected))
})
