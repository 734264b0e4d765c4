import { setImmediate } from 'node:timers/promises'
import { Failure } from '../domain/error.ts'
import { parseJson } from './json.ts'
import type { Pause } from './json-reader.ts'
import { decodeUtf8, mediaTypeOf } from './text.ts'
import type { View } from './view.ts'

const maxFields = 10_000

const nextTurn: Pause = () => setImmediate()

/**
 * The body of a custom hook as a template sees it: JSON as it is; a form as an object of its fields (of a repeated one
 * the last), or what a lone `payload` field holds as JSON, the way GitHub and Slack send it; plain text as `{{text}}`
 * and `{{body}}`. UTF-8 only. Throws `malformed`, `unprocessable` or `unsupported_media_type`.
 */
export async function parsePayload(bytes: Uint8Array, contentType: string, pause = nextTurn): Promise<View> {
  const format = formatOf(contentType)
  const text = await decode(bytes, pause)
  if (format === 'text') return plainView({ text, body: text })
  if (format === 'json') return parseJson(text, pause)
  const fields = await formFields(text, pause)
  const { payload, ...others } = fields
  return payload !== undefined && Object.keys(others).length === 0
    ? parseJson(payload, pause)
    : plainView(fields)
}

type Format = 'json' | 'form' | 'text'

/** Without a content type, JSON: it is what hooks send. */
function formatOf(contentType: string): Format {
  const type = mediaTypeOf(contentType)
  if (type !== undefined && /^(|application\/json|text\/json|application\/[a-z0-9.+-]+\+json)$/.test(type))
    return 'json'
  if (type === 'application/x-www-form-urlencoded') return 'form'
  if (type === 'text/plain') return 'text'
  throw new Failure('unsupported_media_type', 'Send JSON, a URL-encoded form or plain text, in UTF-8.')
}

/** In slices: twenty megabytes in one piece would hold the event loop. */
async function decode(bytes: Uint8Array, pause: Pause): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  for (let from = 0; from < bytes.length; from += bytesPerSlice) {
    const to = from + bytesPerSlice
    text += decodeUtf8(bytes.subarray(from, to), decoder, to < bytes.length)
    if (to < bytes.length) await pause()
  }
  return text
}

function plainView(fields: Readonly<Record<string, string>>): View {
  return Object.assign(Object.create(null), fields)
}

async function formFields(text: string, pause: Pause): Promise<Readonly<Record<string, string>>> {
  const fields: Record<string, string> = Object.create(null)
  const pairs = text.split('&', maxFields + 1)
  if (pairs.length > maxFields)
    throw new Failure('unprocessable', `The form has more than ${maxFields} fields.`)
  for (const pair of pairs.filter((pair) => pair !== '')) {
    const equals = pair.indexOf('=')
    const name = await fieldText(equals < 0 ? pair : pair.slice(0, equals), pause)
    fields[name] = equals < 0 ? '' : await fieldText(pair.slice(equals + 1), pause)
  }
  return fields
}

const bytesPerSlice = 1_048_576
const percent = 0x25
const plus = 0x2b
const space = 0x20

/** Strict where `URLSearchParams` would put replacement characters, and in slices. */
async function fieldText(encoded: string, pause: Pause): Promise<string> {
  if (!/[%+]/.test(encoded)) return encoded
  const from = new TextEncoder().encode(encoded)
  const to = new Uint8Array(from.length)
  let length = 0
  for (let at = 0; at < from.length; at++) {
    if (length % bytesPerSlice === bytesPerSlice - 1) await pause()
    const byte = from[at] ?? 0
    to[length++] = byte === plus ? space : byte === percent ? hexByte(from, at + 1) : byte
    if (byte === percent) at += 2
  }
  return decode(to.subarray(0, length), pause)
}

function hexByte(bytes: Uint8Array, at: number): number {
  const high = hexDigit(bytes[at])
  const low = hexDigit(bytes[at + 1])
  if (high < 0 || low < 0) throw new Failure('malformed', 'The form is not valid URL encoding.')
  return high * 16 + low
}

function hexDigit(code = 0): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1
}
