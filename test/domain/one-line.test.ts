import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastLines, oneLine } from '../../src/domain/one-line.ts'

const lines: readonly (readonly [string, string])[] = [
  ['npm test', 'npm test'],
  [' a\r\nb\tc\x1b[31m ', 'a b c [31m'],
  ['out of\x07 luck', 'out of luck'],
  ['two  spaces stay', 'two  spaces stay'],
  ['\x9b2J\x7f', '2J'],
  ['', ''],
]
for (const [text, shown] of lines)
  test(`oneLine shows ${JSON.stringify(text)} without control characters`, () => {
    assert.equal(oneLine(text), shown)
  })

test('oneLine is bounded', () => {
  assert.equal(oneLine('x'.repeat(1000)).length, 300)
  assert.equal(oneLine('abc', 3), 'abc')
})

test('oneLine says where it was cut, and splits no character', () => {
  assert.equal(oneLine(`ls${' '.repeat(20)}; rm -rf ~`, 8), 'ls     …')
  assert.equal(oneLine('ab😀d', 4), 'ab…')
})

test('lastLines keeps the whole complaint, without blank lines and the colours of a terminal', () => {
  assert.equal(lastLines('warning\n\x1b[31merror: no key\x1b[0m\r\n \n'), 'warning / error: no key')
  assert.equal(lastLines(`${'x'.repeat(300)}\nthen\n${'y'.repeat(296)}`, 300), 'y'.repeat(296))
  assert.equal(lastLines('\n\n'), '')
})
