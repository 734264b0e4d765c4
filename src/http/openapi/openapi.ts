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

export type Answer = readonly [description: string, schema?: Schema, contentType?: string]

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
      default: problemOf('default'),
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

const responseOf = ([description, schema, type = 'application/json']: Answer) => ({
  description,
  ...(schema && { content: { [type]: { schema } } }),
})

const meanings: Readonly<Record<number, string>> = {
  400: 'Not JSON, or not UTF-8',
  401: 'No credential, or a bad one',
  403: 'Not allowed: one identical answer, whatever was wrong',
  404: 'There is no such thing',
  405: 'Another method is wanted; Allow says which',
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

const problemOf = (status: number | 'default') => ({
  description: meanings[Number(status)] ?? 'Any other refusal, an error of the server’s own among them',
  ...(status === 429 || status === 503 ? { headers: { 'Retry-After': retryAfter } } : {}),
  ...(status === 405 ? { headers: { Allow: allow } } : {}),
  content: { 'application/problem+json': { schema: ref('Problem'), example: exampleOf(Number(status)) } },
})

const retryAfter = { description: 'Seconds to wait', schema: { type: 'integer', example: 2 } }
const allow = { description: 'The methods of this path', schema: { type: 'string', example: 'POST' } }

const codes: Readonly<Record<number, readonly [code: string, title: string]>> = {
  400: ['malformed', 'Malformed'],
  401: ['unauthorized', 'Unauthorized'],
  403: ['forbidden', 'Forbidden'],
  404: ['not_found', 'Not found'],
  405: ['method_not_allowed', 'Method not allowed'],
  409: ['in_flight', 'In flight'],
  410: ['session_ended', 'Session ended'],
  413: ['too_large', 'Content too large'],
  415: ['unsupported_media_type', 'Unsupported media type'],
  421: ['host_not_allowed', 'Misdirected request'],
  422: ['unprocessable', 'Unprocessable content'],
  429: ['rate_limited', 'Too many requests'],
  502: ['delivery_failed', 'Delivery failed'],
  503: ['store_unavailable', 'Storage unavailable'],
}

function exampleOf(asked: number) {
  const status = asked in codes ? asked : 500
  const [code, title] = codes[status] ?? ['internal', 'Internal error']
  const detail = `${meanings[status] ?? 'Something went wrong here; the log has it under this request id'}.`
  return { type: `urn:postern:problem:${code.replaceAll('_', '-')}`, title, status, detail, code }
}

/** `Prefer: wait=N` and `Idempotency-Key`, as every door understands them. */
export const knockHeadersDescribed: readonly Parameter[] = [
  {
    name: 'Prefer',
    description: '`wait=SECONDS`: how long to wait for the outcome',
    schema: { type: 'string', example: 'wait=0' },
  },
  { name: 'Idempotency-Key', description: 'One delivery per key, for 24 hours' },
]

export const knockRefusals: readonly number[] = [
  ...[400, 403, 404, 405, 409, 410, 413, 415, 421, 422, 429, 502, 503],
]
