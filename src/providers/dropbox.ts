import { queryOf, textAnswer } from './answer.ts'
import { hmacScheme } from './hmac.ts'
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
  sample: { headers: {}, body: { list_folder: { accounts: ['dbid:AAH4f99'] } } },
}
