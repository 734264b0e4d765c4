import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { GrantId } from '../../../src/domain/grant.ts'
import { readQuery } from '../../../src/http/dashboard/delivery-query.ts'
import { ci, grantOf, noon } from '../../support/drafts.ts'
import { openMemoryStore } from '../../support/memory-store.ts'

const other = '0badc0de0badc0de' as GrantId

async function read(query: string) {
  const store = openMemoryStore(() => noon)
  await store.addGrant(grantOf({ id: ci, label: 'CI bot' }))
  await store.addGrant(grantOf({ id: other, label: 'twice' }))
  await store.addGrant(grantOf({ id: 'feedfeedfeedfeed' as GrantId, label: 'twice' }))
  return readQuery({ store, now: () => noon }, new URLSearchParams(query))
}

describe('readQuery', () => {
  const good: readonly (readonly [query: string, selection: object])[] = [
    ['', {}],
    ['state=&session= &after=3&more=1', {}],
    ['state=failed&session=build&hook=h', { state: 'FAILED', session: 'build', hook: 'h' }],
    ['grant=ci+BOT', { grant: ci }],
    [`grant=${ci.slice(0, 5)}`, { grant: ci }],
    ['grant=0123456789abcdef', { grant: '0123456789abcdef' }],
    ['text=rain', { text: 'rain' }],
    ['text=whd_0123456789', { idPrefix: 'whd_0123456789' }],
    [
      'since=2h&until=2026-11-22T11:30Z',
      { receivedSince: noon - 2 * 3_600_000, receivedUntil: noon - 1_800_000 },
    ],
  ]
  for (const [query, selection] of good)
    it(`reads ${query || 'nothing'}`, async () => {
      const found = await read(query)
      assert.deepEqual([found.selection, found.problem], [selection, null])
    })

  const bad: readonly (readonly [query: string, problem: RegExp])[] = [
    ['state=lost', /"state" must be one of/],
    ['since=soon', /“Since” is how long ago/],
    ['until=2026-99-01', /“Until” is how long ago.*“2026-99-01”/],
    ['grant=nobody', /no grant with the id or label “nobody”/],
    ['grant=twice', /2 grants are called “twice”.*0badc0de0badc0de/],
    ['session=a/b', /session/i],
  ]
  for (const [query, problem] of bad)
    it(`says why ${query} finds nothing`, async () => {
      const found = await read(query)
      assert.equal(found.selection, undefined)
      assert.match(String(found.problem), problem)
      assert.equal(found.params.toString(), new URLSearchParams(query).toString())
    })
})
