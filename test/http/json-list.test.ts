import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonList } from '../../src/http/json-list.ts'

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
  const seen: string[] = []
  let going = true
  const take = () => {
    seen.push('turn')
    if (going) setImmediate(take)
  }
  setImmediate(take)
  const response = jsonList(
    Array.from({ length: 5000 }, (_, i) => i),
    (n) => {
      if (n % 500 === 0) seen.push('piece')
      return n
    },
  )
  await response.text()
  going = false
  assert.equal(seen.filter((what) => what === 'piece').length, 10)
  assert.ok(!seen.join(' ').includes('piece piece'), seen.join(' '))
})
