import { Kind, type Static, type TProperties, type TSchema, Type, TypeRegistry } from '@sinclair/typebox'

// What the models of the API are made of: each gives a type, a check and what the document shows. A model with an `$id`
// stands once in the document, under that name. `errorMessage` ends the refusal that begins with a member's name.

TypeRegistry.Set('WholeNumber', (_, value) => typeof value === 'string' && /^\d{1,15}$/.test(value))
TypeRegistry.Set<{ enum: readonly string[] }>(
  'AnyCase',
  (schema, value) => typeof value === 'string' && ['', ...schema.enum].includes(value.toUpperCase()),
)

/** Digits: all that a query holds is text. */
export const digits = (description: string, options: object = {}) =>
  Type.Unsafe<string>({
    [Kind]: 'WholeNumber',
    ...{ type: 'integer', minimum: 0, description, errorMessage: 'must be a whole number', ...options },
  })

const mustBeOneOf = (values: readonly string[]) => `must be one of ${values.join(', ')}`

/** One of these values in either case; empty asks for none. */
export const anyCase = (values: readonly string[], description: string) =>
  Type.Unsafe<string>({
    [Kind]: 'AnyCase',
    ...{ type: 'string', enum: values, description, errorMessage: mustBeOneOf(values) },
  })

export const text = (options: object = {}) => Type.String({ errorMessage: 'must be a string', ...options })
export const someText = (options: object = {}) =>
  text({ minLength: 1, errorMessage: 'must be a string that is not empty', ...options })
export const whole = (description?: string) => Type.Integer(description === undefined ? {} : { description })
export const flag = Type.Boolean()
export const oneOf = <Value extends string>(values: readonly Value[], options: object = {}) =>
  Type.Unsafe<Value>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      { errorMessage: mustBeOneOf(values), ...options },
    ),
  )
export const orNull = <T extends TSchema>(schema: T, options: object = {}) =>
  Type.Union([schema, Type.Null()], { errorMessage: schema.errorMessage, ...options })
export const listOf = <T extends TSchema>(items: T, options: object = {}) =>
  Type.Unsafe<readonly Static<T>[]>(Type.Array(items, options))

/** A JSON object of any members. */
export const members = (example: object, description?: string) =>
  Type.Unsafe<Readonly<Record<string, unknown>>>(
    Type.Object(
      {},
      {
        additionalProperties: true,
        example,
        errorMessage: 'must be an object',
        ...(description !== undefined && { description }),
      },
    ),
  )

/** A JSON object whose members are all of one kind. */
export const membersOf = <T extends TSchema>(each: T, example: object, description?: string) =>
  Type.Unsafe<Readonly<Record<string, Static<T>>>>(
    Type.Object(
      {},
      { additionalProperties: each, example, ...(description !== undefined && { description }) },
    ),
  )

/** Null means the same as absent: not given. */
export const optional = <T extends TSchema>(schema: T) =>
  Type.Optional(orNull(schema, { description: schema.description }))

/** A shape that the document names. */
export const named = <T extends TProperties>($id: string, description: string, properties: T) =>
  Type.Object(properties, { $id, description })

/** What a request holds: no member that is not named here. */
export const closed = <T extends TProperties>(properties: T, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })

export const textOrNull = (example: string | null = null, options: object = {}) =>
  orNull(text(), { example, ...options })
const moment = { format: 'date-time', example: '2026-11-21T10:00:00.000Z' }
export const time = text(moment)
export const timeOrNull = orNull(text({ format: moment.format }), { example: moment.example })
export const url = (example: string, description?: string) =>
  text({ format: 'uri', example, ...(description !== undefined && { description }) })

export const sessionId = text({ example: 'build' })
export const channel = text({ example: 'postern:/sessions/build' })
export const deliveryId = text({
  example: 'whd_0VxK3mQ2aBcDeFgHiJkLmNoP',
  description: 'whd_ and 24 characters that sort by time.',
})

/** Of the request that a delivery came by. */
export const keptHeaders = membersOf(Type.String(), { 'user-agent': 'curl/8.5.0' })
