import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { packed, unpacked } from '../../src/link/wire.ts'

describe('what crosses between a host and its door', () => {
  const values: readonly unknown[] = [
    null,
    'text \ud83d\ude00 \u0000',
    12.5,
    [1, undefined, 'three'],
    { a: { b: [new Uint8Array([0, 255, 10])] } },
    new Map([['queue', 3]]),
    { queues: new Map([['a', { n: 1 }]]) },
    { '~': 'undefined' },
    { '~': 'bytes', base64: 'not bytes, but a person\u2019s own' },
    JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'),
  ]
  for (const value of values)
    it(`comes out as it went in: ${JSON.stringify(value)?.slice(0, 60)}`, () => {
      assert.deepEqual(unpacked(packed(value)), value)
    })

  it('leaves out members that are undefined, as nothing was said', () => {
    assert.deepEqual(unpacked(packed({ a: 1, b: undefined })), { a: 1 })
  })

  it('is refused when it is something else', () => {
    for (const text of ['', 'null', '[]', '{}', '{"value":', '<html>'])
      assert.throws(() => unpacked(text), { code: 'malformed' }, text)
  })

  it('reads forms that nothing was packed into as nothing, never as something dangerous', () => {
    assert.equal(unpacked('{"value":{"~":"map","entries":7}}'), undefined)
    assert.equal(unpacked('{"value":{"~":"function"}}'), undefined)
    assert.equal(({} as { polluted?: boolean }).polluted, undefined)
  })
})
