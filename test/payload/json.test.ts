import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { misreadAt, parseJson } from '../../src/payload/json.ts'
import { readJson } from '../../src/payload/json-reader.ts'
import type { View } from '../../src/payload/view.ts'
import { turnsDuring } from '../support/turns.ts'

const pause = async () => {}

/** A view, or the code and detail of what was thrown: all that a caller can see. */
const outcome = (reading: Promise<View>): Promise<unknown> =>
  reading.catch(({ code, message }: { code: string; message: string }) => ({ code, message }))

async function same(text: string): Promise<void> {
  assert.deepStrictEqual(await outcome(parseJson(text, pause)), await outcome(readJson(text, pause)), text)
}

const numbers = fc.oneof(
  fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,20})?([eE][+-]?\d{1,3})?$/),
  fc.constantFrom(
    '-0',
    '0',
    '-0.0',
    '1.10',
    '1e400',
    '9007199254740993',
    '1e21',
    '1E+2',
    '0.1',
    '123456789012345',
  ),
)
const space = fc.stringMatching(/^[ \n\t\r]{0,2}$/)
const key = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'a', 'a', '1', 'length'), fc.string())
const scalar = fc.oneof(
  numbers,
  fc.constantFrom('true', 'false', 'null'),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.constantFrom('"\\u0041"', '"\\ud800"', '", 1.10 ,"', '"[1.10]"', '"10:00:00.123Z"', '"\\""'),
)
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'json' },
    scalar,
    fc
      .tuple(space, fc.array(tie('json'), { maxLength: 4 }))
      .map(([s, list]) => `[${list.join(`${s},${s}`)}${s}]`),
    fc
      .tuple(space, fc.array(fc.tuple(key, tie('json')), { maxLength: 4 }))
      .map(
        ([s, members]) =>
          `{${members.map(([name, value]) => `${JSON.stringify(name)}${s}:${s}${value}`).join(',')}${s}}`,
      ),
  ),
}))

describe('parseJson', () => {
  it('gives the same view as readJson for whatever is JSON', async () => {
    await fc.assert(fc.asyncProperty(json, same), { numRuns: 2000 })
  })

  it('refuses in the same words as readJson what is not', async () => {
    const broken = fc
      .tuple(json, fc.nat(), fc.constantFrom('', ',', '}', ']', '"', '\\', '\u0000', '01', '\ufeff', 'x'))
      .map(
        ([text, at, wrong]) =>
          text.slice(0, at % (text.length + 1)) + wrong + text.slice((at % (text.length + 1)) + 1),
      )
    await fc.assert(fc.asyncProperty(broken, same), { numRuns: 2000 })
  })

  for (const depth of [199, 200, 201, 202, 60_000])
    it(`judges ${depth} levels alike`, async () => {
      await same('['.repeat(depth) + ']'.repeat(depth))
      await same(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)
    })

  it('leaves no prototype to any object', async () => {
    const view = await parseJson('{"a":[{"b":{}}],"__proto__":{"c":{}}}', pause)
    const objects = [view].flatMap(function within(one: unknown): readonly object[] {
      if (typeof one !== 'object' || one === null) return []
      return [...(Array.isArray(one) ? [] : [one]), ...Object.values(one).flatMap(within)]
    })
    assert.equal(objects.length, 5)
    for (const object of objects) assert.equal(Object.getPrototypeOf(object), null)
  })
})

describe('misreadAt', () => {
  it('lets others run while it looks where a long text breaks off', async () => {
    const text = `{"a":[${'{"b":1},'.repeat(50_000)}`
    let found: unknown
    const turns = await turnsDuring(async () => {
      found = await misreadAt(text, undefined)
    })
    assert.match(String(found), /at character 400007/)
    assert.ok(turns >= 20, `${turns}`)
  })
})
