import { whyGuessable } from '../auth/guessable.ts'
import { isSecret } from '../auth/secrets.ts'
import { isObject, type View, type ViewObject } from '../payload/view.ts'
import { queryOf, textAnswer } from './answer.ts'
import { hmacScheme } from './hmac.ts'
import { at, firstFew, firstText, listAt, textAt } from './preset.ts'
import type { Sender } from './sender.ts'
import { wrong } from './unproven.ts'

export const meta: Sender = {
  title: 'Meta (Facebook, WhatsApp, Instagram)',
  scheme: {
    /** developers.facebook.com, "Webhooks: validating payloads". */
    ...hmacScheme({ header: 'x-hub-signature-256', prefix: 'sha256=' }),
    ownSecret: true,
    options: ['verifyToken'],
    flaw: ({ verifyToken }) => {
      const what = verifyToken === undefined ? undefined : whyGuessable(verifyToken)
      return what === undefined
        ? undefined
        : { option: 'verifyToken', what: `${what}; \`postern secret\` makes one` }
    },
    /** developers.facebook.com, "Webhooks: verification requests". What shows none of it is a probe, not a guess. */
    openHandshake: (config, head) => {
      const query = queryOf(head)
      if (head.method !== 'GET' || ![...query.keys()].some((name) => name.startsWith('hub.')))
        return undefined
      const expected = config.verifyToken === undefined ? config.secrets : [config.verifyToken]
      const known = isSecret(query.get('hub.verify_token') ?? '', expected)
      const answer =
        known && query.get('hub.mode') === 'subscribe' ? textAnswer(query.get('hub.challenge')) : undefined
      return answer ? { kind: 'handshake', answer } : wrong('hub.verify_token or hub.challenge is wrong')
    },
  },
  /** developers.facebook.com, "Webhooks: event notifications": 200 or it is sent again. */
  respond: () => ({ status: 200 }),
  /** developers.facebook.com, "messages webhook reference", "Webhooks for Messenger" and "Webhooks for Pages". */
  preset: {
    eventOf: (payload) => (isQuiet(payload) ? 'status' : textAt(payload, 'object')),
    messages: { status: 'a message that was sent is on its way or read' },
    otherwise: {
      template: `Meta, {{event}}{{^event}}an object without a name{{/event}}:{{^shown}} a notification without an entry{{/shown}}
{{#shown}}
- {{what}}{{#who}} from {{who}}{{/who}}{{#text}}: {{text}}{{/text}}
{{/shown}}
{{#more}}
- and {{more}} more
{{/more}}`,
      derive: (payload) => {
        const news = happeningsIn(payload).filter((one) => !one.quiet)
        return firstFew(news, 10)
      },
    },
  },
  sample: { headers: {}, body: { object: 'page', entry: [{ id: '0', changes: [{ field: 'feed' }] }] } },
}

interface Happening extends ViewObject {
  readonly what: string
  /** Of interest to nobody: a message of one's own was sent, delivered or read. */
  readonly quiet: boolean
}

const isQuiet = (payload: View): boolean => {
  const all = happeningsIn(payload)
  return all.length > 0 && all.every(({ quiet }) => quiet)
}

const happeningsIn = (payload: View): readonly Happening[] =>
  listAt(payload, 'entry').flatMap((entry) => [
    ...listAt(entry, 'changes').flatMap(changed),
    ...listAt(entry, 'messaging').map(chatted),
  ])

function changed(change: View): readonly Happening[] {
  const value = at(change, 'value')
  const [messages, statuses] = [listAt(value, 'messages'), listAt(value, 'statuses')]
  const name = textAt(listAt(value, 'contacts')[0] ?? null, 'profile.name')
  if (messages.length + statuses.length > 0)
    return [...messages.map((message) => written(message, name)), ...statuses.map(reported)]
  return [
    {
      what: joined(' ', textAt(change, 'field') || 'a change', textAt(value, 'item'), textAt(value, 'verb')),
      who: firstText(value, 'from.name', 'from.username'),
      text: firstText(value, 'message', 'text', 'event'),
      quiet: false,
    },
  ]
}

const written = (message: View, name: string): Happening => ({
  what: textAt(message, 'type') || 'message',
  who: joined(', ', name, textAt(message, 'from')),
  text: firstText(
    message,
    ...['text.body', 'button.text', 'interactive.button_reply.title', 'interactive.list_reply.title'],
    ...['image.caption', 'video.caption', 'document.caption', 'reaction.emoji'],
  ),
  quiet: false,
})

const reported = (status: View): Happening => ({
  what: joined(' ', 'message to', textAt(status, 'recipient_id') || 'somebody', textAt(status, 'status')),
  text: firstText(listAt(status, 'errors')[0] ?? null, 'message', 'title'),
  quiet: ['sent', 'delivered', 'read'].includes(textAt(status, 'status')),
})

/** Messenger and Instagram. What a page sent itself comes back as an echo. */
function chatted(chat: View): Happening {
  const kinds = Object.keys(isObject(chat) ? chat : {})
  const what = kinds.find((kind) => !['sender', 'recipient', 'timestamp'].includes(kind)) ?? 'message'
  return {
    what,
    who: textAt(chat, 'sender.id'),
    text: firstText(chat, 'message.text', 'postback.title', 'postback.payload', 'reaction.emoji'),
    quiet: ['delivery', 'read'].includes(what) || at(chat, 'message.is_echo') === true,
  }
}

const joined = (between: string, ...parts: readonly string[]): string =>
  parts.filter((part) => part !== '').join(between)
