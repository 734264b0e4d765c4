/** Every way a sender can prove itself at a hook. */
export const schemes = [
  'bearer',
  'basic',
  'hmac',
  'standard-webhooks',
  'svix',
  'github',
  'gitlab',
  'gitea',
  'bitbucket',
  'stripe',
  'slack',
  'linear',
  'shopify',
  'sentry',
  'pagerduty',
  'grafana',
  'discord',
  'zoom',
  'meta',
  'twitch',
  'dropbox',
  'square',
  'microsoft-graph',
] as const

export type Scheme = (typeof schemes)[number]
export type Algorithm = 'sha256' | 'sha1' | 'sha512'
export type Encoding = 'hex' | 'base64'

/** How one hook's senders prove themselves. A field that a scheme does not read means nothing to it. */
export interface VerifyConfig {
  readonly scheme: Scheme
  /**
   * Shared secrets, any of which verifies, newest first. For `discord` and `whpk_…` keys they are public keys; for
   * `basic`, passwords. Empty strings never verify.
   */
  readonly secrets: readonly string[]
  /** How far the sender's clock may be off, both ways, where the scheme has a time. Default: what the vendor says. */
  readonly toleranceSeconds?: number
  /** `hmac`: the header that carries the signature. `grafana`, `bearer`: when it is not the usual one. */
  readonly header?: string
  /** `hmac`, `bearer` with a header of its own: what precedes the signature or secret, for example `sha256=`. */
  readonly prefix?: string
  /** `hmac`: default `hex`. */
  readonly encoding?: Encoding
  /** `hmac`: default `sha256`. */
  readonly algorithm?: Algorithm
  /** `hmac`: the string to sign, of `{body}`, `{timestamp}`, `{url}`, `{method}`, `{header:name}`. Default `{body}`. */
  readonly signed?: string
  /** `hmac`, `grafana`: the header with the Unix time (seconds or milliseconds) that `{timestamp}` stands for. */
  readonly timestampHeader?: string
  /** `basic`: the user name. */
  readonly username?: string
  /** `hmac`, `bearer`, `basic`: the header with the sender's own delivery id. */
  readonly idHeader?: string
  /** `square`, `hmac` with `{url}`: the address as the sender knows it. Default: the request's own. */
  readonly url?: string
  /** `meta`: what its handshake must present. Default: any of `secrets`. */
  readonly verifyToken?: string
}

/** Shortest shared secret that may guard a hook, in characters. */
export const minSecretLength = 16

/** What `{…}` may stand for in `signed`. */
export const placeholder = /\{(body|timestamp|url|method|header:[A-Za-z0-9-]+)\}/

/** Why nothing could ever verify with this configuration, as a sentence; undefined when something can. */
export function flawOf(config: VerifyConfig): string | undefined {
  const { scheme, secrets, toleranceSeconds: tolerance } = config
  if (secrets.length === 0 || secrets.includes('')) return 'needs a secret that is not empty'
  if (tolerance !== undefined && !(tolerance > 0)) return 'toleranceSeconds must be more than 0'
  if (scheme === 'hmac') return flawOfHmac(config)
  if (scheme === 'basic' && !config.username) return 'basic needs a username'
  if (scheme === 'discord' && !secrets.every(isEd25519Hex))
    return 'discord needs the application’s public key, 64 hex digits, as its secret'
  if ((scheme === 'standard-webhooks' || scheme === 'svix') && !secrets.every(isStandardKey))
    return `${scheme} needs secrets as the sender shows them: whsec_ and base64`
  return undefined
}

function flawOfHmac({ header, signed = '{body}', timestampHeader }: VerifyConfig): string | undefined {
  if (header === undefined) return 'hmac needs the name of the header with the signature'
  if (!signed.includes('{body}')) return 'hmac must sign {body}, or anybody could replace it'
  if (signed.includes('{timestamp}') && timestampHeader === undefined)
    return 'hmac needs timestampHeader for {timestamp}'
  const rest = signed.replaceAll(new RegExp(placeholder, 'g'), '')
  const unknown = /\{[\w:-]*\}/.exec(rest)
  return unknown ? `hmac knows no ${unknown[0]} to sign` : undefined
}

const isEd25519Hex = (secret: string): boolean => /^[0-9a-f]{64}$/i.test(secret)

const isStandardKey = (secret: string): boolean =>
  /^(whsec_|whpk_)?(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}(==)?|[A-Za-z0-9+/]{3}=?)?$/.test(secret)
