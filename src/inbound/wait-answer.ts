import { Failure } from '../domain/error.ts'
import type { Knock } from '../domain/knock.ts'
import { clean, cleanFrom, isBlank } from '../domain/message.ts'
import type { WaitAccept } from '../domain/wait.ts'
import { parsePlainJson } from '../payload/json.ts'
import { decodeUtf8, mediaTypeOf } from '../payload/text.ts'
import { agreedKey, type MessageBody } from './message-body.ts'

/**
 * What answers a wait: bare text, `{"message", "from"?, "idempotency_key"?}` and nothing else, or JSON of any other shape, which is the
 * message as it is: CI systems post what they have. Throws 4xx failures, also for a body that the wait does not take.
 */
export async function readAnswer(
  knock: Knock,
  maxBytes: number,
  contentType: string,
  accept: WaitAccept,
): Promise<MessageBody> {
  const isText = isPlainText(contentType, accept)
  const payload = await knock.body(maxBytes)
  const text = decodeUtf8(payload)
  const own = isText ? { message: text } : ownForm(parsePlainJson(text))
  if (!own && accept === 'text')
    throw new Failure(
      'unprocessable',
      'This wait takes words: text/plain, or {"message":"…"} and nothing more.',
    )
  const idempotencyKey = agreedKey(own?.idempotency_key ?? undefined, knock.header('idempotency-key'))
  const from = accept === 'json' ? undefined : cleanFrom(own?.from ?? undefined)
  const words = clean(own && accept !== 'json' ? own.message : text).trim()
  if (isBlank(words)) throw new Failure('unprocessable', 'The message must not be blank.')
  return {
    message: from === undefined ? words : `[${from}] ${words}`,
    ...{ from, idempotencyKey, payload, contentType },
  }
}

/** Decided before the body is read: one of the wrong type need not arrive. Throws `unsupported_media_type`. */
function isPlainText(contentType: string, accept: WaitAccept): boolean {
  const type = mediaTypeOf(contentType) ?? ''
  const isJson = type === 'application/json' || /^application\/[\w.-]+\+json$/.test(type)
  if (isJson || (type === 'text/plain' && accept !== 'json')) return !isJson
  const wanted = accept === 'json' ? 'application/json' : 'application/json or text/plain'
  throw new Failure('unsupported_media_type', `Send ${wanted}, in UTF-8.`)
}

interface OwnForm {
  readonly message: string
  readonly from?: string | null
  readonly idempotency_key?: string | null
}

/** A body in the form of every other capability URL; undefined for JSON that only resembles it. */
function ownForm(body: unknown): OwnForm | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
  const {
    message,
    from = null,
    idempotency_key = null,
    ...others
  } = body as Readonly<Record<string, unknown>>
  if (typeof message !== 'string' || Object.keys(others).length > 0) return undefined
  return isTextOrNull(from) && isTextOrNull(idempotency_key) ? { message, from, idempotency_key } : undefined
}

const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string'
