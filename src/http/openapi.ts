import type { DocumentDecoration } from 'elysia'
import type { Schema } from './schemas.ts'

/** What the OpenAPI document says of one route. */
export type Detail = DocumentDecoration

export type Credential = 'adminToken' | 'hookSecret' | 'knockToken'

export interface Described {
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /** Any one of them opens it; none for what is open. */
  readonly by?: readonly Credential[]
  readonly query?: readonly Parameter[]
  /** Request headers worth naming. */
  readonly headers?: readonly Parameter[]
  readonly body?: Body
  /** Status → what it means, and the schema of its JSON, if any. */
  readonly answers: Readonly<Record<number, Answer>>
  /** Statuses of its refusals. */
  readonly refuses?: readonly number[]
}

export interface Parameter {
  readonly name: string
  readonly description: string
  readonly schema?: Schema
}

export interface Body {
  readonly schema: Schema
  readonly example: unknown
  readonly required?: boolean
  /** Bare text is accepted as well. */
  readonly text?: boolean
}

export type Answer = readonly [description: string, schema?: Schema]

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })
export const listOf = (name: string): Schema => ({ type: 'array', items: ref(name) })

/** One route's entry in the document. */
export function described(route: Described): Detail {
  const { tag, summary, description, by = [], query = [], headers = [], body, answers, refuses = [] } = route
  const parameters = [
    ...query.map((parameter) => parameterOf('query', parameter)),
    ...headers.map((parameter) => parameterOf('header', parameter)),
  ]
  return {
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: by.map((credential) => ({ [credential]: [] })),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: requestBody(body) }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, responseOf(answer)])),
      ...Object.fromEntries(refuses.map((status) => [status, problemOf(status)])),
    },
  } as Detail
}

const parameterOf = (place: 'query' | 'header', { name, description, schema }: Parameter) => ({
  in: place,
  name,
  description,
  schema: schema ?? { type: 'string' },
})

const requestBody = ({ schema, example, required, text }: Body) => ({
  required: required ?? true,
  content: {
    'application/json': { schema, example },
    ...(text && { 'text/plain': { schema: { type: 'string' }, example: 'hello' } }),
  },
})

const responseOf = ([description, schema]: Answer) => ({
  description,
  ...(schema && { content: { 'application/json': { schema } } }),
})

const meanings: Readonly<Record<number, string>> = {
  400: 'Not JSON, or not UTF-8',
  401: 'No credential, or a bad one',
  403: 'Not allowed: one identical answer, whatever was wrong',
  404: 'There is no such thing',
  409: 'It cannot be done now, or the idempotency key was used with another message',
  410: 'The session has ended',
  413: 'The body is too large',
  415: 'Another content type is wanted',
  421: 'This server does not answer to that Host',
  422: 'JSON of the wrong shape',
  429: 'Too often; Retry-After says when',
  502: 'Stored, but it could not be delivered',
  503: 'It cannot be stored now; Retry-After says when',
}

const problemOf = (status: number) => ({
  description: meanings[status] ?? 'Refused',
  content: { 'application/problem+json': { schema: ref('Problem') } },
})

/** `Prefer: wait=N` and `Idempotency-Key`, as every door understands them. */
export const knockHeadersDescribed: readonly Parameter[] = [
  {
    name: 'Prefer',
    description: '`wait=SECONDS`: how long to wait for the outcome',
    schema: { type: 'string', example: 'wait=0' },
  },
  { name: 'Idempotency-Key', description: 'One delivery per key, for 24 hours' },
]

export const knockRefusals: readonly number[] = [400, 403, 404, 409, 410, 413, 415, 421, 422, 429, 502, 503]
