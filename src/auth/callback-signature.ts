import { fromBase64 } from './encodings.ts'
import { macOf, type Part } from './mac.ts'

/** A callback to be signed. */
interface OutgoingCallback {
  /** The same for every attempt at one callback: the delivery's id. */
  readonly id: string
  /** Of this attempt, Unix seconds. */
  readonly timestamp: number
  readonly body: string | Uint8Array
  /**
   * Newest first; one signature each, so that receivers can rotate. `whsec_…` holds the key in base64; any other text
   * is the key as it stands, in UTF-8 (receivers' libraries call that the raw format). Empty ones sign nothing.
   */
  readonly secrets: readonly string[]
}

/** The headers of standardwebhooks.com for one callback; without a usable secret it carries no signature. */
export function signCallback({
  id,
  timestamp,
  body,
  secrets,
}: OutgoingCallback): Readonly<Record<string, string>> {
  const parts = [`${id}.${timestamp}.`, body]
  const signatures = secrets
    .map(keyOf)
    .filter((key) => key.length > 0)
    .map((key) => `v1,${Buffer.from(macOf(key, parts)).toString('base64')}`)
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    ...(signatures.length > 0 && { 'webhook-signature': signatures.join(' ') }),
  }
}

const keyOf = (secret: string): Part =>
  secret.startsWith('whsec_') ? (fromBase64(secret.slice('whsec_'.length)) ?? secret) : secret
