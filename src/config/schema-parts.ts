import { type ObjectOptions, type SchemaOptions, type TProperties, Type } from '@sinclair/typebox'

// What `schema.ts` is made of. `errorMessage` is what we say, and what editors say, when a value does not fit.

export const section = <T extends TProperties>(properties: T, options: ObjectOptions = {}) =>
  Type.Object(properties, { additionalProperties: false, errorMessage: 'must be an object', ...options })

export const oneOf = <T extends string>(values: readonly T[], options: SchemaOptions = {}) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    { errorMessage: `must be one of: ${values.join(', ')}`, ...options },
  )

export const count = (description: string, least: number, most: number) =>
  Type.Integer({
    description,
    minimum: least,
    maximum: most,
    errorMessage: `must be a whole number from ${least} to ${most}`,
  })

export const text = (description: string) =>
  Type.String({ description, minLength: 1, errorMessage: 'must be a string that is not empty' })

export const texts = (description: string) =>
  Type.Array(Type.String({ minLength: 1 }), { description, errorMessage: 'must be a list of strings' })

export const flag = (description: string) =>
  Type.Boolean({ description, errorMessage: 'must be true or false' })

export const sessionId = (description: string) =>
  Type.String({
    description,
    pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
    errorMessage: 'must be a session id: 1 to 64 of a-z 0-9 . _ - that start with a letter or digit',
  })

export const oneSecret = Type.Union(
  [
    Type.String(),
    section({ env: text('Name of the environment variable that holds it') }),
    section({ file: text('File that holds it; relative to this one') }),
  ],
  { errorMessage: 'must be a string, {"env": "NAME"} or {"file": "path"}' },
)

export const secret = (description: string) =>
  Type.Union([oneSecret, Type.Array(oneSecret, { minItems: 1 })], {
    description,
    errorMessage:
      'must be a secret: a string, {"env": "NAME"}, {"file": "path"}, or a list of these for rotation',
  })
