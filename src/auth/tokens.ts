import { CompactSign, compactVerify } from 'jose'
import { channelOfOpened, openedBy } from '../domain/channel.ts'
import { type Claims, type GrantId, isVerb } from '../domain/grant.ts'
import type { CachedTokens } from '../domain/ports.ts'
import type { KeyRing, SigningKey } from './key-ring.ts'

interface TokenDeps {
  readonly keys: Pick<KeyRing, 'active' | 'find'>
  /** How many verified tokens are cached. */
  readonly cacheSize?: number
}

/**
 * Capability tokens: JWS compact (RFC 7515), HS256 only, one spelling for each grant. The cache holds that a signature is
 * good and what the token claims; whether its key still holds is looked up at every read.
 */
export function createTokens({ keys, cacheSize = 4096 }: TokenDeps): CachedTokens {
  const verified = new Map<string, { readonly key: SigningKey; readonly claims: Claims }>()

  const readCached = (token: string): Claims | undefined => {
    const known = verified.get(token)
    return known && keys.find(known.key.kid) === known.key ? known.claims : undefined
  }
  const remember = (token: string, key: SigningKey, claims: Claims) => {
    if (verified.size >= cacheSize) verified.delete(verified.keys().next().value ?? '')
    verified.set(token, { key, claims })
  }

  return {
    mint: (claims) => sign(claims, keys.active()),
    readCached,
    read: (token) => {
      const cached = readCached(token)
      return cached ? Promise.resolve(cached) : verify(token)
    },
  }

  async function verify(token: string): Promise<Claims | undefined> {
    const key = keys.find(kidOf(token) ?? '')
    const payload = await openJws(key ? token : decoy, key?.secret ?? decoyKey)
    const claims = key && payload && parseClaims(new TextDecoder().decode(payload))
    if (key && claims) remember(token, key, claims)
    return claims
  }
}

/**
 * The payload of a compact JWS in its one canonical spelling with a good HS256 signature, else undefined.
 * jose alone lets trailing bits, padding and whitespace pass.
 */
export async function openJws(token: string, secret: Uint8Array): Promise<Uint8Array | undefined> {
  const canonical = isCanonical(token) && secret.length >= minKeyBytes
  try {
    const { payload } = await compactVerify(canonical ? token : decoy, canonical ? secret : decoyKey, {
      algorithms: ['HS256'],
    })
    return canonical ? payload : undefined
  } catch {
    return undefined
  }
}

/** RFC 7518 section 3.2: a key at least as long as the hash. */
const minKeyBytes = 32
const maxTokenLength = 1024
const typ = 'postern+jwt'

function isCanonical(token: string): boolean {
  if (token.length > maxTokenLength) return false
  const segments = token.split('.')
  return segments.length === 3 && segments.every(isCanonicalSegment)
}

const isCanonicalSegment = (segment: string): boolean =>
  /^[A-Za-z0-9_-]+$/.test(segment) && Buffer.from(segment, 'base64url').toString('base64url') === segment

const headerOf = (kid: string): string => JSON.stringify({ alg: 'HS256', kid, typ })
const headerSpelling = /^\{"alg":"HS256","kid":"([0-9a-f]{16})","typ":"postern\+jwt"\}$/

/** The key a token names, when its header is to the letter one that we write. */
function kidOf(token: string): string | undefined {
  if (!isCanonical(token)) return undefined
  const header = Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString('latin1')
  return headerSpelling.exec(header)?.[1]
}

/** Verified in place of a token that cannot be one of ours, so that refusing either takes as long. */
const decoyKey = new Uint8Array(minKeyBytes)
const decoy = [
  headerOf('0'.repeat(16)),
  '{"jti":"0000000000000000","sub":"postern:/sessions/a","verb":"send_input"}',
  '0'.repeat(32),
]
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.')

const sign = (claims: Claims, key: SigningKey): Promise<string> =>
  new CompactSign(new TextEncoder().encode(payloadOf(claims)))
    .setProtectedHeader({ alg: 'HS256', kid: key.kid, typ })
    .sign(key.secret)

const payloadOf = (claims: Claims): string =>
  JSON.stringify({
    jti: claims.grant,
    sub: channelOfOpened(claims),
    verb: claims.verb,
    ...(claims.expiresAt !== undefined && { exp: claims.expiresAt }),
    ...(claims.serial !== undefined && { ser: claims.serial }),
  })

/** Claims of the right types, in exactly the spelling of `payloadOf`: no doubled, added or oddly written member passes. */
function parseClaims(text: string): Claims | undefined {
  const claims = typedClaims(parseJson(text))
  return claims && payloadOf(claims) === text ? claims : undefined
}

function typedClaims(payload: unknown): Claims | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined
  const { jti, sub, verb, exp, ser } = payload as Readonly<Record<string, unknown>>
  const opened = typeof sub === 'string' ? openedBy(sub) : undefined
  if (typeof jti !== 'string' || !/^[0-9a-f]{16}$/.test(jti)) return undefined
  if (opened === undefined || typeof verb !== 'string' || !isVerb(verb)) return undefined
  if (!(exp === undefined || isExpiry(exp)) || !(ser === undefined || isSerial(ser))) return undefined
  return {
    ...opened,
    grant: jti as GrantId,
    verb,
    ...(exp !== undefined && { expiresAt: exp }),
    ...(ser !== undefined && { serial: ser }),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whole Unix seconds that a Date can hold. */
const isExpiry = (exp: unknown): exp is number =>
  typeof exp === 'number' && Number.isInteger(exp) && exp > 0 && exp <= 8_640_000_000_000

/** Absent for the first token of a grant. */
const isSerial = (ser: unknown): ser is number => Number.isSafeInteger(ser) && Number(ser) > 0
