import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { prettyJson } from '../../../src/http/dashboard/pretty-json.ts'

describe('prettyJson', () => {
  it('lays lists and objects out as JSON.stringify does', () => {
    const value = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()))
    fc.assert(
      fc.property(value, (value) => {
        assert.equal(prettyJson(JSON.stringify(value), 1_000_000), JSON.stringify(value, null, 2))
      }),
    )
  })

  it('keeps the spelling of numbers and strings, and leaves alone what is no list or object', () => {
    assert.equal(
      prettyJson('{"a":1.10,"b":"\\u00e9 \\" {,"}', 100),
      '{\n  "a": 1.10,\n  "b": "\\u00e9 \\" {,"\n}',
    )
    for (const text of ['"text"', '12', '{"a":', '[1,]', '']) assert.equal(prettyJson(text, 100), undefined)
  })

  it('lays out no more of a megabyte than is shown', () => {
    const text = `[${'{"a":1},'.repeat(100_000)}1]`
    const laidOut = prettyJson(text, 1000) ?? ''
    assert.ok(laidOut.length > 1000 && laidOut.length < 1100, `${laidOut.length}`)
    assert.ok(JSON.stringify(JSON.parse(text), null, 2).startsWith(laidOut))
  })
})
