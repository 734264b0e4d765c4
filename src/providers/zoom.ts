import { macOf } from '../auth/mac.ts'
import { jsonAnswer, memberOfSmall } from './answer.ts'
import { hmacScheme } from './hmac.ts'
import type { Sender } from './sender.ts'

/** developers.zoom.us, "Using webhooks". */
const signature = hmacScheme({
  header: 'x-zm-signature',
  prefix: 'v0=',
  signed: 'v0:{timestamp}:{body}',
  timestampHeader: 'x-zm-request-timestamp',
})

export const zoom: Sender = {
  title: 'Zoom',
  scheme: {
    ...signature,
    ownSecret: true,
    /**
     * developers.zoom.us, "Validate your webhook endpoint". The answer is a MAC under the secret that verifies events:
     * without a signature and a narrow alphabet it would sign events for anybody.
     */
    handshake: (config, request) => {
      if (memberOfSmall(request, 'event') !== 'endpoint.url_validation') return undefined
      const plainToken = memberOfSmall(request, 'payload', 'plainToken')
      const secret = config.secrets.find((one) => signature.verify({ ...config, secrets: [one] }, request))
      if (secret === undefined || !isPlainToken(plainToken)) return undefined
      return jsonAnswer({
        plainToken,
        encryptedToken: Buffer.from(macOf(secret, [plainToken])).toString('hex'),
      })
    },
  },
  /** developers.zoom.us, "Resolving webhook delays": 200 or 204 or it is sent again. */
  respond: () => ({ status: 200 }),
  sample: {
    headers: {},
    body: { event: 'meeting.ended', payload: { object: { id: '1234567890', topic: 'Review' } } },
  },
}

const isPlainToken = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(value)
