import { nodeCrypto } from './node-crypto.ts'

/** Whether one of the secrets was presented, in constant time. The empty text is never a secret. */
export const isSecret = (presented: string, secrets: readonly string[]): boolean =>
  secrets.map((secret) => sameText(presented, secret)).includes(true)

/** Equal and not empty. */
export function sameText(presented: string, secret: string): boolean {
  const same = nodeCrypto().timingSafeEqual(digestOf(presented), digestOf(secret))
  return same && secret !== ''
}

/** Equal and not empty; bytes of one fixed length, such as signatures. */
export const sameBytes = (presented: Uint8Array, expected: Uint8Array): boolean =>
  expected.length > 0 &&
  presented.length === expected.length &&
  nodeCrypto().timingSafeEqual(presented, expected)

/** The credential of an `Authorization: Bearer` header (RFC 6750), else undefined. */
export const bearerIn = (authorization: string | undefined): string | undefined =>
  /^bearer +(.+)$/i.exec(authorization ?? '')?.[1]

interface BasicCredentials {
  readonly username: string
  readonly password: string
}

/** The credentials of an `Authorization: Basic` header (RFC 7617, UTF-8, canonical base64), else undefined. */
export function basicIn(authorization: string | undefined): BasicCredentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '')?.[1] ?? ''
  const bytes = Buffer.from(encoded, 'base64')
  const text = bytes.toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0 || bytes.toString('base64') !== encoded) return undefined
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** What is kept of a host's token: SHA-256 in hexadecimal. It has 32 random bytes, which no list of guesses holds. */
export const hashOfToken = (token: string): string => digestOf(token).toString('hex')

const digestOf = (text: string): Buffer => nodeCrypto().createHash('sha256').update(text).digest()
