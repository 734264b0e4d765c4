import { queryOf, textAnswer } from './answer.ts'
import { hmacScheme } from './hmac.ts'
import { firstFew, listAt } from './preset.ts'
import type { Sender } from './sender.ts'

export const dropbox: Sender = {
  title: 'Dropbox',
  scheme: {
    /** dropbox.com/developers, "Webhooks". */
    ...hmacScheme({ header: 'x-dropbox-signature' }),
    ownSecret: true,
    /** dropbox.com/developers, "The verification request". */
    openHandshake: (_, head) => {
      const answer = head.method === 'GET' ? textAnswer(queryOf(head).get('challenge')) : undefined
      return answer && { kind: 'handshake', answer }
    },
  },
  /** dropbox.com/developers, "Receiving notifications": whose files changed, and not which. */
  preset: {
    eventOf: () => 'list_folder',
    messages: {},
    otherwise: {
      about: 'list_folder',
      template: `Dropbox: files changed; list_folder/continue lists them.
{{#shown}}
- {{.}}
{{/shown}}
{{#more}}
- and {{more}} more accounts
{{/more}}`,
      derive: (payload) => firstFew(listAt(payload, 'list_folder.accounts'), 10),
    },
  },
  sample: { headers: {}, body: { list_folder: { accounts: ['dbid:AAH4f99'] } } },
}
