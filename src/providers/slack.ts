import type { Condition } from '../domain/hook.ts'
import { bareTypeOf } from '../payload/text.ts'
import { isObject, type View } from '../payload/view.ts'
import { emptyAnswer, memberOfSmall, passedOn, textAnswer } from './answer.ts'
import { hmacScheme } from './hmac.ts'
import { namedInBody } from './named-in-body.ts'
import { at, byWho, firstLine, firstText, given, line, lines, namesAt, textAt } from './preset.ts'
import { type SignedRequest, vouched } from './request.ts'
import type { Message, Preset, Sender } from './sender.ts'

/** What people come and go by. */
const comings: Condition = {
  path: 'event.subtype',
  in: ['channel_join', 'channel_leave', 'group_join', 'group_leave'],
}

const posted: Message = {
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
  byDefault: { not: comings },
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
    text: firstText(payload, 'text', 'event.text', 'message.text', 'message.attachments.0.fallback'),
    what: whatOf(payload),
    answers: answersIn(payload),
    files: namesAt(payload, 'event.files', 'name'),
  }),
  messages: {
    app_mention: posted,
    message: posted,
    reaction_added: reaction,
    reaction_removed: reaction,
    app_home_opened: 'somebody only looked at the page of the app',
    block_suggestion: 'Slack only asks for choices while somebody types',
    'slash command': {
      template: `{{who}}{{^who}}Somebody{{/who}} called {{command}} in Slack${given(', ', 'channel')}{{#text}}:\n{{text}}{{/text}}`,
    },
  },
  otherwise: {
    template: lines(
      `Slack: {{event}}{{^event}}an event without a type{{/event}}${given(' in ', 'channel')}${byWho}${given(': ', 'what')}`,
      line('answers'),
      line('text'),
    ),
  },
}

/** What was pressed, with its value, or the name of what was called or filled in. */
function whatOf(payload: View): string {
  const name = firstText(payload, 'actions.0.action_id', 'callback_id', 'view.title.text', 'view.callback_id')
  const value = firstText(payload, 'actions.0.value', 'actions.0.selected_option.value')
  if (name === '' || value === '' || value === name) return name || firstLine(value)
  return `${name} (${firstLine(value)})`
}

/** The fields of a form that somebody filled in: `summary: The shop is down`. */
function answersIn(payload: View): string {
  const blocks = at(payload, 'view.state.values')
  const fields = Object.values(isObject(blocks) ? blocks : {}).flatMap((block) =>
    Object.entries(isObject(block) ? block : {}),
  )
  const answers = fields.map(([name, field]) => [name, firstText(field, ...answerPlaces)] as const)
  return answers
    .filter(([, answer]) => answer !== '')
    .slice(0, 20)
    .map((pair) => pair.join(': '))
    .join('\n')
}

const answerPlaces = [
  ...['value', 'selected_option.value', 'selected_options.0.value', 'selected_user', 'selected_channel'],
  ...['selected_conversation', 'selected_date', 'selected_time'],
]

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
    if (textAt(payload, 'type') === 'block_suggestion')
      return { status: 200, contentType: 'application/json', body: '{"options":[]}' }
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
