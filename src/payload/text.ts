import { Failure } from '../domain/error.ts'

/** The media type of a body in lower case, empty when there is none; undefined for a charset that is not UTF-8. */
export function mediaTypeOf(contentType: string): string | undefined {
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length)
  return charset === undefined || /^"?(utf-?8|us-ascii)"?$/.test(charset) ? type : undefined
}

/** The media type in lower case, whatever charset stands beside it. */
export const bareTypeOf = (contentType: string): string =>
  (contentType.split(/[;,]/, 1)[0] ?? '').trim().toLowerCase()

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Bytes of UTF-8 as text, without a byte order mark; with `decoder` a slice of a longer text. Throws `malformed`. */
export function decodeUtf8(bytes: Uint8Array, decoder = utf8, stream = false): string {
  try {
    return decoder.decode(bytes, { stream })
  } catch (cause) {
    throw new Failure('malformed', 'The body is not valid UTF-8.', { cause })
  }
}

/** Bytes of UTF-8 as they are, a byte order mark too; undefined for what is no UTF-8, or longer than `most` characters. */
export function exactText(bytes: Uint8Array, most: number): string | undefined {
  if (bytes.length > most * 3) return undefined
  try {
    const text = exact.decode(bytes)
    return text.length > most ? undefined : text
  } catch {
    return undefined
  }
}

const exact = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const bytesPerSlice = 1_048_576

/** As `decodeUtf8`, in slices: twenty megabytes in one piece would hold the event loop. */
export async function decodeInSlices(
  bytes: Uint8Array,
  pause: () => Promise<void>,
  decoder = new TextDecoder('utf-8', { fatal: true }),
): Promise<string> {
  let text = ''
  for (let from = 0; from < bytes.length; from += bytesPerSlice) {
    const to = from + bytesPerSlice
    text += decodeUtf8(bytes.subarray(from, to), decoder, to < bytes.length)
    if (to < bytes.length) await pause()
  }
  return text
}
