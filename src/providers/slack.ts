import { bareTypeOf } from '../payload/text.ts'
import { emptyAnswer, memberOfSmall, passedOn, textAnswer } from './answer.ts'
import { hmacScheme } from './hmac.ts'
import { namedInBody } from './named-in-body.ts'
import { textAt } from './preset.ts'
import { type SignedRequest, vouched } from './request.ts'
import type { Sender } from './sender.ts'

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
