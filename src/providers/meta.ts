import { whyGuessable } from '../auth/guessable.ts'
import { isSecret } from '../auth/secrets.ts'
import { queryOf, textAnswer } from './answer.ts'
import { hmacScheme } from './hmac.ts'
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
  sample: { headers: {}, body: { object: 'page', entry: [{ id: '0', changes: [{ field: 'feed' }] }] } },
}
