export type Algorithm = 'sha256' | 'sha1' | 'sha512'
export type Encoding = 'hex' | 'base64'

/** How one hook's senders prove themselves. A field that a scheme does not read means nothing to it. */
export interface VerifyConfig {
  /** A name in the table of senders. */
  readonly scheme: string
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
  /** `amazon-sns`: the one topic whose messages are taken. */
  readonly topicArn?: string
  /** `meta`: what its handshake must present. Default: any of `secrets`. */
  readonly verifyToken?: string
}

/** Shortest shared secret that may guard a hook, in characters. */
export const minSecretLength = 16
