import { rfc3339Time } from '../auth/freshness.ts'
import { memberOfSmall, textAnswer } from './answer.ts'
import { hmacScheme } from './hmac.ts'
import { byWho, firstLine, firstText, given, inWhere, lines, paragraph, textAt } from './preset.ts'
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
  /** dev.twitch.tv, "EventSub reference": the subscription, and what happened in `event`; of an ended subscription why it ended. */
  preset: {
    eventOf: (payload) => textAt(payload, 'subscription.type'),
    derive: (payload) => ({
      who: firstText(
        payload,
        ...['event.user_name', 'event.chatter_user_name', 'event.from_broadcaster_user_name'],
      ),
      where: firstText(payload, 'event.broadcaster_user_name', 'event.to_broadcaster_user_name'),
      title: firstLine(firstText(payload, 'event.title', 'event.reward.title', 'event.reason')),
      text: firstText(payload, 'event.message.text', 'event.message', 'event.user_input'),
      ended: textAt(payload, 'subscription.status').replace(/^enabled$/, ''),
    }),
    messages: {},
    otherwise: {
      template: lines(
        `Twitch: {{event}}{{^event}}an event without a type{{/event}}${given(', subscription ended: ', 'ended')}${inWhere}${byWho}${given(': ', 'title')}`,
        paragraph('text'),
      ),
    },
  },
  sample: {
    headers: {
      'twitch-eventsub-message-id': 'befa7b53-d79d-478f-86b9-120f112b044e',
      'twitch-eventsub-message-type': 'notification',
    },
    body: { subscription: { type: 'stream.online' }, event: { broadcaster_user_name: 'alice' } },
  },
}
