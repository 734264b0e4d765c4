import { createHash } from 'node:crypto'
import { feed } from '../auth/feed.ts'

/** A request at a hook whose body has not been read. */
export interface RequestHead {
  readonly method: string
  /** Absolute, with the query as it was sent. */
  readonly url: string
  /** Undefined when absent; a header sent twice is joined by `, `. Names are lower-case. */
  readonly header: (name: string) => string | undefined
  /** Unix milliseconds. */
  readonly now: number
}

export interface SignedRequest extends RequestHead {
  /** The bytes as they arrived, before any parsing. */
  readonly rawBody: Uint8Array
}

/** A sender that proved itself. */
export interface Verified {
  /** The sender's own id of this delivery. */
  readonly deliveryId?: string
  /**
   * Names this delivery among all of its hook, at most 255 bytes. Repeats may differ in their bytes (a counter, a
   * time) only where the sender vouches for the id; elsewhere the bytes are part of the key.
   */
  readonly idempotencyKey?: string
}

/** The header, unless it is absent, empty or was sent twice. */
export function single(request: RequestHead, name: string): string | undefined {
  const value = request.header(name.toLowerCase())
  return value === undefined || value === '' || value.includes(', ') ? undefined : value
}

/** Verified, with an id that is covered by the signature. */
export const vouched = (id: unknown): Verified => (isId(id) ? { deliveryId: id, idempotencyKey: id } : {})

/**
 * Verified, with an id that anybody on the way could have changed: it counts together with the signed bytes, and with
 * the `scope` within which the sender gives no id twice.
 */
export const claimed = async (request: SignedRequest, id: unknown, scope = ''): Promise<Verified> =>
  isId(id) ? { deliveryId: id, idempotencyKey: `${id}.${await digestOf(request.rawBody, scope)}` } : {}

/**
 * Verified at a signed `time`. Without an id of its own the moment and the bytes name it: who plays the same request
 * back within its freshness says nothing new.
 */
export const dated = async (request: SignedRequest, time: string, verified: Verified): Promise<Verified> =>
  verified.idempotencyKey === undefined
    ? { ...verified, idempotencyKey: `${time}.${await digestOf(request.rawBody)}` }
    : verified

const isId = (id: unknown): id is string => typeof id === 'string' && /^[\x21-\x7e]{1,128}$/.test(id)

async function digestOf(bytes: Uint8Array, scope = ''): Promise<string> {
  const hash = createHash('sha256').update(scope)
  await feed(hash, bytes)
  return hash.digest('base64url')
}
