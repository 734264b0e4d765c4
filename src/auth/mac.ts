import { createHmac, createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { Algorithm } from '../domain/verify.ts'
import { feed } from './feed.ts'
import { sameBytes } from './secrets.ts'

export type Part = string | Uint8Array

/** HMAC over the parts one after another, which are not long. */
export function macOf(key: Part, parts: readonly Part[], algorithm: Algorithm = 'sha256'): Uint8Array {
  const hmac = createHmac(algorithm, key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

/** Whether any of the signatures is the MAC of the parts under any of the keys. An empty key signs nothing. */
export async function isSigned(
  keys: readonly Part[],
  parts: readonly Part[],
  signatures: readonly Uint8Array[],
  algorithm: Algorithm = 'sha256',
): Promise<boolean> {
  const found: boolean[] = []
  for (const key of keys.filter((key) => key.length > 0)) {
    const mac = isLong(parts) ? await macOfLong(key, parts, algorithm) : macOf(key, parts, algorithm)
    found.push(...signatures.map((signature) => sameBytes(signature, mac)))
  }
  return found.includes(true)
}

/** As `macOf`, with turns for other requests. */
async function macOfLong(key: Part, parts: readonly Part[], algorithm: Algorithm): Promise<Uint8Array> {
  const hmac = createHmac(algorithm, key)
  for (const part of parts) await feed(hmac, bytesOf(part))
  return hmac.digest()
}

/** Takes a quarter of a millisecond. */
const longestShort = 262_144

const lengthOf = (parts: readonly Part[]): number => parts.reduce((sum, { length }) => sum + length, 0)

const isLong = (parts: readonly Part[]): boolean => lengthOf(parts) > longestShort

const bytesOf = (part: Part): Uint8Array => (typeof part === 'string' ? Buffer.from(part) : part)

/** Ed25519 (RFC 8032) over the parts; false for keys and signatures of a wrong length. */
export async function isSignedEd25519(
  publicKey: Uint8Array,
  parts: readonly Part[],
  signature: Uint8Array,
): Promise<boolean> {
  if (!isEd25519Key(publicKey) || signature.length !== 64) return false
  try {
    return isLong(parts)
      ? await isLongSigned(publicKey, parts, signature)
      : verify(null, Buffer.concat(parts.map(bytesOf)), ed25519Key(publicKey), signature)
  } catch {
    return false
  }
}

/** Ed25519 takes its message in one piece, and twice: of a long one WebCrypto does that on another thread. */
async function isLongSigned(
  publicKey: Uint8Array,
  parts: readonly Part[],
  signature: Uint8Array,
): Promise<boolean> {
  const { subtle } = crypto
  const key = await subtle.importKey('raw', Buffer.from(publicKey), 'Ed25519', false, ['verify'])
  return subtle.verify('Ed25519', key, Buffer.from(signature), await joined(parts))
}

/** The parts in one piece, copied in slices. */
async function joined(parts: readonly Part[]): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = parts.map(bytesOf)
  const whole = new Uint8Array(lengthOf(pieces))
  let at = 0
  const copy = {
    update(bytes: Uint8Array) {
      whole.set(bytes, at)
      at += bytes.length
    },
  }
  for (const piece of pieces) await feed(copy, piece)
  return whole
}

/** Whether signatures under these bytes would prove anything: under a key of small order anybody can make them. */
export const isEd25519Key = (publicKey: Uint8Array): boolean =>
  publicKey.length === 32 && !smallOrders.test(Buffer.from(publicKey).toString('hex'))

/** The y of every point whose order divides 8, with either sign, also as p or p + 1 (RFC 8032, 5.1). */
const smallOrders =
  /^(0[01](00){30}[08]0|e[cde](ff){30}[7f]f|(c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03|26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc)([7f]a|[08]5))$/

/** RSASSA-PKCS1-v1_5 (RFC 8017) over a text; false for keys of another kind. */
export function isSignedRsa(
  publicKey: KeyObject,
  text: string,
  signature: Uint8Array,
  hash: 'sha1' | 'sha256',
): boolean {
  try {
    return publicKey.asymmetricKeyType === 'rsa' && verify(hash, Buffer.from(text), publicKey, signature)
  } catch {
    return false
  }
}

const ed25519Key = (bytes: Uint8Array): KeyObject =>
  createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(bytes).toString('base64url') },
  })
