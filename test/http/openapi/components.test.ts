import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from '@sinclair/typebox'
import { named, oneOf, orNull, text } from '../../../src/http/models/shape.ts'
import { components } from '../../../src/http/openapi/components.ts'

const inner = named('Inner', 'Stands once.', { a: text() })
const resolvedInner = {
  type: 'object',
  required: ['a'],
  properties: { a: { type: 'string' } },
  description: 'Stands once.',
}
const $ref = '#/components/schemas/Inner'

const cases: readonly (readonly [title: string, model: object, expected: object])[] = [
  ['a text, without our own keywords', text({ contentMediaType: 'text/html' }), { type: 'string' }],
  ['a constant', Type.Literal('never'), { type: 'string', enum: ['never'] }],
  ['one of several', oneOf(['a', 'b']), { type: 'string', enum: ['a', 'b'] }],
  ['a text or null', orNull(text(), { example: null }), { type: 'string', nullable: true, example: null }],
  ['one of several or null', orNull(oneOf(['a'])), { type: 'string', enum: ['a'], nullable: true }],
  [
    'a number, a constant or null',
    Type.Union([Type.Integer(), Type.Literal('never'), Type.Null()]),
    {
      anyOf: [
        { type: 'integer', nullable: true },
        { type: 'string', enum: ['never'], nullable: true },
      ],
    },
  ],
  ['a named shape in a list', Type.Array(inner), { type: 'array', items: { $ref } }],
  ['an example that looks like a shape', { example: inner }, { example: inner }],
]

for (const [title, model, expected] of cases)
  test(`components spells ${title}`, () => {
    const { schemas, resolved } = components({ model })
    assert.deepEqual({ ...resolved.model }, expected)
    assert.deepEqual(schemas, JSON.stringify(expected).includes('$ref') ? { Inner: resolvedInner } : {})
  })
