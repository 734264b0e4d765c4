import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../src/domain/error.ts'
import { fitOf, parseResponseSchema } from '../../src/payload/response-schema.ts'

const review = {
  type: 'object',
  required: ['verdict', 'notes'],
  additionalProperties: false,
  properties: {
    verdict: { enum: ['pass', 'fail'] },
    notes: { type: 'array', items: { type: 'string', pattern: '^[a-z ]+$' } },
    at: { type: 'string', format: 'date' },
  },
}

/** Of the same part twice at each of `levels`. */
const doubled = (levels: number) => ({
  $ref: '#/$defs/n0',
  $defs: Object.fromEntries([
    ...Array.from({ length: levels }, (_, i) => [
      `n${i}`,
      { allOf: [{ $ref: `#/$defs/n${i + 1}` }, { $ref: `#/$defs/n${i + 1}` }] },
    ]),
    [`n${levels}`, {}],
  ]),
})

const nested = (levels: number): object => (levels === 0 ? {} : { not: nested(levels - 1) })

describe('parseResponseSchema', () => {
  const refused: readonly (readonly [string, unknown, RegExp])[] = [
    ['a text', 'object', /must be a JSON object/],
    ['a list', [], /must be a JSON object/],
    ['null', null, /must be a JSON object/],
    ['an unknown type', { type: 'objekt' }, /"type" must be one of array/],
    ['names that are none', { required: 5 }, /"required" must be a list of names/],
    ['properties that are none', { properties: ['a'] }, /"properties" must be an object/],
    ['a part that is none', { properties: { a: 5 } }, /"properties" must be schemas/],
    ['a bound that is none', { items: { minLength: '3' } }, /"minLength" must be a whole number/],
    ['alternatives that are no list', { anyOf: {} }, /"anyOf" must be a list/],
    ['a pattern that does not parse', { pattern: '(' }, /pattern does not work/],
    ['a pattern that looks around', { pattern: '(?=a)' }, /pattern does not work/],
    ['a reference to another host', { $ref: 'https://schemas.example/x' }, /beginning with "#"/],
    ['a reference to a file', { items: { $ref: 'file:///etc/passwd' } }, /beginning with "#"/],
    ['a reference to nothing', { $ref: '#/$defs/none' }, /leads nowhere/],
    ['what refers to itself for ever', { $ref: '#' }, /never ends/],
    ['what doubles sixty times', doubled(60), /too many steps/],
    ['keywords that are not checked', { patternProperties: { a: {} } }, /"patternProperties" is not checked/],
    ['a draft of its own', { $schema: 'https://schemas.example/mine' }, /"\$schema"/],
    ['too many levels', nested(33), /deeper than 32/],
    ['too many bytes', { enum: ['x'.repeat(16_384)] }, /longer than 16384 bytes/],
  ]
  for (const [title, schema, why] of refused)
    it(`refuses ${title}`, async () => {
      const thrown: unknown = await parseResponseSchema(schema).catch((failure: unknown) => failure)
      assert.ok(thrown instanceof Failure)
      assert.equal(thrown.code, 'unprocessable')
      assert.match(thrown.message, /^"responseSchema" does not work: /)
      assert.match(thrown.message, why)
    })

  it('keeps the schema as compact JSON, with what only people read', async () => {
    const schema = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      $id: 'https://x.example/a',
      title: 'A',
      ...review,
    }
    assert.equal(await parseResponseSchema(schema), JSON.stringify(schema))
  })
})

describe('fitOf', () => {
  const fitting: readonly (readonly [string, object, string, string])[] = [
    ['bare JSON', review, ' {"verdict":"pass","notes":[]}\n', '{"verdict":"pass","notes":[]}'],
    [
      'the last fence',
      review,
      'Not {"verdict":"fail"}:\n```json\n{}\n```\nbut\n```json\n{"verdict":"pass","notes":["fine"],"at":"2026-11-29"}\n```\nDone.',
      '{"verdict":"pass","notes":["fine"],"at":"2026-11-29"}',
    ],
    ['a value alone', { type: 'integer' }, '42', '42'],
    ['what refers to itself', { items: { $ref: '#' }, type: 'array' }, '[[],[[]]]', '[[],[[]]]'],
    [
      'a member of an odd name',
      JSON.parse('{"required":["__proto__"]}'),
      '{"__proto__":1}',
      '{"__proto__":1}',
    ],
    ['a format nobody knows', { format: 'colour' }, '"red"', '"red"'],
  ]
  for (const [title, schema, answer, json] of fitting)
    it(`takes ${title}`, async () => {
      assert.deepEqual(await fitOf(await parseResponseSchema(schema), answer), { fits: true, json })
    })

  const unfitting: readonly (readonly [string, object, string, RegExp])[] = [
    ['words', review, 'It passed.', /^it is no JSON$/],
    ['nothing', review, '', /^it is no JSON$/],
    [
      'a missing member',
      review,
      '{"verdict":"pass"}',
      /^at the top: it does not have required property "notes"$/,
    ],
    ['another value', review, '{"verdict":"maybe","notes":[]}', /^at \/verdict: .*\["pass","fail"\]$/],
    [
      'another type',
      review,
      '{"verdict":"pass","notes":[3]}',
      /^at \/notes\/0: it is of type number, not "string"$/,
    ],
    [
      'another text',
      review,
      '{"verdict":"pass","notes":["A1"]}',
      /^at \/notes\/0: .* the pattern "\^\[a-z \]\+\$"$/,
    ],
    [
      'another format',
      review,
      '{"verdict":"pass","notes":[],"at":"2026-02-30"}',
      /^at \/at: .* the format date$/,
    ],
    ['a member too many', review, '{"verdict":"pass","notes":[],"x":1}', /^at the top: Property "x"/],
    ['two flaws', review, '{"verdict":1,"notes":2}', /^at \/verdict: .*; at \/notes: /],
    ['depth', { items: { $ref: '#' } }, '['.repeat(30_000) + ']'.repeat(30_000), /too deep|too many steps/],
    ['duplicates in a long list', { uniqueItems: true }, `[${'1,'.repeat(1000)}2]`, /more than 1000 items/],
    ['length', {}, `"${'x'.repeat(65_536)}"`, /longer than 65536 bytes/],
    ['a text that stalls other engines', { pattern: '^(a+)+$' }, `"${'a'.repeat(4000)}b"`, /the pattern/],
    [
      'more text than a pattern may look at',
      { items: { pattern: '^(a|b)*c$' } },
      `[${`"${'a'.repeat(50)}",`.repeat(999)}"c"]`,
      /too many steps/,
    ],
  ]
  for (const [title, schema, answer, flaw] of unfitting)
    it(`says what is wrong with ${title}`, async () => {
      const fit = await fitOf(await parseResponseSchema(schema), answer)
      assert.ok(!fit.fits)
      assert.match(fit.flaw, flaw)
    })
})
