import { fromBase64 } from '../auth/encodings.ts'
import { passedOn } from './answer.ts'
import { hmacScheme } from './hmac.ts'
import { namedInBody } from './named-in-body.ts'
import { textAt } from './preset.ts'
import { claimed } from './request.ts'
import type { Sender } from './sender.ts'

/** learn.microsoft.com, "Create an outgoing webhook": the key is the security token's bytes. */
export const microsoftTeams: Sender = {
  title: 'Microsoft Teams (outgoing webhook)',
  scheme: {
    ...hmacScheme({
      header: 'authorization',
      prefix: 'HMAC ',
      encoding: 'base64',
      keyOf: fromBase64,
    }),
    inspect: namedInBody(claimed, 'id'),
    ownSecret: true,
    key: {
      what: 'the security token as Teams shows it, in base64',
      fits: (secret) => (fromBase64(secret)?.length ?? 0) >= 16,
    },
  },
  /** Teams shows what it is answered, and an error where that is no message. */
  respond: () => ({
    ...{ status: 200, contentType: 'application/json' },
    body: `{"type":"message","text":"${passedOn}"}`,
  }),
  preset: {
    eventOf: (payload) => textAt(payload, 'type'),
    messages: {
      message: {
        about: 'text',
        template: '{{from.name}}{{^from.name}}Somebody{{/from.name}} wrote in Microsoft Teams:\n{{request}}',
        derive: (payload) => ({ request: withoutMentions(textAt(payload, 'text')) }),
      },
    },
    otherwise: {
      template:
        'Microsoft Teams: {{event}}{{^event}}an event without a type{{/event}}{{#from.name}} by {{from.name}}{{/from.name}}.',
    },
  },
  sample: {
    headers: {},
    body: { type: 'message', id: '1485983408511', from: { name: 'Alice' }, text: '<at>Agent</at> deploy it' },
  },
}

/** Every message begins with the name of the webhook, which is of no use to who reads it. */
const withoutMentions = (text: string): string =>
  text
    .replace(/<at>[^<]*<\/at>/g, '')
    .replaceAll('&nbsp;', ' ')
    .trim()
