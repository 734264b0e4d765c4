import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differenceOf } from '../../../../src/http/dashboard/delivery/difference.ts'

test('differenceOf shows changed lines with two of their neighbours', () => {
  const before = ['a', 'b', 'c', 'd', 'e', 'f'].join('\n')
  const lines = differenceOf(before, before.replace('e', 'E'))
  assert.deepEqual(
    lines?.map(({ sign, text }) => sign + text),
    [' c', ' d', '−e', '+E', ' f'],
  )
  assert.deepEqual(
    lines?.map(({ is }) => is),
    ['same', 'same', 'removed', 'added', 'same'],
  )
})

test('differenceOf has none of what is alike or too long', () => {
  assert.equal(differenceOf('a', 'a'), null)
  assert.equal(differenceOf('a', 'b'.repeat(100_001)), null)
})
