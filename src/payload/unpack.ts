import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'
import { Failure } from '../domain/error.ts'

type Undo = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Uint8Array>

/** RFC 9110 section 8.4.1. */
const codings: ReadonlyMap<string, Undo> = new Map<string, Undo>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', undeflate],
  ['br', promisify(brotliDecompress)],
])

/** Codings that change the bytes and that nothing here undoes. */
const unread: readonly string[] = ['zstd', 'compress', 'x-compress', 'dcb', 'dcz', 'aes128gcm', 'exi']

const mostCodings = 2

const namesIn = (header: string): readonly string[] =>
  header
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())

/** Whether the body differs from what its sender meant. Mistakes such as `UTF-8` stand there for nothing. */
export const isPacked = (contentEncoding = ''): boolean =>
  contentEncoding !== '' &&
  namesIn(contentEncoding).some((name) => codings.has(name) || unread.includes(name))

/**
 * The body as its sender meant it, at most `maxBytes`; it stops there, however much more would come. Throws
 * `unsupported_media_type`, `too_large` and `malformed`.
 */
export async function unpack(
  bytes: Uint8Array,
  contentEncoding: string,
  maxBytes: number,
): Promise<Uint8Array> {
  let unpacked = bytes
  for (const undo of undoing(contentEncoding)) unpacked = await undone(undo, unpacked, maxBytes)
  return unpacked
}

/** The last coding that was applied is undone first. */
function undoing(contentEncoding: string): readonly Undo[] {
  const names = namesIn(contentEncoding)
  const known = names.map((name) => codings.get(name)).filter((undo) => undo !== undefined)
  if (known.length > mostCodings || names.some((name) => unread.includes(name)))
    throw new Failure('unsupported_media_type', 'Send the body as it is, or packed as gzip, deflate or br.')
  return known.reverse()
}

async function undone(undo: Undo, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  if (bytes.length === 0) return bytes
  try {
    return await undo(bytes, { maxOutputLength: maxBytes })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(maxBytes)
    throw new Failure('malformed', 'The body does not unpack as its Content-Encoding says.', { cause })
  }
}

/** Senders disagree whether the zlib wrapper (RFC 1950) belongs to it. */
function undeflate(...[bytes, options]: Parameters<Undo>): Promise<Uint8Array> {
  const [first = 0, second = 0] = bytes
  const isWrapped = (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0
  return promisify(isWrapped ? inflate : inflateRaw)(bytes, options)
}

export const tooLarge = (maxBytes: number): Failure =>
  new Failure('too_large', `The body is larger than the ${maxBytes} bytes allowed here.`)
