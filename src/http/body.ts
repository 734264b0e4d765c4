import { Failure } from '../domain/error.ts'
import { parsePlainJson } from '../payload/json.ts'
import { decodeUtf8, mediaTypeOf } from '../payload/text.ts'
import { tooLarge, unpack } from '../payload/unpack.ts'
import type { Arrivals } from './arrivals.ts'

const slowestUploadMs = 30_000

/** The limit where the configuration sets none. */
const mostBytes = 32 * 1024 * 1024

const most = (limit: number): number => (limit > 0 ? limit : mostBytes)

/** Reads a request's raw bytes, never more than `limit` (0 for none but 32 MiB), within 30 seconds. */
export function readBody(request: Request, limit: number, arrivals?: Arrivals): Promise<Uint8Array> {
  const maxBytes = most(limit)
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > maxBytes) return Promise.reject(tooLarge(maxBytes))
  arrivals?.begin(request)
  return bytesOf(request, declared, maxBytes).then(
    (bytes) => {
      arrivals?.end(request)
      return bytes
    },
    (cause: unknown) => {
      arrivals?.end(request)
      // A connection that ended in the middle of a body is an ordinary refusal, which nobody hears.
      throw cause instanceof Failure
        ? cause
        : new Failure('malformed', 'The body did not arrive whole.', { cause, closes: true })
    },
  )
}

function bytesOf(request: Request, declared: string | null, maxBytes: number): Promise<Uint8Array> {
  if (declared === null) return inTime(collect(request, maxBytes))
  // What fits one packet is here already, or its silent connection is closed by the runtime (see `arrivalSeconds`): a
  // deadline of its own would cost more than reading it.
  return Number(declared) <= onePacket ? request.bytes() : inTime(request.bytes())
}

/**
 * The body that raw bytes of the request hold, never more than `limit` either, and of a stranger no more than is worth what
 * it cost to send: a thousandfold would be cheap.
 */
export function unpacked(
  request: Request,
  bytes: Uint8Array,
  limit: number,
  by?: 'stranger',
): Promise<Uint8Array> | Uint8Array {
  const encoding = request.headers.get('content-encoding')
  if (encoding === null) return bytes
  const worth = by ? Math.max(freeBytes, bytes.length * mostTimes) : Number.POSITIVE_INFINITY
  return unpack(bytes, encoding, Math.min(most(limit), worth))
}

/** What is unpacked for anybody, and how many times what was sent. JSON rarely shrinks to less than a thirtieth. */
const freeBytes = 1_048_576
const mostTimes = 32

/**
 * The members of a JSON body, at most `limit` bytes; none of an empty body. Throws `unsupported_media_type`,
 * `malformed` and `unprocessable`.
 */
export async function readJsonObject(request: Request, limit: number): Promise<object> {
  const bytes = await unpacked(request, await readBody(request, limit), limit)
  if (bytes.length === 0) return {}
  if (mediaTypeOf(request.headers.get('content-type') ?? '') !== 'application/json')
    throw new Failure('unsupported_media_type', 'Send application/json, in UTF-8.')
  const body = parsePlainJson(decodeUtf8(bytes))
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body
  throw new Failure('unprocessable', 'The body must be a JSON object.')
}

const onePacket = 1024

async function collect(request: Request, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function inTime<T>(body: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Failure('malformed', 'The body did not arrive in time.', { closes: true })),
      slowestUploadMs,
    )
  })
  try {
    return await Promise.race([body, late])
  } finally {
    clearTimeout(timer)
  }
}
