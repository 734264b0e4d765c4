import { Failure } from '../domain/error.ts'
import type { Knock } from '../domain/knock.ts'
import { cleanFrom, compose } from '../domain/message.ts'
import { misreadAt, parsePlainJson } from '../payload/json.ts'
import { parseResponseSchema } from '../payload/response-schema.ts'
import { decodeUtf8, mediaTypeOf } from '../payload/text.ts'

/** The body of `/hook` or `wake`, its message as the agent will get it. */
export interface MessageBody {
  readonly message: string
  readonly from: string | undefined
  readonly idempotencyKey: string | undefined
  readonly payload: Uint8Array
  readonly contentType: string
}

/** The body of `agent`. */
interface TurnBody extends MessageBody {
  readonly session: string | undefined
  readonly skill: string | undefined
  readonly callbackUrl: string | undefined
  readonly timeoutMs: number | undefined
  /** JSON. */
  readonly responseSchema: string | undefined
}

/** `{"message", "from"?, "idempotency_key"?}` in JSON, or bare text. Throws 4xx failures. */
export function readMessage(knock: Knock, maxBytes: number, contentType: string): Promise<MessageBody> {
  const format = formatOf(contentType)
  return knock.body(maxBytes).then((payload) => {
    const fields = parse(payload, format)
    return fields instanceof Promise ? fields : messageOf(knock, fields, payload, contentType)
  })
}

/** As `readMessage`, and what a turn may ask for: session, skill, callbackUrl, timeoutSeconds, responseSchema. */
export async function readTurn(knock: Knock, maxBytes: number, contentType: string): Promise<TurnBody> {
  const format = formatOf(contentType)
  const payload = await knock.body(maxBytes)
  const fields = await parse(payload, format)
  return {
    ...messageOf(knock, fields, payload, contentType),
    session: optional(fields.session, 'session'),
    skill: skillName(optional(fields.skill, 'skill')),
    callbackUrl: optional(fields.callbackUrl, 'callbackUrl'),
    timeoutMs: timeoutOf(fields.timeoutSeconds),
    responseSchema: await schemaOf(fields.responseSchema),
  }
}

/** One idempotency key, from the body or the header. Throws `unprocessable` when they differ or do not fit. */
export function agreedKey(inBody: string | undefined, inHeader: string | undefined): string | undefined {
  if (inBody !== undefined && inHeader !== undefined && inBody !== inHeader)
    throw wrongShape('"idempotency_key" and the Idempotency-Key header differ; send one of them.')
  const key = inBody ?? inHeader
  if (key === undefined) return undefined
  if (key === '' || Buffer.byteLength(key) > 255)
    throw wrongShape('An idempotency key is 1 to 255 bytes long.')
  return key
}

interface Fields {
  readonly message?: unknown
  readonly from?: unknown
  readonly idempotency_key?: unknown
  readonly session?: unknown
  readonly skill?: unknown
  readonly callbackUrl?: unknown
  readonly timeoutSeconds?: unknown
  readonly responseSchema?: unknown
}

function messageOf(knock: Knock, fields: Fields, payload: Uint8Array, contentType: string): MessageBody {
  const { message } = fields
  if (typeof message !== 'string') throw wrongShape('"message" must be a string.')
  const from = optional(fields.from, 'from')
  const keyInBody = optional(fields.idempotency_key, 'idempotency_key')
  const idempotencyKey = agreedKey(keyInBody, knock.header('idempotency-key'))
  const sender = cleanFrom(from)
  return { message: compose(message, sender), from: sender, idempotencyKey, payload, contentType }
}

type Format = 'json' | 'text'

/** Decided before the body is read: one of the wrong type need not arrive. */
function formatOf(contentType: string): Format {
  if (contentType === 'application/json') return 'json'
  const type = mediaTypeOf(contentType)
  if (type === 'application/json') return 'json'
  if (type === 'text/plain') return 'text'
  throw new Failure('unsupported_media_type', 'Send application/json or text/plain, in UTF-8.')
}

function parse(payload: Uint8Array, format: Format): Fields | Promise<never> {
  const text = decodeUtf8(payload)
  if (format === 'text') return { message: text }
  try {
    return parseBody(text)
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'malformed') return misread(text, thrown)
    throw thrown
  }
}

async function misread(text: string, refusal: Failure): Promise<never> {
  throw await misreadAt(text, refusal)
}

function parseBody(text: string): Fields {
  const body = parsePlainJson(text)
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw wrongShape('The body must be a JSON object like {"message":"…"}.')
  return body
}

/** Absent and null mean the same: not given. */
function optional(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw wrongShape(`"${name}" must be a string when it is given.`)
  return value
}

function skillName(name: string | undefined): string | undefined {
  if (name === undefined || (name.length <= 64 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))) return name
  throw wrongShape('"skill" is the name of a skill: a-z and 0-9, with single hyphens between, at most 64.')
}

const longestTimeoutSeconds = 86_400

function timeoutOf(seconds: unknown): number | undefined {
  if (seconds === undefined || seconds === null) return undefined
  if (typeof seconds === 'number' && seconds > 0 && seconds <= longestTimeoutSeconds)
    return Math.ceil(seconds * 1000)
  throw wrongShape(`"timeoutSeconds" is a number of seconds, at most ${longestTimeoutSeconds}.`)
}

const schemaOf = async (schema: unknown): Promise<string | undefined> =>
  schema === undefined || schema === null ? undefined : parseResponseSchema(schema)

const wrongShape = (detail: string): Failure => new Failure('unprocessable', detail)
