import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseJson } from '../../src/payload/json.ts'
import { flawOfPlace, parseNested } from '../../src/payload/nested.ts'
import type { View } from '../../src/payload/view.ts'

const view = (value: unknown): Promise<View> => parseJson(JSON.stringify(value), async () => {})
const inner = '{"AlarmName":"cpu","detail":"{\\"n\\":1.10}"}'

describe('parseNested', () => {
  const cases: readonly (readonly [payload: unknown, places: readonly string[], expected: string])[] = [
    [
      { Message: inner, a: 1 },
      ['/Message'],
      '{"Message":{"AlarmName":"cpu","detail":"{\\"n\\":1.10}"},"a":1}',
    ],
    [{ Message: inner }, ['Message'], '{"Message":{"AlarmName":"cpu","detail":"{\\"n\\":1.10}"}}'],
    [
      { Message: inner },
      ['/Message', '/Message/detail'],
      '{"Message":{"AlarmName":"cpu","detail":{"n":"1.10"}}}',
    ],
    [
      { Records: [{ body: '[1]' }, { body: '[2]' }] },
      ['/Records/1/body'],
      '{"Records":[{"body":"[1]"},{"body":[2]}]}',
    ],
    [{ 'a/b': '{}', 'c~d': '[]' }, ['/a~1b', '/c~0d'], '{"a/b":{},"c~d":[]}'],
    [{ 'x.y': '{}' }, ['x.y'], '{"x.y":{}}'],
    [
      { a: 'text', n: '42', z: 'null', o: { b: 1 }, l: '{"open' },
      ['/a', '/n', '/z', '/o', '/l', '/none', '/a/b'],
      '{"a":"text","n":"42","z":"null","o":{"b":1},"l":"{\\"open"}',
    ],
    [['{"a":1}'], ['/0'], '[{"a":1}]'],
    ['text', ['/a'], '"text"'],
  ]
  for (const [payload, places, expected] of cases)
    it(`reads ${places.join(' ')} of ${JSON.stringify(payload)}`, async () => {
      const parsed = await parseNested(await view(payload), places)
      assert.equal(JSON.stringify(parsed, withDigits), expected)
    })

  it('treats __proto__ as a name like any other', async () => {
    const payload = await parseJson('{"__proto__":"{\\"polluted\\":1}","a":"{}"}', async () => {})
    const parsed = await parseNested(payload, ['/a', '/__proto__'])
    assert.equal(JSON.stringify(parsed), '{"__proto__":{"polluted":1},"a":{}}')
    assert.equal(Reflect.get({}, 'polluted'), undefined)
  })
})

/** Numbers that keep their digits, as strings. */
function withDigits(_: string, value: unknown): unknown {
  const [symbol] = typeof value === 'object' && value !== null ? Object.getOwnPropertySymbols(value) : []
  return symbol === undefined ? value : Reflect.get(Object(value), symbol)
}

describe('flawOfPlace', () => {
  for (const place of ['/Message', '/a~0b/c~1d', 'payload', 'x.y', '/Records/0/body'])
    it(`accepts ${place}`, () => assert.equal(flawOfPlace(place), undefined))
  for (const place of ['', '/', '/a~', '/a~2b'])
    it(`refuses "${place}"`, () => assert.match(flawOfPlace(place) ?? '', /JSON pointer/))
})
