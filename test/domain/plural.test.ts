import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plural } from '../../src/domain/plural.ts'

test('plural spells days and deliveries as people do', () => {
  const nouns = ['day', 'delivery', 'grant', 'key', 'reply']
  assert.deepEqual(
    nouns.map((noun) => plural(30, noun)),
    ['30 days', '30 deliveries', '30 grants', '30 keys', '30 replies'],
  )
  assert.equal(plural(1, 'day'), '1 day')
})
