import { fromBase64, fromHex } from '../auth/encodings.ts'
import { isFresh, unixTime } from '../auth/freshness.ts'
import { isSigned, type Part } from '../auth/mac.ts'
import { type Algorithm, type Encoding, placeholder, type VerifyConfig } from '../domain/verify.ts'
import { type Check, claimed, dated, type SignedRequest, single, type Verified } from './request.ts'

/** One HMAC in one header over one string: what most senders do. */
export interface Recipe {
  readonly header: string
  readonly prefix?: string | undefined
  readonly encoding?: Encoding | undefined
  /** Some write hex in capitals; vendors with a row of their own do not. */
  readonly anyCase?: boolean
  readonly algorithm?: Algorithm | undefined
  /** As `VerifyConfig.signed`. */
  readonly signed?: string | undefined
  readonly timestampHeader?: string | undefined
  readonly readTime?: (text: string) => number | undefined
  readonly toleranceSeconds?: number
  /** A header with the sender's delivery id; nobody signs it unless `deliveryId` says otherwise. */
  readonly idHeader?: string | undefined
  readonly deliveryId?: (request: SignedRequest) => Verified
}

export const following =
  (recipe: Recipe): Check =>
  (config, request) =>
    verifyRecipe(recipe, config, request)

/** Verifies one request; the configured tolerance and address come before the recipe's. */
export function verifyRecipe(
  recipe: Recipe,
  config: VerifyConfig,
  request: SignedRequest,
): Verified | undefined {
  const signature = signatureIn(recipe, request)
  const time = timeIn(recipe, config, request)
  const parts = time === undefined ? undefined : partsOf(recipe, config, request, time)
  if (!signature || !parts || !isSigned(config.secrets, parts, [signature], recipe.algorithm))
    return undefined
  const verified = identified(recipe, request)
  return time === undefined || time === '' ? verified : dated(request, time, verified)
}

const identified = ({ deliveryId, idHeader }: Recipe, request: SignedRequest): Verified =>
  deliveryId ? deliveryId(request) : claimed(request, idHeader && single(request, idHeader))

function signatureIn(recipe: Recipe, request: SignedRequest): Uint8Array | undefined {
  const { header, prefix = '', encoding = 'hex', anyCase } = recipe
  const value = single(request, header)
  if (!value?.startsWith(prefix)) return undefined
  const text = value.slice(prefix.length)
  if (encoding === 'base64') return fromBase64(text)
  return fromHex(anyCase && text === text.toUpperCase() ? text.toLowerCase() : text)
}

/** The time as it was spelled, empty where the recipe has none, undefined when it is missing or not fresh. */
function timeIn(recipe: Recipe, config: VerifyConfig, request: SignedRequest): string | undefined {
  const { timestampHeader, readTime = unixTime, toleranceSeconds = 300 } = recipe
  if (timestampHeader === undefined) return ''
  const text = single(request, timestampHeader) ?? ''
  return isFresh(readTime(text), request.now, config.toleranceSeconds ?? toleranceSeconds) ? text : undefined
}

/** The string to sign, piece by piece, or undefined when a header in it is missing. */
function partsOf(
  { signed = '{body}' }: Recipe,
  config: VerifyConfig,
  request: SignedRequest,
  time: string,
): readonly Part[] | undefined {
  const parts = signed
    .split(new RegExp(placeholder, 'g'))
    .map((piece, index) => (index % 2 === 0 ? piece : partNamed(piece, config, request, time)))
  return parts.some((part) => part === undefined) ? undefined : parts.filter((part) => part !== undefined)
}

function partNamed(
  name: string,
  config: VerifyConfig,
  request: SignedRequest,
  time: string,
): Part | undefined {
  switch (name) {
    case 'body':
      return request.rawBody
    case 'timestamp':
      return time === '' ? undefined : time
    case 'url':
      return config.url ?? request.url
    case 'method':
      return request.method
    default:
      return single(request, name.slice('header:'.length))
  }
}
