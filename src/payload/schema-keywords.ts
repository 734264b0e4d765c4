// What keywords of JSON Schema must hold.

export const unchecked = [
  'patternProperties',
  '$recursiveRef',
  '$recursiveAnchor',
  '$dynamicRef',
  'dependencies',
]
/** Names of the schema itself: it refers to nothing but its own parts. Patterns and formats are tests of ours. */
export const unseen = [
  '$schema',
  '$id',
  'id',
  '$vocabulary',
  '$dynamicAnchor',
  'pattern',
  'format',
  'default',
  'examples',
  '__absolute_uri__',
  '__absolute_ref__',
  '__absolute_recursive_ref__',
]
export const singles = [
  'not',
  'if',
  'then',
  'else',
  'contains',
  'propertyNames',
  'additionalProperties',
  'additionalItems',
  'unevaluatedItems',
  'unevaluatedProperties',
]
export const lists = ['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items']
export const maps = ['properties', '$defs', 'definitions', 'dependentSchemas']

export const isObject = (value: unknown): value is { [keyword: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): boolean => typeof value === 'number'
const isFlag = (value: unknown): boolean => typeof value === 'boolean'
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const types = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string']
const isType = (value: unknown): boolean => types.includes(String(value)) && isText(value)

/** Keywords that hold no schemas: what they must be. */
export const plain: Readonly<Record<string, readonly [what: string, isSo: (value: unknown) => boolean]>> = {
  $ref: [
    'a reference into the schema itself, beginning with "#"',
    (value) => isText(value) && value.startsWith('#'),
  ],
  $anchor: ['a text', isText],
  type: [
    `one of ${types.join(', ')}, or some of them`,
    (value) => isType(value) || (Array.isArray(value) && value.length > 0 && value.every(isType)),
  ],
  enum: ['a list', Array.isArray],
  const: ['a value', () => true],
  required: ['a list of names', isTexts],
  dependentRequired: ['lists of names', (value) => isObject(value) && Object.values(value).every(isTexts)],
  minimum: ['a number', isNumber],
  maximum: ['a number', isNumber],
  exclusiveMinimum: ['a number', (value) => isNumber(value) || isFlag(value)],
  exclusiveMaximum: ['a number', (value) => isNumber(value) || isFlag(value)],
  multipleOf: ['a number above 0', (value) => isNumber(value) && Number(value) > 0],
  minLength: ['a whole number', isCount],
  maxLength: ['a whole number', isCount],
  minItems: ['a whole number', isCount],
  maxItems: ['a whole number', isCount],
  minContains: ['a whole number', isCount],
  maxContains: ['a whole number', isCount],
  minProperties: ['a whole number', isCount],
  maxProperties: ['a whole number', isCount],
  uniqueItems: ['true or false', isFlag],
}
