import { bareTypeOf } from '../payload/text.ts'
import type { View } from '../payload/view.ts'
import { emptyAnswer, memberOfSmall, passedOn, textAnswer } from './answer.ts'
import { hmacScheme } from './hmac.ts'
import { namedInBody } from './named-in-body.ts'
import { byWho, firstText, given, line, lines, listAt, textAt } from './preset.ts'
import { type SignedRequest, vouched } from './request.ts'
import type { Message, Preset, Sender } from './sender.ts'

const said: Message = {
  template: lines(
    `{{who}}{{^who}}Somebody{{/who}} wrote in Slack${given(', ', 'channel')}:`,
    line('text'),
    line('files', 'Files: '),
  ),
  // An agent that answers in Slack would hear itself.
  only: {
    not: {
      any: [
        { path: 'event.bot_id', exists: true },
        { path: 'event.subtype', in: ['bot_message', 'message_changed', 'message_deleted'] },
      ],
    },
  },
}

const reaction = 'a reaction calls for nothing to be done'

/** docs.slack.dev: events of the Events API, slash commands (forms), and interactions. */
const slackPreset: Preset = {
  eventOf: (payload) =>
    textAt(payload, 'command') !== ''
      ? 'slash command'
      : textAt(payload, 'event.type') || textAt(payload, 'type'),
  derive: (payload) => ({
    who: firstText(payload, 'user_name', 'event.user', 'user.username', 'user.name', 'user.id'),
    channel: channelOf(payload),
    text: firstText(payload, 'text', 'event.text'),
    files: listAt(payload, 'event.files')
      .map((file) => textAt(file, 'name'))
      .filter((name) => name !== '')
      .slice(0, 10)
      .join(', '),
  }),
  messages: {
    app_mention: said,
    message: said,
    reaction_added: reaction,
    reaction_removed: reaction,
    'slash command': {
      template: `{{who}}{{^who}}Somebody{{/who}} called {{command}} in Slack${given(', ', 'channel')}{{#text}}:\n{{text}}{{/text}}`,
    },
  },
  otherwise: {
    template: lines(
      `Slack: {{event}}{{^event}}an event without a type{{/event}}${given(' in ', 'channel')}${byWho}${given(': ', 'actions.0.action_id')}`,
      line('text'),
    ),
  },
}

function channelOf(payload: View): string {
  const name = firstText(payload, 'channel_name', 'channel.name', 'event.channel.name')
  return name === '' ? firstText(payload, 'event.channel', 'event.item.channel') : `#${name}`
}

export const slack: Sender = {
  title: 'Slack',
  scheme: {
    /** docs.slack.dev, "Verifying requests from Slack". */
    ...hmacScheme({
      header: 'x-slack-signature',
      prefix: 'v0=',
      signed: 'v0:{timestamp}:{body}',
      timestampHeader: 'x-slack-request-timestamp',
    }),
    inspect: namedInBody((_, id) => vouched(id), 'event_id'),
    ownSecret: true,
    echoes: true,
    /** docs.slack.dev, "url_verification"; of commands, "SSL checks". */
    handshake: (_, request) => {
      if (isSslCheck(request)) return emptyAnswer(200)
      return memberOfSmall(request, 'type') === 'url_verification'
        ? textAnswer(memberOfSmall(request, 'challenge'))
        : undefined
    },
  },
  /** docs.slack.dev: a slash command shows what it is answered; other interactions take nothing but an empty 200. */
  respond: (payload) => {
    if (textAt(payload, 'command') !== '')
      return {
        ...{ status: 200, contentType: 'application/json' },
        body: `{"response_type":"ephemeral","text":"${passedOn}"}`,
      }
    return ['', 'event_callback'].includes(textAt(payload, 'type'))
      ? { status: 200 }
      : { status: 200, body: '' }
  },
  preset: slackPreset,
  sample: {
    headers: {},
    body: { type: 'event_callback', event_id: 'Ev0PV52K21', event: { type: 'app_mention', text: 'Hello' } },
  },
}

const isSslCheck = ({ header, rawBody }: SignedRequest): boolean =>
  bareTypeOf(header('content-type') ?? '') === 'application/x-www-form-urlencoded' &&
  rawBody.length <= longestCheck &&
  new URLSearchParams(Buffer.from(rawBody).toString()).get('ssl_check') === '1'

const longestCheck = 1024
