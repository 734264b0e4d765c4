import { fromBase64, fromHex } from '../auth/encodings.ts'
import { isFresh, unixTime } from '../auth/freshness.ts'
import { isSigned, isSignedEd25519, type Part } from '../auth/mac.ts'
import { isSecret } from '../auth/secrets.ts'
import { memberIn } from '../payload/json.ts'
import { type Check, claimed, dated, type SignedRequest, single, type Verified, vouched } from './request.ts'

/** standardwebhooks.com: `v1,<base64>` HMAC and `v1a,<base64>` Ed25519, space-separated. */
export const standardWebhooks: Check = (config, request) =>
  verifyStandard('webhook', config.secrets, config.toleranceSeconds, request)

/** docs.svix.com: the same under Svix's own header names, or the standard ones where those are absent. */
export const svix: Check = (config, request) => {
  const brand = request.header('svix-signature') === undefined ? 'webhook' : 'svix'
  return verifyStandard(brand, config.secrets, config.toleranceSeconds, request)
}

/**
 * docs.gitlab.com, "Webhooks": a signing token (`whsec_…`) by the Standard Webhooks scheme, a secret token sent as it
 * is. Each secret opens in its own way only, so that a signed hook cannot be talked down to a bare token.
 */
export const gitlab: Check = (config, request) => {
  const signing = config.secrets.filter((secret) => secret.startsWith('whsec_'))
  const signed = verifyStandard('webhook', signing, config.toleranceSeconds, request)
  if (signed) return signed
  const plain = config.secrets.filter((secret) => !secret.startsWith('whsec_'))
  return isSecret(single(request, 'x-gitlab-token') ?? '', plain)
    ? claimed(request, single(request, 'idempotency-key') ?? single(request, 'x-gitlab-event-uuid'))
    : undefined
}

/** discord.com/developers, "Setting up an endpoint": Ed25519 over time and body; the secret is the public key. */
export const discord: Check = (config, request) => {
  const time = single(request, 'x-signature-timestamp') ?? ''
  const signature = fromHex(single(request, 'x-signature-ed25519') ?? '')
  if (!signature || !isFresh(unixTime(time), request.now, config.toleranceSeconds ?? 300)) return undefined
  const keys = config.secrets.map((secret) => fromHex(secret.toLowerCase()) ?? new Uint8Array())
  return keys.some((key) => isSignedEd25519(key, [time, request.rawBody], signature))
    ? dated(request, time, vouched(memberIn(request.rawBody, 'id')))
    : undefined
}

function verifyStandard(
  brand: 'webhook' | 'svix',
  secrets: readonly string[],
  toleranceSeconds: number | undefined,
  request: SignedRequest,
): Verified | undefined {
  const [id, time, list] = ['id', 'timestamp', 'signature'].map((name) => single(request, `${brand}-${name}`))
  if (!id || !time || !list || !isFresh(secondsOf(time), request.now, toleranceSeconds ?? 300))
    return undefined
  if (!/^[!-~]+( [!-~]+)*$/.test(list)) return undefined
  const parts = [id, '.', time, '.', request.rawBody]
  return hasMac(secrets, parts, list) || hasEd25519(secrets, parts, list) ? vouched(id) : undefined
}

const secondsOf = (text: string): number | undefined => (text.length > 10 ? undefined : unixTime(text))

const hasMac = (secrets: readonly string[], parts: readonly Part[], list: string): boolean =>
  isSigned(keysOf(secrets, 'whsec_'), parts, signaturesIn(list, 'v1'))

const hasEd25519 = (secrets: readonly string[], parts: readonly Part[], list: string): boolean =>
  keysOf(
    secrets.filter((secret) => secret.startsWith('whpk_')),
    'whpk_',
  ).some((key) => signaturesIn(list, 'v1a').some((signature) => isSignedEd25519(key, parts, signature)))

/** The keys that secrets spell in base64, with or without their prefix and padding. */
const keysOf = (secrets: readonly string[], prefix: string): readonly Uint8Array[] =>
  secrets
    .map((secret) => (secret.startsWith(prefix) ? secret.slice(prefix.length) : secret))
    .map((text) => fromBase64(text.padEnd(Math.ceil(text.length / 4) * 4, '=')))
    .filter((key) => key !== undefined)

/** More than any rotation needs; each one costs a comparison. */
const maxSignatures = 16

const signaturesIn = (list: string, version: string): readonly Uint8Array[] =>
  list
    .split(' ')
    .slice(0, maxSignatures)
    .filter((entry) => entry.startsWith(`${version},`))
    .map((entry) => fromBase64(entry.slice(version.length + 1)))
    .filter((signature) => signature !== undefined)
