import { rfc3339Time } from '../auth/freshness.ts'
import { memberOfSmall, textAnswer } from './answer.ts'
import { hmacScheme } from './hmac.ts'
import { single, vouched } from './request.ts'
import type { Sender } from './sender.ts'

export const twitch: Sender = {
  title: 'Twitch',
  scheme: {
    /** dev.twitch.tv, "Handling webhook events": messages older than ten minutes are to be refused. */
    ...hmacScheme({
      header: 'twitch-eventsub-message-signature',
      prefix: 'sha256=',
      signed: '{header:twitch-eventsub-message-id}{timestamp}{body}',
      timestampHeader: 'twitch-eventsub-message-timestamp',
      readTime: rfc3339Time,
      writeTime: (now) => new Date(now).toISOString(),
      toleranceSeconds: 600,
      deliveryId: (request) => vouched(single(request, 'twitch-eventsub-message-id')),
    }),
    ownSecret: true,
    echoes: true,
    /** dev.twitch.tv, "Responding to a challenge request". */
    handshake: (_, request) =>
      single(request, 'twitch-eventsub-message-type') === 'webhook_callback_verification'
        ? textAnswer(memberOfSmall(request, 'challenge'))
        : undefined,
  },
  sample: {
    headers: {
      'twitch-eventsub-message-id': 'befa7b53-d79d-478f-86b9-120f112b044e',
      'twitch-eventsub-message-type': 'notification',
    },
    body: { subscription: { type: 'stream.online' }, event: { broadcaster_user_name: 'alice' } },
  },
}
