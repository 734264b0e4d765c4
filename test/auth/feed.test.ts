import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { feed } from '../../src/auth/feed.ts'
import { isSigned } from '../../src/auth/mac.ts'
import { withTurns } from '../support/turns.ts'

test('a long body is hashed in slices, between which others get their turn', async () => {
  const sizes: number[] = []
  const seen = await withTurns((note) =>
    feed(
      {
        update(bytes) {
          sizes.push(bytes.length)
          note('slice')
        },
      },
      new Uint8Array(3_000_000),
    ),
  )
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    3_000_000,
  )
  assert.ok(Math.max(...sizes) <= 524_288)
  assert.ok(!seen.join(' ').includes('slice slice'), seen.join(' '))
})

test('what is hashed in slices is hashed whole', async () => {
  const body = Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => i % 251))
  const mac = (text: string, bytes: Uint8Array) =>
    createHmac('sha256', 'key').update(text).update(bytes).digest()
  assert.ok(await isSigned(['other', 'key'], ['t.', body], [mac('t.', body)]))
  assert.ok(!(await isSigned(['key'], ['u.', body], [mac('t.', body)])))
  const [changed] = [Buffer.from(body)]
  changed[1_200_000] = 255
  assert.ok(!(await isSigned(['key'], ['t.', changed], [mac('t.', body)])))
})
