import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { screenLines } from '../../src/cli/screen-lines.ts'
import type { ScreenLine } from '../../src/domain/screen-snapshot.ts'

const lines: readonly ScreenLine[] = [
  [
    { text: '> ', width: 2, bold: true, fg: 2 },
    { text: 'hi \x1b[2J', width: 8 },
  ],
  [],
  [
    { text: '字', width: 2, bg: '#102030' },
    { text: 'x'.repeat(90), width: 90, dim: true, inverse: true, fg: 300, bg: 'red' },
  ],
  [{ text: '   ', width: 3 }],
]

describe('screenLines', () => {
  it('gives the text of each row without what is empty at the end, harmless', () => {
    assert.deepEqual(screenLines({ lines: lines.slice(0, 2) }, 80, false), ['> hi \\x1b[2J'])
    assert.deepEqual(screenLines({ lines: [] }, 80, true), [])
  })

  it('gives the colours and attributes of each run', () => {
    const [first, second] = screenLines({ lines: lines.slice(0, 3) }, 200, true)
    assert.equal(first, '\x1b[1;38;5;2m> \x1b[0mhi \\x1b[2J')
    assert.equal(second, '')
  })

  it('gives colours of 16 million, and ignores what is none', () => {
    const [, , third = ''] = screenLines({ lines }, 200, true)
    assert.ok(third.startsWith('\x1b[48;2;16;32;48m字\x1b[0m\x1b[2;7;38;5;255mxx'), third)
  })

  it('cuts what is wider, and no wide sign in half', () => {
    const [, , third] = screenLines({ lines }, 10, false)
    assert.equal(third, `字${'x'.repeat(8)}`)
    assert.equal(screenLines({ lines }, 1, false)[2], '')
  })
})
