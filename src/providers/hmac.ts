import { fromBase64, fromHex } from '../auth/encodings.ts'
import { isFresh, unixTime } from '../auth/freshness.ts'
import { isSigned, macOf, type Part } from '../auth/mac.ts'
import type { Algorithm, Encoding, VerifyConfig } from '../domain/verify.ts'
import { claimed, dated, type SignedRequest, single, type Verified } from './request.ts'
import type { Flaw, Scheme, Sender, Sign, Unproven, Verify } from './sender.ts'
import { flawOfSignedText, placeholder } from './signed-text.ts'
import { flawOfHeader, flawOfTime, lacks, wrong, wrongSignature } from './unproven.ts'

/** One HMAC in one header over one string: what most senders do. */
export interface Recipe {
  readonly header: string
  readonly prefix?: string | undefined
  readonly encoding?: Encoding | undefined
  /** Some write hex in capitals; senders with a file of their own do not. */
  readonly anyCase?: boolean
  readonly algorithm?: Algorithm | undefined
  /** As `VerifyConfig.signed`. */
  readonly signed?: string | undefined
  readonly timestampHeader?: string | undefined
  readonly readTime?: (text: string) => number | undefined
  readonly writeTime?: (now: number) => string
  readonly toleranceSeconds?: number
  /** The key that a secret spells; the text itself where nothing is given. */
  readonly keyOf?: (secret: string) => Part | undefined
  /** A header with the sender's delivery id; nobody signs it unless `deliveryId` says otherwise. */
  readonly idHeader?: string | undefined
  readonly deliveryId?: (request: SignedRequest) => Verified
}

export const defaultTolerance = 300

export type HmacScheme = Omit<Scheme, 'verify' | 'sign'> & { readonly verify: Verify; readonly sign: Sign }

/** The scheme of senders whose recipe is always the same. */
export const hmacScheme = (recipe: Recipe): HmacScheme => ({
  proof: `HMAC-${(recipe.algorithm ?? 'sha256').toUpperCase()} of \`${recipe.signed ?? '{body}'}\` in \`${recipe.header}\``,
  ...(recipe.timestampHeader !== undefined && {
    toleranceSeconds: recipe.toleranceSeconds ?? defaultTolerance,
  }),
  options: recipe.signed?.includes('{url}') ? ['url'] : [],
  ...configuredHmac(() => recipe),
})

/** Both directions of a recipe that depends on the configuration; undefined where that names no header. */
export const configuredHmac = (
  recipeOf: (config: VerifyConfig) => Recipe | undefined,
): Pick<HmacScheme, 'verify' | 'sign' | 'whyNot' | 'idIn'> => ({
  verify: async (config, request) => {
    const recipe = recipeOf(config)
    return recipe && verifyRecipe(recipe, config, request)
  },
  whyNot: (config, request) => {
    const recipe = recipeOf(config)
    return recipe ? whyNotRecipe(recipe, config, request) : lacks('no header is configured')
  },
  sign: (config, request) => {
    const recipe = recipeOf(config)
    return recipe ? signRecipe(recipe, config, request) : {}
  },
  idIn: (config, request) => {
    const { deliveryId, idHeader } = recipeOf(config) ?? {}
    return deliveryId ? deliveryId(request).deliveryId : idHeader && single(request, idHeader)
  },
})

/** The configured tolerance and address come before the recipe's. */
async function verifyRecipe(
  recipe: Recipe,
  config: VerifyConfig,
  request: SignedRequest,
): ReturnType<Verify> {
  const signature = signatureIn(recipe, request)
  const time = timeIn(recipe, config, request)
  const parts = time === undefined ? undefined : partsOf(recipe, config, request, time)
  if (!signature || !parts || !(await isSigned(keysOf(recipe, config), parts, [signature], recipe.algorithm)))
    return undefined
  const verified = await identified(recipe, request)
  return time === undefined || time === '' ? verified : dated(request, time, verified)
}

