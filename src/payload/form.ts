import { Failure } from '../domain/error.ts'
import type { Pause } from './json-reader.ts'

export type Fields = Readonly<Record<string, string>>

export const maxFields = 10_000

/** Decoded one by one, in about a millisecond. */
const charactersPerSlice = 131_072

/** A URL-encoded form; of a repeated field the last value. */
export async function formFields(text: string, pause: Pause): Promise<Fields> {
  const fields: Record<string, string> = Object.create(null)
  const pairs = text.split('&', maxFields + 1)
  if (pairs.length > maxFields) throw tooManyFields()
  let sliced = 0
  for (const pair of pairs.filter((pair) => pair !== '')) {
    sliced += pair.length
    if (sliced > charactersPerSlice) {
      sliced = pair.length
      await pause()
    }
    const equals = pair.indexOf('=')
    const name = await fieldText(equals < 0 ? pair : pair.slice(0, equals), pause)
    fields[name] = equals < 0 ? '' : await fieldText(pair.slice(equals + 1), pause)
  }
  return fields
}

export const tooManyFields = (): Failure =>
  new Failure('unprocessable', `The form has more than ${maxFields} fields.`)

const percent = 0x25
const plus = 0x2b
const space = 0x20

/** As the URL standard reads it, but in slices: a `%` that begins no escape is itself, wrong UTF-8 is replaced. */
async function fieldText(encoded: string, pause: Pause): Promise<string> {
  if (!encoded.includes('%') && !encoded.includes('+')) return encoded
  const decoder = new TextDecoder()
  let text = ''
  for (let from = 0, to = 0; from < encoded.length; from = to) {
    if (from > 0) await pause()
    to = endOfSlice(encoded, from)
    text += decoder.decode(unescaped(encoded.slice(from, to)), { stream: to < encoded.length })
  }
  return text
}

/** Not within an escape, nor within a character of two units. */
function endOfSlice(encoded: string, from: number): number {
  const end = from + charactersPerSlice
  if (end >= encoded.length) return encoded.length
  if (encoded[end - 2] === '%') return end - 2
  if (encoded[end - 1] === '%') return end - 1
  return isLowSurrogate(encoded.charCodeAt(end)) ? end - 1 : end
}

const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff

/** The bytes that a text spells with `%` and two hex digits, `+` for a blank, or as they are. */
function unescaped(encoded: string): Uint8Array {
  const from = new TextEncoder().encode(encoded)
  const to = new Uint8Array(from.length)
  let length = 0
  for (let at = 0; at < from.length; at++) {
    const byte = from[at] ?? 0
    const escaped = byte === percent ? escapedByte(from, at) : undefined
    to[length++] = escaped ?? (byte === plus ? space : byte)
    if (escaped !== undefined) at += 2
  }
  return to.subarray(0, length)
}

/** The byte that `%` and two hex digits spell. */
function escapedByte(bytes: Uint8Array, at: number): number | undefined {
  const high = hexDigit(bytes[at + 1])
  const low = hexDigit(bytes[at + 2])
  return high < 0 || low < 0 ? undefined : high * 16 + low
}

function hexDigit(code = 0): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1
}
