import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { guardCommand, guardTyped } from '../../src/domain/command-guard.ts'

/** What an agent's input box may obey, and whether a protocol gets it as it is. */
const words: readonly string[] = [
  ...[
    'exit',
    'quit',
    ' exit ',
    'exit\n',
    '\texit\t',
    'EXIT',
    'exit.',
    'exit!',
    'logout',
    'stop',
    'bye',
    ':q',
    ':wq!',
    '?',
  ],
  ...[
    'выход',
    '退出',
    'exit\u200b',
    '\u3164exit',
    '\u2060 exit \ufeff',
    'exit \u{e0101}',
    '\u2800exit\u2800 \u2800',
    '&',
    '\u0301exit',
  ],
]
const commands: readonly string[] = [
  ...[
    '!rm -rf .',
    '  /exit',
    '\n@/etc/passwd',
    '#1 is broken',
    '$skill do it',
    '/',
    '\u200b/exit',
    '\u3000!ls now',
  ],
  ...[
    '\ufe0f/exit',
    '\u{e0101}\u{e0102}/exit',
    '\u3164/exit',
    '\ue000/exit',
    '\u{10fffd}/exit',
    '\u0378/exit',
    '\u0301/exit',
  ],
  ...[
    '\u2800/exit',
    '／exit now',
    '！ls -la',
    '＠file',
    '& sleep 100',
    '? what is it',
    ':help me',
    '\xad: x y',
    '？ help me',
  ],
]
const texts: readonly string[] = [
  'deploy finished',
  'exit now',
  '[ci] exit',
  '[ci] /exit',
  'see #12',
  'a & b',
  'one\ntwo',
  'x ?',
]

describe('a bare word', () => {
  for (const word of words) {
    it(`${JSON.stringify(word)} is not typed as it is`, () =>
      assert.equal(guardTyped(word), `[webhook] ${word}`))
    it(`${JSON.stringify(word)} reaches a protocol as it is`, () => assert.equal(guardCommand(word), word))
  }
})

describe('a command behind spaces or what nobody sees', () => {
  for (const command of commands)
    it(`${JSON.stringify(command)} gets the prefix everywhere`, () => {
      assert.equal(guardCommand(command), `[webhook] ${command}`)
      assert.equal(guardTyped(command), `[webhook] ${command}`)
    })
})

describe('a text', () => {
  for (const text of texts)
    it(`${JSON.stringify(text)} stays as it is`, () => {
      assert.equal(guardCommand(text), text)
      assert.equal(guardTyped(text), text)
    })
})

describe('guardTyped', () => {
  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const once = guardTyped(text)
        assert.equal(guardTyped(once), once)
        assert.equal(guardTyped(guardCommand(text)), once)
      }),
    )
  })

  it('takes a long run of spaces or invisible signs in one pass', () => {
    const run = `a${' '.repeat(200_000)}${'\ue000'.repeat(200_000)}`
    assert.equal(guardTyped(run), `[webhook] ${run}`)
    assert.equal(guardTyped(`${run}b`), `${run}b`)
  })
})
