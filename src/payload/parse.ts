import { setImmediate } from 'node:timers/promises'
import { Failure } from '../domain/error.ts'
import type { BodyFormat } from '../domain/hook.ts'
import { type Fields, formFields } from './form.ts'
import { parseJson } from './json.ts'
import type { Pause } from './json-reader.ts'
import { readMultipart } from './multipart.ts'
import { bareTypeOf, decodeInSlices } from './text.ts'
import { isObject, type View } from './view.ts'

const nextTurn: Pause = () => setImmediate()

export interface ParseOptions {
  /** Default `auto`: by the content type, and by the look of what says that it is something else. */
  readonly format?: BodyFormat | undefined
  /** Whether plain text stays text where it could be JSON, and what is of an unknown type is text. */
  readonly wholeText?: () => boolean
  readonly pause?: Pause
}

/**
 * The body of a custom hook as a template sees it: JSON as it is; a form as an object of its fields (of a repeated one
 * the last) and, of a multipart one, of the names of its files; what a lone `payload` field holds as JSON, the way
 * GitHub and Slack send it; plain text as `{{text}}` and `{{body}}`, also without a content type where it does not begin as JSON
 * does; nothing as an empty object. UTF-8 only, whatever charset is declared. Throws `malformed`, `unprocessable` or `unsupported_media_type`.
 */
export async function parsePayload(
  bytes: Uint8Array,
  contentType: string,
  options: ParseOptions = {},
): Promise<View> {
  const { format = 'auto', wholeText, pause = nextTurn } = options
  if (isBlank(bytes)) return plainView(format === 'text' ? { text: '', body: '' } : {})
  const kind = kindOf(format, bareTypeOf(contentType))
  if (kind === 'multipart') {
    const { fields, files } = await readMultipart(bytes, contentType)
    return formView(fields, files, pause)
  }
  const text = await decodeInSlices(bytes, pause)
  if (kind === 'json' || (kind === 'untyped' && looksLikeJson(text))) return parseJson(text, pause)
  if (format === 'auto' && looksLikeJson(text) && !(kind === 'text' && wholeText?.())) {
    const view = await parseJson(text, pause).catch(() => undefined)
    if (view !== undefined) return kind === 'text' ? withText(view, text) : view
  }
  if (kind === 'form') return formView(await formFields(text, pause), {}, pause)
  if (kind === 'unknown' && !wholeText?.()) throw unreadable()
  return plainView({ text, body: text })
}

type Kind = 'json' | 'form' | 'multipart' | 'text' | 'untyped' | 'unknown'

function kindOf(format: BodyFormat, type: string): Kind {
  if (format === 'json' || format === 'text') return format
  if (type === 'multipart/form-data') return 'multipart'
  if (format === 'form' || type === 'application/x-www-form-urlencoded') return 'form'
  if (type === 'text/plain') return 'text'
  if (type === '') return 'untyped'
  return /^(application|text)\/(x-)?json$|^[a-z]+\/[a-z0-9.+_-]+\+json$/.test(type) ? 'json' : 'unknown'
}

const unreadable = (): Failure =>
  new Failure(
    'unsupported_media_type',
    'Send JSON, a form or plain text, in UTF-8; for a wrong Content-Type the hook may set bodyFormat.',
  )

/** Blanks alone are as empty as nothing; a long body is not searched for more. */
const isBlank = (bytes: Uint8Array): boolean =>
  bytes.length <= 64 && bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d))

const looksLikeJson = (text: string): boolean => /^[ \n\t\r]{0,1000}[{[]/.test(text)

/** JSON that was called text can also be had as a whole, by names that are not printed with it. */
function withText(view: View, text: string): View {
  if (!isObject(view)) return view
  for (const name of ['text', 'body'])
    if (!Object.hasOwn(view, name)) Object.defineProperty(view, name, { value: text, enumerable: false })
  return view
}

async function formView(fields: Fields, files: Fields, pause: Pause): Promise<View> {
  const { payload, ...others } = fields
  if (payload === undefined || !looksLikeJson(payload) || Object.keys(others).length > 0)
    return plainView({ ...files, ...fields })
  const view = await parseJson(payload, pause)
  return isObject(view) ? withWhole(Object.assign(plainView(files), view), view) : view
}

/** What a lone field holds can also be had by the field's name, which is not printed with it. */
function withWhole(view: { [name: string]: View }, whole: View): View {
  if (Object.hasOwn(view, 'payload')) return view
  return Object.defineProperty(view, 'payload', { value: whole, enumerable: false })
}

function plainView(fields: Fields): { [name: string]: View } {
  return Object.assign(Object.create(null), fields)
}
