import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shownAddress } from '../../src/domain/shown-address.ts'

const cases: readonly (readonly [address: string, shown: string, withSign: string])[] = [
  ['postgres://me@db:5432/x?sslmode=require', ...twice('postgres://me@db:5432/x?sslmode=require')],
  ['postgres://me:s%40cret@db/x', 'postgres://me@db/x', 'postgres://me:***@db/x'],
  [
    'postgres://me@db/x?password=s%40cret&a=b',
    'postgres://me@db/x?a=b',
    'postgres://me@db/x?password=***&a=b',
  ],
  ...['/', '?', '#'].map(
    (sign) => [`postgres://me:12${sign}s@db/x`, 'postgres://', 'postgres://***'] as const,
  ),
  ['postgres://me:s/cret@db/x', '', '***'],
]

function twice(text: string): readonly [string, string] {
  return [text, text]
}

for (const [address, shown, withSign] of cases)
  test(`shownAddress shows no password of ${address}`, () => {
    assert.equal(shownAddress(address), shown)
    assert.equal(shownAddress(address, '***'), withSign)
  })
