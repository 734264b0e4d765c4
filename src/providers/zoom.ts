import { macOf } from '../auth/mac.ts'
import type { VerifyConfig } from '../domain/verify.ts'
import { jsonAnswer, memberOfSmall } from './answer.ts'
import { hmacScheme } from './hmac.ts'
import { firstLine, firstText, given, line, lines, textAt } from './preset.ts'
import type { SignedRequest } from './request.ts'
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
    handshake: async (config, request) => {
      if (memberOfSmall(request, 'event') !== 'endpoint.url_validation') return undefined
      const plainToken = memberOfSmall(request, 'payload', 'plainToken')
      const secret = await verifying(config, request)
      if (secret === undefined || !isPlainToken(plainToken)) return undefined
      return jsonAnswer({
        plainToken,
        encryptedToken: Buffer.from(macOf(secret, [plainToken])).toString('hex'),
      })
    },
  },
  /** developers.zoom.us, "Resolving webhook delays": 200 or 204 or it is sent again. */
  respond: () => ({ status: 200 }),
  /** developers.zoom.us, "Webhook reference": `payload.object` is what the event is about. */
  preset: {
    eventOf: (payload) => textAt(payload, 'event'),
    derive: (payload) => ({
      title: firstLine(firstText(payload, 'payload.object.topic', 'payload.object.display_name')),
      person: firstText(payload, 'payload.object.participant.user_name', 'payload.operator'),
      page: textAt(payload, 'payload.object.share_url'),
    }),
    messages: {
      'meeting.started': 'it has only begun; meeting.ended tells of its end',
      'webinar.started': 'it has only begun; webinar.ended tells of its end',
      'recording.started': 'it has only begun; recording.completed tells of its end',
      'meeting.participant_joined': 'somebody came',
      'meeting.participant_left': 'somebody left',
      'webinar.participant_joined': 'somebody came',
      'webinar.participant_left': 'somebody left',
    },
    otherwise: {
      template: lines(
        `Zoom: {{event}}{{^event}}an event without a type{{/event}}${given(': ', 'title')}${given(' (', 'payload.object.id', ')')}${given(', ', 'person')}`,
        line('page'),
      ),
    },
  },
  sample: {
    headers: {},
    body: { event: 'meeting.ended', payload: { object: { id: '1234567890', topic: 'Review' } } },
  },
}

/** The first secret under which the request verifies. */
async function verifying(config: VerifyConfig, request: SignedRequest): Promise<string | undefined> {
  for (const secret of config.secrets)
    if (await signature.verify({ ...config, secrets: [secret] }, request)) return secret
  return undefined
}

const isPlainToken = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(value)
