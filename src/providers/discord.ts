import { fromHex } from '../auth/encodings.ts'
import { isFresh, unixTime } from '../auth/freshness.ts'
import { isEd25519Key, isSignedEd25519 } from '../auth/mac.ts'
import { memberIn } from '../payload/json.ts'
import { emptyAnswer, jsonAnswer, memberOfSmall } from './answer.ts'
import { dated, single, vouched } from './request.ts'
import type { Sender, Verify } from './sender.ts'

/** discord.com/developers, "Setting up an endpoint": Ed25519 over time and body; the secret is the public key. */
const verify: Verify = (config, request) => {
  const time = single(request, 'x-signature-timestamp') ?? ''
  const signature = fromHex(single(request, 'x-signature-ed25519') ?? '')
  if (!signature || !isFresh(unixTime(time), request.now, config.toleranceSeconds ?? 300)) return undefined
  const keys = config.secrets.map((secret) => fromHex(secret.toLowerCase()) ?? new Uint8Array())
  return keys.some((key) => isSignedEd25519(key, [time, request.rawBody], signature))
    ? dated(request, time, vouched(memberIn(request.rawBody, 'id')))
    : undefined
}

export const discord: Sender = {
  title: 'Discord',
  scheme: {
    proof:
      'Ed25519 of `{timestamp}{body}` in `x-signature-ed25519`; the secret is the application’s public key',
    toleranceSeconds: 300,
    ownSecret: true,
    verify,
    /** discord.com/developers: interactions send a PING of type 1, webhook events one of type 0. */
    handshake: (_, request) => {
      const type = memberOfSmall(request, 'type')
      if (type === 1) return jsonAnswer({ type: 1 })
      return type === 0 ? emptyAnswer(204) : undefined
    },
    key: {
      what: "the application's public key, 64 hex digits",
      fits: (secret) => isEd25519Key(fromHex(secret.toLowerCase()) ?? new Uint8Array()),
      isPublic: true,
    },
  },
  sample: { headers: {}, body: { type: 2, id: '846462639134605312', data: { name: 'ask' } } },
}
