import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sizeText } from '../../src/domain/size-text.ts'

const cases = [
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [65_536, '64 KiB'],
  [1_048_576, '1 MiB'],
  [3 * 1024 ** 3, '3 GiB'],
] as const

test('sizeText says a number of bytes in the largest unit that fits', () => {
  for (const [bytes, text] of cases) assert.equal(sizeText(bytes), text)
})
