import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonList } from '../../src/http/json-list.ts'
import { withTurns } from '../support/turns.ts'

for (const count of [0, 1, 500, 501, 1000, 1777])
  test(`jsonList sends ${count} as one JSON list`, async () => {
    const items = Array.from({ length: count }, (_, i) => i)
    const response = jsonList(items, (n) => ({ n, text: `"é${n}` }))
    assert.equal(response.headers.get('content-type'), 'application/json')
    assert.deepEqual(
      await response.json(),
      items.map((n) => ({ n, text: `"é${n}` })),
    )
  })

test('jsonList spells a long list in pieces, between which others get their turn', async () => {
  const items = Array.from({ length: 5000 }, (_, i) => i)
  const seen = await withTurns((note) =>
    jsonList(items, (n) => {
      if (n % 500 === 0) note('piece')
      return n
    }).text(),
  )
  assert.equal(seen.filter((what) => what === 'piece').length, 10)
  assert.ok(!seen.join(' ').includes('piece piece'), seen.join(' '))
})
