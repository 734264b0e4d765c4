import { isSecret } from '../auth/secrets.ts'
import { queryOf, textAnswer } from './answer.ts'
import { hmacScheme } from './hmac.ts'
import type { Sender } from './sender.ts'

export const meta: Sender = {
  title: 'Meta (Facebook, WhatsApp, Instagram)',
  scheme: {
    /** developers.facebook.com, "Webhooks: validating payloads". */
    ...hmacScheme({ header: 'x-hub-signature-256', prefix: 'sha256=' }),
    ownSecret: true,
    options: ['verifyToken'],
    /** developers.facebook.com, "Webhooks: verification requests". Any other GET is a guess at the token. */
    openHandshake: (config, head) => {
      if (head.method !== 'GET') return undefined
      const query = queryOf(head)
      const expected = config.verifyToken === undefined ? config.secrets : [config.verifyToken]
      const known = isSecret(query.get('hub.verify_token') ?? '', expected)
      const answer =
        known && query.get('hub.mode') === 'subscribe' ? textAnswer(query.get('hub.challenge')) : undefined
      return answer ? { kind: 'handshake', answer } : { kind: 'unproven' }
    },
  },
  sample: { headers: {}, body: { object: 'page', entry: [{ id: '0', changes: [{ field: 'feed' }] }] } },
}
