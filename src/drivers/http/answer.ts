import { oneLine } from '../../domain/one-line.ts'
import { cutAnswer } from '../answer.ts'
import { type Json, parseJson, textAt } from '../json.ts'

/** What the endpoint answered: what the pointer names, or a plain text as a whole. Undefined when there is none. */
export function answerIn(text: string, contentType: string, pointer: string | undefined): string | undefined {
  const found = pointer === undefined ? plainText(text, contentType) : pointed(text, pointer)
  return found === undefined || found === '' ? undefined : cutAnswer(found)
}

const plainText = (text: string, contentType: string): string | undefined =>
  /^text\/plain\b/i.test(contentType) ? text.trimEnd() : undefined

function pointed(text: string, pointer: string): string | undefined {
  const value = valueAt(parseJson(text), pointer)
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined
  return JSON.stringify(value)
}

/** JSON pointer (RFC 6901). */
function valueAt(value: Json | undefined, pointer: string): Json | undefined {
  const names = pointer.split('/').slice(1)
  return names.reduce<Json | undefined>((at, name) => memberAt(at, unescaped(name)), value)
}

const unescaped = (name: string): string => name.replaceAll('~1', '/').replaceAll('~0', '~')

function memberAt(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return /^(0|[1-9]\d{0,8})$/.test(name) ? value[Number(name)] : undefined
  return Object.hasOwn(value, name) ? (value as Record<string, Json>)[name] : undefined
}

const maxErrorLength = 200

/** The error of a refusal, as problem documents and most other bodies hold it; one line, or nothing. */
export function errorText(text: string): string {
  const value = parseJson(text)
  const found =
    textAt(value, 'detail') ??
    textAt(value, 'error', 'message') ??
    textAt(value, 'error') ??
    textAt(value, 'message')
  return oneLine(found ?? '', maxErrorLength)
}