function whyNotRecipe(recipe: Recipe, config: VerifyConfig, request: SignedRequest): Unproven {
  const { header, prefix = '', encoding = 'hex', timestampHeader, readTime = unixTime } = recipe
  const missing = [header, timestampHeader ?? header, ...headersSigned(recipe)]
    .map((name) => flawOfHeader(request, name))
    .find((flaw) => flaw !== undefined)
  if (missing) return missing
  if (!signatureIn(recipe, request))
    return wrong(`header ${header} is not ${prefix === '' ? '' : `${prefix} and `}${encoding}`)
  const time = timestampHeader === undefined ? undefined : readTime(single(request, timestampHeader) ?? '')
  const tolerance = config.toleranceSeconds ?? recipe.toleranceSeconds ?? defaultTolerance
  const late = timestampHeader === undefined ? undefined : flawOfTime(time, request.now, tolerance)
  return late ?? wrongSignature
}

const headersSigned = ({ signed = '' }: Recipe): readonly string[] =>
  [...signed.matchAll(/\{header:([A-Za-z0-9-]+)\}/g)].map(([, name = '']) => name)

function signRecipe(recipe: Recipe, config: VerifyConfig, request: SignedRequest): Record<string, string> {
  const { header, prefix = '', encoding = 'hex', timestampHeader, writeTime = inSeconds } = recipe
  const time = timestampHeader === undefined ? '' : writeTime(request.now)
  const [key = ''] = keysOf(recipe, config)
  const parts = partsOf(recipe, config, request, time) ?? []
  const mac = Buffer.from(macOf(key, parts, recipe.algorithm)).toString(encoding)
  return { [header]: prefix + mac, ...(timestampHeader !== undefined && { [timestampHeader]: time }) }
}

const inSeconds = (now: number): string => String(Math.floor(now / 1000))

const keysOf = ({ keyOf = (secret) => secret }: Recipe, { secrets }: VerifyConfig): readonly Part[] =>
  secrets.map(keyOf).filter((key) => key !== undefined)

const identified = async ({ deliveryId, idHeader }: Recipe, request: SignedRequest): Promise<Verified> =>
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
  const { timestampHeader, readTime = unixTime, toleranceSeconds = defaultTolerance } = recipe
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
    .split(placeholder)
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

/** Any other sender of one HMAC. */
export const hmac: Sender = {
  title: 'any sender of one HMAC',
  scheme: {
    proof: 'HMAC of `signed` in `header`',
    ...configuredHmac((config) =>
      config.header === undefined
        ? undefined
        : { ...config, header: config.header, toleranceSeconds: defaultTolerance, anyCase: true },
    ),
    needs: ['header'],
    options: [
      ...(['prefix', 'encoding', 'algorithm', 'signed', 'timestampHeader'] as const),
      ...(['toleranceSeconds', 'url', 'idHeader'] as const),
    ],
    flaw: flawOfHmac,
  },
  sample: { headers: {}, body: { text: 'Hello' }, verify: { header: 'X-Signature' } },
}

function flawOfHmac(config: VerifyConfig): Flaw | undefined {
  const { header = '', signed = '{body}', timestampHeader, idHeader, url } = config
  const text = flawOfSignedText(signed)
  if (text) return text
  if (idHeader?.toLowerCase() === header.toLowerCase())
    return { option: 'idHeader', what: 'is the header of the signature, which names no delivery' }
  if (signed.includes('{timestamp}') && timestampHeader === undefined)
    return { option: 'timestampHeader', what: 'is missing, and signed holds {timestamp}' }
  if (timestampHeader?.toLowerCase() === header.toLowerCase())
    return { option: 'timestampHeader', what: 'is the header of the signature' }
  if (signed.toLowerCase().includes(`{header:${header.toLowerCase()}}`))
    return { option: 'signed', what: 'holds the header of the signature, which cannot sign itself' }
  if (!signed.includes('{timestamp}') && timestampHeader !== undefined)
    return {
      option: 'timestampHeader',
      what: 'proves nothing unless signed holds {timestamp}',
      harmless: true,
    }
  if (!signed.includes('{url}') && url !== undefined)
    return { option: 'url', what: 'means nothing unless signed holds {url}', harmless: true }
  return flawOfTolerance(config)
}

/** The tolerance of a scheme whose time is optional. */
export const flawOfTolerance = ({ timestampHeader, toleranceSeconds }: VerifyConfig): Flaw | undefined =>
  timestampHeader === undefined && toleranceSeconds !== undefined
    ? { option: 'toleranceSeconds', what: 'means nothing without timestampHeader', harmless: true }
    : undefined
