import { Failure } from '../domain/error.ts'
import type { Pause } from './json-reader.ts'
import { bytesPerSlice, decodeInSlices } from './text.ts'

export type Fields = Readonly<Record<string, string>>

export const maxFields = 10_000

/** A URL-encoded form; of a repeated field the last value. */
export async function formFields(text: string, pause: Pause): Promise<Fields> {
  const fields: Record<string, string> = Object.create(null)
  const pairs = text.split('&', maxFields + 1)
  if (pairs.length > maxFields) throw tooManyFields()
  for (const pair of pairs.filter((pair) => pair !== '')) {
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
  if (!/[%+]/.test(encoded)) return encoded
  const from = new TextEncoder().encode(encoded)
  const to = new Uint8Array(from.length)
  let length = 0
  for (let at = 0; at < from.length; at++) {
    if (length % bytesPerSlice === bytesPerSlice - 1) await pause()
    const byte = from[at] ?? 0
    const escaped = byte === percent ? escapedByte(from, at) : undefined
    to[length++] = escaped ?? (byte === plus ? space : byte)
    if (escaped !== undefined) at += 2
  }
  return decodeInSlices(to.subarray(0, length), pause, new TextDecoder())
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
