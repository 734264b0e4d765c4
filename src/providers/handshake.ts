import { macOf } from '../auth/mac.ts'
import { isSecret } from '../auth/secrets.ts'
import type { Scheme, VerifyConfig } from '../domain/verify.ts'
import { memberIn } from '../payload/json.ts'
import { type SignedRequest, single } from './request.ts'
import { verifySignature } from './verify.ts'

/** What a sender that tries out the address wants to hear. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * The answer to a handshake of the hook's own scheme; undefined when the request is none, or does not prove itself
 * where its scheme signs handshakes. What is answered here is no delivery. For any method; never throws.
 */
export const answerHandshake = (config: VerifyConfig, request: SignedRequest): Answer | undefined =>
  handshakes[config.scheme]?.(config, request)

type Handshake = (config: VerifyConfig, request: SignedRequest) => Answer | undefined

/** Only what its sender signed is worth an answer. */
const signed =
  (answer: Handshake): Handshake =>
  (config, request) => {
    const found = request.method === 'POST' ? answer(config, request) : undefined
    return found && verifySignature(config, request) ? found : undefined
  }

const handshakes: Readonly<Partial<Record<Scheme, Handshake>>> = {
  /** docs.github.com, "Webhook events: ping": sent once when a webhook is made. */
  github: signed((_, request) =>
    single(request, 'x-github-event') === 'ping' ? json({ status: 'pong' }) : undefined,
  ),

  /** docs.slack.dev, "url_verification". */
  slack: signed((_, { rawBody }) =>
    memberOfSmall(rawBody, 'type') === 'url_verification'
      ? text(memberOfSmall(rawBody, 'challenge'))
      : undefined,
  ),

  /**
   * developers.zoom.us, "Validate your webhook endpoint". The answer is a MAC under the secret that verifies events:
   * without a signature and a narrow alphabet it would sign events for anybody.
   */
  zoom: (config, request) => {
    const plainToken = memberOfSmall(request.rawBody, 'payload', 'plainToken')
    if (memberOfSmall(request.rawBody, 'event') !== 'endpoint.url_validation') return undefined
    const secret = config.secrets.find((one) => verifySignature({ ...config, secrets: [one] }, request))
    if (secret === undefined || !isPlainToken(plainToken)) return undefined
    return json({ plainToken, encryptedToken: Buffer.from(macOf(secret, [plainToken])).toString('hex') })
  },

  /** discord.com/developers: interactions send a PING of type 1, webhook events one of type 0. */
  discord: signed((_, { rawBody }) => {
    const type = memberOfSmall(rawBody, 'type')
    if (type === 1) return json({ type: 1 })
    return type === 0 ? { status: 204, headers: {}, body: '' } : undefined
  }),

  /** dev.twitch.tv, "Responding to a challenge request". */
  twitch: signed((_, request) =>
    single(request, 'twitch-eventsub-message-type') === 'webhook_callback_verification'
      ? text(memberOfSmall(request.rawBody, 'challenge'))
      : undefined,
  ),

  /** developers.facebook.com, "Webhooks: verification requests". */
  meta: (config, request) => {
    const query = request.method === 'GET' ? queryOf(request) : undefined
    const expected = config.verifyToken === undefined ? config.secrets : [config.verifyToken]
    return query?.get('hub.mode') === 'subscribe' && isSecret(query.get('hub.verify_token') ?? '', expected)
      ? text(query.get('hub.challenge'))
      : undefined
  },

  /** dropbox.com/developers, "The verification request". */
  dropbox: (_, request) => (request.method === 'GET' ? text(queryOf(request)?.get('challenge')) : undefined),

  /** learn.microsoft.com, "notificationUrl validation". */
  'microsoft-graph': (_, request) =>
    request.method === 'POST' ? text(queryOf(request)?.get('validationToken')) : undefined,
}

/** Handshakes are small: a long body is not worth a parse of its own. */
const memberOfSmall = (rawBody: Uint8Array, ...path: readonly string[]): unknown =>
  rawBody.length <= 16_384 ? memberIn(rawBody, ...path) : undefined

const isPlainToken = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(value)

function queryOf({ url }: SignedRequest): URLSearchParams | undefined {
  const start = url.indexOf('?')
  return start < 0 ? undefined : new URLSearchParams(url.slice(start))
}

/** A challenge given back as text that no browser takes for anything else. */
function text(challenge: unknown): Answer | undefined {
  if (typeof challenge !== 'string' || !/^[\x20-\x7e]{1,2048}$/.test(challenge)) return undefined
  return { status: 200, headers: { 'content-type': 'text/plain', ...still }, body: challenge }
}

const json = (body: object): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/json', ...still },
  body: JSON.stringify(body),
})

const still = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'",
}
