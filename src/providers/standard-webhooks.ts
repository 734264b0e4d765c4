import { fromBase64 } from '../auth/encodings.ts'
import { isFresh, unixTime } from '../auth/freshness.ts'
import { isEd25519Key, isSigned, isSignedEd25519, macOf, type Part } from '../auth/mac.ts'
import { minSecretLength, type VerifyConfig } from '../domain/verify.ts'
import { type RequestHead, type SignedRequest, single, type Verified, vouched } from './request.ts'
import type { Scheme, Sender, Sign, Unproven } from './sender.ts'
import { flawOfTime, missingHeader, wrongSignature } from './unproven.ts'

type Brand = 'webhook' | 'svix'

const schemeUnder = (brandOf: (request: RequestHead) => Brand, brand: Brand): Scheme => ({
  proof: `\`v1,\` HMAC-SHA256 or \`v1a,\` Ed25519 in \`${brand}-signature\``,
  toleranceSeconds: 300,
  ownSecret: true,
  verify: (config, request) => verifyStandard(config, request, brandOf(request)),
  whyNot: (config, request) => {
    const sent = brandOf(request)
    const isThere = request.header(`${sent}-signature`) !== undefined
    return whyNotStandard(config, request, isThere ? sent : brand)
  },
  idIn: (_, request) => single(request, `${brandOf(request)}-id`),
  sign: (config, request) => signStandard(config, request, brand),
  key: {
    what: 'the signing secret as the sender shows it, whsec_ and base64 of 16 bytes or more',
    fits: isStandardKey,
  },
})

const sample = { headers: {}, body: { type: 'invoice.paid', data: { id: 'in_1' } } }

/** standardwebhooks.com: `v1,<base64>` HMAC and `v1a,<base64>` Ed25519, space-separated. */
export const standardWebhooks: Sender = {
  title: 'Standard Webhooks',
  scheme: schemeUnder(() => 'webhook', 'webhook'),
  sample,
}

/** docs.svix.com: the same under Svix's own header names, or the standard ones where those are absent. */
export const svix: Sender = {
  title: 'Svix',
  scheme: schemeUnder(
    (request) => (request.header('svix-signature') === undefined ? 'webhook' : 'svix'),
    'svix',
  ),
  sample,
}

export function isStandardKey(secret: string): boolean {
  const isPublic = secret.startsWith('whpk_')
  const [key] = keysOf([secret], isPublic ? 'whpk_' : 'whsec_')
  return key !== undefined && (isPublic ? isEd25519Key(key) : key.length >= minSecretLength)
}

export async function verifyStandard(
  { secrets, toleranceSeconds = 300 }: Pick<VerifyConfig, 'secrets' | 'toleranceSeconds'>,
  request: SignedRequest,
  brand: Brand = 'webhook',
): Promise<Verified | undefined> {
  const [id, time] = ['id', 'timestamp'].map((name) => single(request, `${brand}-${name}`))
  const list = request.header(`${brand}-signature`)
  if (!id || !time || !list || !isFresh(secondsOf(time), request.now, toleranceSeconds)) return undefined
  if (!/^[!-~]+( [!-~]+)*$/.test(list)) return undefined
  const parts = [id, '.', time, '.', request.rawBody]
  const isProven = (await hasMac(secrets, parts, list)) || (await hasEd25519(secrets, parts, list))
  return isProven ? vouched(id) : undefined
}

export function whyNotStandard(
  { toleranceSeconds = 300 }: Pick<VerifyConfig, 'toleranceSeconds'>,
  request: SignedRequest,
  brand: Brand = 'webhook',
): Unproven {
  const missing = ['id', 'timestamp', 'signature']
    .map((name) => missingHeader(request, `${brand}-${name}`))
    .find((flaw) => flaw !== undefined)
  const time = secondsOf(single(request, `${brand}-timestamp`) ?? '')
  return missing ?? flawOfTime(time, request.now, toleranceSeconds) ?? wrongSignature
}

export function signStandard(
  { secrets }: VerifyConfig,
  { now, rawBody }: SignedRequest,
  brand: Brand = 'webhook',
): ReturnType<Sign> {
  if (secrets[0]?.startsWith('whpk_')) return undefined
  const [id, time] = [`msg_${now}`, String(Math.floor(now / 1000))]
  const [key = ''] = keysOf(secrets, 'whsec_')
  const mac = Buffer.from(macOf(key, [id, '.', time, '.', rawBody])).toString('base64')
  return { [`${brand}-id`]: id, [`${brand}-timestamp`]: time, [`${brand}-signature`]: `v1,${mac}` }
}

const secondsOf = (text: string): number | undefined => (text.length > 10 ? undefined : unixTime(text))

const hasMac = (secrets: readonly string[], parts: readonly Part[], list: string): Promise<boolean> =>
  isSigned(keysOf(secrets, 'whsec_'), parts, signaturesIn(list, 'v1'))

async function hasEd25519(
  secrets: readonly string[],
  parts: readonly Part[],
  list: string,
): Promise<boolean> {
  const publicKeys = secrets.filter((secret) => secret.startsWith('whpk_'))
  for (const key of keysOf(publicKeys, 'whpk_'))
    for (const signature of signaturesIn(list, 'v1a'))
      if (await isSignedEd25519(key, parts, signature)) return true
  return false
}

/** The keys that secrets spell in base64, with or without their prefix and padding. */
const keysOf = (secrets: readonly string[], prefix: string): readonly Uint8Array[] =>
  secrets
    .map((secret) => (secret.startsWith(prefix) ? secret.slice(prefix.length) : secret))
    .map((text) => fromBase64(text.padEnd(Math.ceil(text.length / 4) * 4, '=')))
    .filter((key) => key !== undefined)

/** More than any rotation needs; each one costs a comparison. */
const maxSignatures = 16

const signaturesIn = (list: string, version: string): readonly Uint8Array[] =>
  entriesIn(list)
    .filter(([of]) => of === version)
    .map(([, signature = '']) => fromBase64(signature))
    .filter((signature) => signature !== undefined)

/** Proxies join two header lines by `, `, and some put a space behind every comma (RFC 9110, 5.3). */
const entriesIn = (list: string): readonly (readonly string[])[] =>
  list
    .replaceAll(', ', ',')
    .split(' ')
    .map((entry) => entry.split(','))
    .filter((parts) => parts.length % 2 === 0)
    .flatMap((parts) => parts.flatMap((part, at) => (at % 2 === 0 ? [[part, parts[at + 1] ?? '']] : [])))
    .slice(0, maxSignatures)
